"""Takes the inventory of a run's inputs: each file's encoding, dialect, header and way of reading, and the variants."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from state.contract import Contract
from state.errors import SourceError
from state.sources import Dialect, Inventory, Kind, Reading, SourceFile, Variant, Wanted
from state.values import Value, digest
from tools.sources.damage import is_damaged, show_damage
from tools.sources.dialect import SAMPLE_CHARACTERS, SAMPLE_LINES, Cut, Memory, sniff_dialect
from tools.sources.find import FoundSources, find_sources
from tools.sources.header import header_doubts, unique_names
from tools.sources.inputs import Input, Opener
from tools.sources.limits import FAST_LINE_BYTES, LandingLimits
from tools.sources.paths import wanted_addresses
from tools.sources.preamble import preamble_lines
from tools.sources.prescan import Scan, sha256_of
from tools.sources.records import LINE_ENDS, MAX_SPAN, parse_record
from tools.sources.returned import mark_returned
from tools.sources.text import OpenedText, open_text
from tools.sources.value_sources import check_columns, describe_values, share_columns

LANDING_FOLDER = "landing"


class ScannedFile(Value):
    """What was found in one input file: its sources numbered from 0, and what a person should know of it."""

    place: int  # among the found files
    files: tuple[SourceFile, ...]
    forms: tuple[str, ...]  # raw header of each
    warnings: tuple[str, ...] = ()


class Asked(Value):
    """What clevercsv said of a header line, and of which file it was asked."""

    place: int
    header: str
    extension: str
    delimiter: str
    quote: str


class ScannedPart(Value):
    """Some of the input files, scanned."""

    scanned: tuple[ScannedFile, ...]
    asked: tuple[Asked, ...] = ()


def take_inventory(
    sources: Sequence[str] | FoundSources,
    workspace: Path,
    limits: LandingLimits = LandingLimits(),  # noqa: B008  a frozen value
    contract: Contract | None = None,
) -> Inventory:
    """Scan all files that `sources` name, or that were found, and group them by header.

    Copies of compressed files and of files that are not UTF-8 are written to `landing/` in `workspace`; doing it again
    overwrites them with the same bytes. A `contract` says which nested values are asked for and which columns a
    quarantine file that comes back has. Raises SourceError for the first file that cannot be landed.
    """
    found = sources if isinstance(sources, FoundSources) else find_inputs(sources, limits)
    wanted = wanted_addresses(contract) if contract else Wanted()
    part = scan_files(found, range(len(found.files)), workspace / LANDING_FOLDER, limits, wanted)
    return put_together(found, (part,), wanted, contract)


def find_inputs(sources: Sequence[str], limits: LandingLimits) -> FoundSources:
    """Return the files that `sources` name; SourceError where they are more than the limit."""
    found = find_sources(sources)
    if len(found.files) > limits.max_files:
        raise SourceError(
            f"{len(found.files)} files are more than {limits.max_files} (limit max_files)", hint="split the run"
        )
    return found


def scan_files(
    found: FoundSources,
    places: Iterable[int],
    landing: Path,
    limits: LandingLimits,
    wanted: Wanted,
    memory: Memory | None = None,
) -> ScannedPart:
    """Scan the found files at these places, in order; copies are written to `landing`.

    `memory` says what clevercsv said of headers of other files.
    """
    landing.mkdir(parents=True, exist_ok=True)
    opener, known, scanned, asked = Opener(landing, limits), dict(memory or {}), list[ScannedFile](), list[Asked]()
    for place in places:
        files, forms, warnings, before = list[SourceFile](), list[str](), list[str](), len(known)
        for given in opener.open(found.files[place]):
            if given.kind is Kind.TEXT:
                opened = OpenedFile(len(files), given, open_text(given, landing), limits)
                files.append(opened.describe(known, warnings))
                forms.append(opened.header_form)
            else:
                described = describe_values(given, len(files), landing, limits, wanted)
                files += _take_values(described, limits, warnings)
                forms += [""] * (len(files) - len(forms))
        each = ScannedFile(place=place, files=tuple(files), forms=tuple(forms), warnings=tuple(warnings))
        scanned.append(each)
        for (header, extension), (delimiter, quote) in islice(known.items(), before, None):
            asked.append(Asked(place=place, header=header, extension=extension, delimiter=delimiter, quote=quote))
    return ScannedPart(scanned=tuple(scanned), asked=tuple(asked))


def put_together(
    found: FoundSources, parts: Iterable[ScannedPart], wanted: Wanted, contract: Contract | None
) -> Inventory:
    """Return the inventory of all parts: files numbered in the order in which they were found, grouped by header."""
    files: list[SourceFile] = []
    forms: dict[int, str] = {}
    warnings: list[str] = []
    for scanned in sorted((each for part in parts for each in part.scanned), key=lambda each: each.place):
        for file, form in zip(scanned.files, scanned.forms, strict=True):
            forms[len(files)] = form
            files.append(file if file.file_id == len(files) else file.model_copy(update={"file_id": len(files)}))
        warnings += scanned.warnings
    files = [mark_returned(file, contract) for file in share_columns(files)]
    return Inventory(
        files=tuple(files),
        variants=_variants(files, forms),
        ignored=found.ignored,
        warnings=tuple(warnings),
        wanted=wanted,
    )


def _take_values(
    described: Iterable[tuple[SourceFile, tuple[str, ...]]], limits: LandingLimits, warnings: list[str]
) -> list[SourceFile]:
    files = []
    for file, told in described:
        check_columns(file, limits)
        warnings += [f"{file.name}: {each}" for each in told]
        files.append(file)
    return files


class OpenedFile:
    """One text file on its way into the inventory."""

    def __init__(self, file_id: int, file: Input, text: OpenedText, limits: LandingLimits) -> None:
        self.file_id, self.file, self.limits = file_id, file, limits
        self.path = file.path
        self.text_path, self.encoding, self.original, self.scan, self.stamp = text
        self.header_form = ""

    def describe(self, memory: Memory, warnings: list[str], known: Cut | None = None) -> SourceFile:
        """Return the file as the inventory keeps it; what a person should know is added to `warnings`.

        How it is cut is found, unless it is `known`.
        """
        blank, head = self._head()
        above = preamble_lines(tuple(map(show_damage, head[:SAMPLE_LINES])))
        if above:
            warnings.append(f"{self.file.name}: {_told_above(head[:above], blank + above + 1)}")
        preamble, head = head[:above], head[above:]
        blank_above = blank + sum(not line.strip(LINE_ENDS) for line in preamble)
        blank += above
        lines = tuple(map(show_damage, head))
        cut = known or sniff_dialect(lines[:SAMPLE_LINES], self._extension(), memory)
        fields, span = self._header(lines, cut, warnings)
        header = unique_names(fields)
        self.header_form = "".join([*(["\ufeff"] if self.encoding.bom else []), *lines[:span]])
        header_lines = blank + span if header else 0
        self._warn(header, header_lines, warnings)
        doubts = header_doubts(fields, blank + 1, lines[span : span + SAMPLE_LINES], cut)
        if any(map(is_damaged, head[:span])):
            doubts.append("the header has bytes that are no UTF-8, shown as \\xNN")
        warnings += [f"{self.file.name}: {doubt}" for doubt in doubts]
        return SourceFile(
            file_id=self.file_id,
            path=str(self.path),
            name=self.file.name,
            sha256=self.original.sha256 if self.file.packing == "none" else sha256_of(self.path),
            size=self.path.stat().st_size,
            compression=self.file.packing,
            text_path=str(self.text_path),
            given_path=str(self.file.content) if self.text_path != self.file.content else "",
            dialect=Dialect(
                delimiter=cut.delimiter,
                quote=cut.quote,
                bom=self.encoding.bom,
                decoded_from=self.encoding.codec if self.encoding.codec != "utf-8" else "",
                evidence=f"{cut.evidence}; {self.encoding.evidence}",
            ),
            reading=Reading.CAREFUL if above else _reading(self.scan, header, cut.quote),
            header=header,
            header_lines=header_lines,
            lines=self.scan.lines,
            blank_lines=self.scan.blank_lines - (blank_above if header else 0),
            longest_line=self.scan.longest_line,
            line_end=self.scan.line_end,
            open_ends=any(byte in self.scan.last_bytes for byte in (ord(cut.delimiter), ord('"'))),
            damaged=not self.scan.utf8,
            stamp=self.stamp,
        )

    def _head(self) -> tuple[int, tuple[str, ...]]:
        """Return the number of blank lines that the text begins with, and the lines of a sample from the header on."""
        with self.text_path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as handle:
            blank, lines = 0, list[str]()
            for line in handle:
                if lines or line.strip(LINE_ENDS):
                    lines.append(line)
                    break
                blank += 1
            size = len(lines[0]) if lines else 0
            for line in islice(handle, MAX_SPAN if size else 0):
                lines.append(line)
                size += len(line)
                if len(lines) >= SAMPLE_LINES and size > SAMPLE_CHARACTERS:
                    break
        return blank, tuple(lines)

    def _header(self, lines: tuple[str, ...], cut: Cut, warnings: list[str]) -> tuple[list[str], int]:
        """Return the fields of the header and the physical lines they span."""
        if not lines:
            return [], 0
        delimiter, quote = cut.delimiter, cut.quote
        parsed = parse_record(lambda index: lines[index] if index < len(lines) else None, delimiter, quote)
        fields, span = parsed.fields, parsed.span
        if parsed.problem:
            warnings.append(f"{self.file.name}: the header is cut at every {delimiter!r}, because {parsed.problem}")
            fields, span = [field.strip(f" {quote}") for field in lines[0].strip(LINE_ENDS).split(delimiter)], 1
        if len(fields) > self.limits.max_columns:
            raise SourceError(
                f"has {len(fields)} columns, more than {self.limits.max_columns} (limit max_columns)",
                where=self.file.name,
                hint="check its delimiter",
            )
        return fields, span

    def _warn(self, header: tuple[str, ...], header_lines: int, warnings: list[str]) -> None:
        if not header:
            warnings.append(f"{self.file.name}: holds nothing" + (" but blank lines" if self.scan.lines else ""))
        elif self.scan.lines == header_lines:
            warnings.append(f"{self.file.name}: holds a header and no record")
        if self.encoding.guessed:
            warnings.append(f"{self.file.name}: {self.encoding.evidence}")
        elif not self.scan.utf8:
            warnings.append(f"{self.file.name}: {self.encoding.evidence}; records that hold them are set aside")

    def _extension(self) -> str:
        name = self.file.name.lower().removesuffix(".gz")
        return Path(name).suffix


def _told_above(lines: Sequence[str], header_line: int) -> str:
    shown = "; ".join(line.strip()[:40] for line in map(show_damage, lines) if line.strip())
    return f"{len(lines)} lines above the header on line {header_line} are no records: {shown!r}"


def _reading(scan: Scan, header: tuple[str, ...], quote: str) -> Reading:
    """Return the way of reading that the bytes allow: the engine's reader only where it is known to be exact."""
    if not header:
        return Reading.EMPTY
    exact = (
        scan.utf8
        and scan.line_end in {"lf", "crlf"}
        and not scan.blank_lines
        and not scan.nul_bytes
        and scan.longest_line <= FAST_LINE_BYTES
    )
    # The engine's reader drops blanks beside quotes, and text between two quoted parts.
    plain = quote == '"' and scan.quotes_even and not scan.spaced_quotes
    return Reading.FAST if exact and plain else Reading.CAREFUL


def _variants(files: Sequence[SourceFile], forms: dict[int, str]) -> tuple[Variant, ...]:
    """Group the files by their column names, in the order in which these appear."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for file in files:
        if file.reading is not Reading.EMPTY:
            groups.setdefault(file.header, []).append(file.file_id)
    return tuple(
        Variant(
            variant_id=f"v{number:03d}",
            columns=columns,
            fingerprint=digest(list(columns)),
            file_ids=tuple(file_ids),
            header_forms=len({forms.get(file_id, "") for file_id in file_ids}),
        )
        for number, (columns, file_ids) in enumerate(groups.items(), 1)
    )
