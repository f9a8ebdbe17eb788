"""Files of a run: how each is read, which header variant it has, and its books."""

from enum import StrEnum

from state.values import Value

LINE_BITS = 36
"""A row's id is `file_id << LINE_BITS | line`: unique in a run and ordered by file, then line."""


class Kind(StrEnum):
    """What a source is by its content, and with it what its books count as its lines."""

    TEXT = "text"  # delimited fields; physical lines
    JSON_LINES = "json_lines"  # one object a line; physical lines
    JSON = "json"  # a document; elements of its array of records
    EXCEL = "excel"  # one sheet of a workbook; rows up to the last one with a value
    PARQUET = "parquet"  # records


class Reading(StrEnum):
    """How a file is landed."""

    FAST = "fast"  # delimited text by the engine's reader
    CAREFUL = "careful"  # delimited text record by record
    VALUES = "values"  # values that are cut already: JSON, sheets, nested Parquet, files that come back from quarantine
    COLUMNS = "columns"  # Parquet by the engine
    EMPTY = "empty"  # nothing but blank lines, or no record at all


class Dialect(Value):
    """How a text file is cut into fields, and the evidence for it."""

    delimiter: str
    quote: str = '"'
    encoding: str = "utf-8"  # a Python codec name, of `text_path`
    bom: bool = False
    evidence: str = ""
    decoded_from: str = ""  # codec of the file as given, where `text_path` is its copy in UTF-8


class SourceFile(Value):
    """One source as the inventory saw it: a file, or a sheet, member or array in one; `kind` says what a line is."""

    file_id: int  # position in the sorted list of inputs, from 0
    path: str  # absolute
    name: str  # what `_file` shows: relative to the given source; "a.zip/in.csv", "book.xlsx#Sheet"
    kind: Kind = Kind.TEXT
    part: str = ""  # what of the file this is: a sheet, or the address of an array ("data.orders")
    sha256: str  # of the file at `path`
    size: int  # bytes on disk
    compression: str = "none"  # none | gzip | zip
    text_path: str  # the file that is read: `path`, or its decompressed copy in the workspace
    given_path: str = ""  # the same before it was decoded, where `text_path` is a copy in UTF-8
    dialect: Dialect
    reading: Reading
    header: tuple[str, ...]  # unique column names, in order
    header_lines: int  # lines up to and with the header; lines above it are blank or a preamble
    lines: int  # counted independently of any reader
    blank_lines: int
    longest_line: int  # bytes
    line_end: str = "lf"  # lf | crlf | cr | mixed
    open_ends: bool = True  # a line ends with a delimiter or a quote, behind which a reader may drop empty fields
    damaged: bool = False  # UTF-8 but for some bytes: records that hold them become rejects
    numbered: bool = False  # `_line` is the number of the record: Parquet, and JSON with several records on one line
    returned: tuple[str, ...] = ()  # of a quarantine file that comes back: all its columns; `header`: the contract's
    stamp: str = ""  # size, time and inode of `text_path` when it was scanned


class Variant(Value):
    """Files that share one list of column names."""

    variant_id: str  # "v001", by first appearance
    columns: tuple[str, ...]
    fingerprint: str
    file_ids: tuple[int, ...]
    header_forms: int  # distinct raw header lines (byte-order mark, quoting, line end) among them


class Wanted(Value):
    """Addresses of nested values that a contract asks for: `values` of any kind, `whole` of objects as one column."""

    values: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()


class Inventory(Value):
    """All input files and header variants. Lives in the workspace; state holds a `SourcesRef`."""

    files: tuple[SourceFile, ...]
    variants: tuple[Variant, ...]
    ignored: tuple[str, ...] = ()  # files in given folders that are of no known kind
    warnings: tuple[str, ...] = ()
    wanted: Wanted = Wanted()

    def variant(self, variant_id: str) -> Variant:
        """Return the variant with that id; KeyError when there is none."""
        for variant in self.variants:
            if variant.variant_id == variant_id:
                return variant
        raise KeyError(variant_id)


class FileBooks(Value):
    """What became of every line of one source; `Kind` says what a line is: of text physical, of a sheet a row.

    The books balance when lines = header_lines + blank_lines + record_lines + reject_lines.
    """

    file_id: int
    name: str
    lines: int
    header_lines: int
    blank_lines: int
    record_lines: int  # lines spanned by landed records; where a line is a row or an element, one each
    reject_lines: int  # lines spanned by rejects
    records: int
    rejects: int

    @property
    def balanced(self) -> bool:
        """Whether every line is accounted for."""
        return self.lines == self.header_lines + self.blank_lines + self.record_lines + self.reject_lines


class SourcesRef(Value):
    """What state holds of the inputs: where the inventory lies, its hash and the counts per variant."""

    path: str  # of the inventory in the workspace
    sha256: str  # of names and content hashes of all files
    files: int
    lines: int
    records: int
    rejects: int
    variants: int
    landed: bool = True  # False from the scan until every line is landed
