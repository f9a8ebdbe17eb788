"""Files of a run: how each is read, which header variant it has, and its books."""

from enum import StrEnum

from state.values import Value

LINE_BITS = 36
"""A row's id is `file_id << LINE_BITS | line`: unique in a run and ordered by file, then line."""


class Reading(StrEnum):
    """How a file is landed: by the engine's reader or record by record."""

    FAST = "fast"
    CAREFUL = "careful"
    EMPTY = "empty"  # nothing but blank lines


class Dialect(Value):
    """How a text file is cut into fields, and the evidence for it."""

    delimiter: str
    quote: str = '"'
    encoding: str = "utf-8"  # a Python codec name, of `text_path`
    bom: bool = False
    evidence: str = ""
    decoded_from: str = ""  # codec of the file as given, where `text_path` is its copy in UTF-8


class SourceFile(Value):
    """One input file as the prescan saw it; counts are of physical lines."""

    file_id: int  # position in the sorted list of inputs, from 0
    path: str  # absolute
    name: str  # what `_file` shows: relative to the given source
    sha256: str
    size: int  # bytes on disk
    compression: str = "none"  # none | gzip
    text_path: str  # the file that is read: `path`, or its decompressed copy in the workspace
    dialect: Dialect
    reading: Reading
    header: tuple[str, ...]  # unique column names, in order
    header_lines: int  # physical lines up to and with the header
    lines: int  # physical lines, counted independently of any reader
    blank_lines: int
    longest_line: int  # bytes
    line_end: str = "lf"  # lf | crlf | cr | mixed
    open_ends: bool = True  # a line ends with a delimiter or a quote, behind which a reader may drop empty fields
    damaged: bool = False  # UTF-8 but for some bytes: records that hold them become rejects
    stamp: str = ""  # size, time and inode of `text_path` when it was scanned


class Variant(Value):
    """Files that share one list of column names."""

    variant_id: str  # "v001", by first appearance
    columns: tuple[str, ...]
    fingerprint: str
    file_ids: tuple[int, ...]
    header_forms: int  # distinct raw header lines (byte-order mark, quoting, line end) among them


class Inventory(Value):
    """All input files and header variants. Lives in the workspace; state holds a `SourcesRef`."""

    files: tuple[SourceFile, ...]
    variants: tuple[Variant, ...]
    ignored: tuple[str, ...] = ()  # files in given folders that are of no known kind
    warnings: tuple[str, ...] = ()

    def variant(self, variant_id: str) -> Variant:
        """Return the variant with that id; KeyError when there is none."""
        for variant in self.variants:
            if variant.variant_id == variant_id:
                return variant
        raise KeyError(variant_id)


class FileBooks(Value):
    """What became of every physical line of one file.

    The books balance when lines = header_lines + blank_lines + record_lines + reject_lines.
    """

    file_id: int
    name: str
    lines: int
    header_lines: int
    blank_lines: int
    record_lines: int  # physical lines spanned by landed records
    reject_lines: int  # physical lines spanned by rejects
    records: int
    rejects: int

    @property
    def balanced(self) -> bool:
        """Whether every physical line is accounted for."""
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
