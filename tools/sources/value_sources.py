"""Sources whose values are cut already, as the inventory keeps them: JSON, sheets of workbooks and Parquet files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from state.errors import SourceError
from state.sources import Dialect, Kind, Reading, SourceFile, Wanted
from tools.sources.described import Described
from tools.sources.excel_sources import describe_sheets
from tools.sources.inputs import Input
from tools.sources.json_sources import describe_json
from tools.sources.limits import LandingLimits
from tools.sources.parquet import describe_parquet
from tools.sources.prescan import sha256_of
from tools.sources.text import OpenedText, open_text

SEPARATOR = "\x1f"
"""What values are joined by on their way into the engine; text that holds it gets another one."""

_ALIKE = 0.5  # share of common columns from which JSON files share one list of them


def describe_values(
    given: Input, file_id: int, landing: Path, limits: LandingLimits, wanted: Wanted
) -> Iterator[tuple[SourceFile, tuple[str, ...]]]:
    """Yield the sources of an input, numbered from `file_id`, each with what a person should know of it."""
    text = open_text(given, landing) if given.kind is Kind.JSON else None
    for number, described in enumerate(_describe(given, text, limits, wanted), file_id):
        yield _source(number, given, text, described), _warnings(described, text)


def share_columns(files: Sequence[SourceFile]) -> list[SourceFile]:
    """Give JSON files with mostly the same columns one list of them: a key that a record leaves out is a null."""
    groups: list[dict[str, None]] = []
    member: dict[int, int] = {}
    known: dict[tuple[str, ...], int] = {}
    for file in files:
        if file.kind in {Kind.JSON, Kind.JSON_LINES} and file.header:
            place = known.get(file.header)
            if place is None:
                place = known[file.header] = _group(groups, file.header)
            member[file.file_id] = place
    shared = [tuple(group) for group in groups]
    return [
        file.model_copy(update={"header": shared[member[file.file_id]]}) if file.file_id in member else file
        for file in files
    ]


def check_columns(file: SourceFile, limits: LandingLimits) -> None:
    """Refuse a source with too many columns."""
    if len(file.header) > limits.max_columns:
        nested = file.kind in {Kind.JSON, Kind.JSON_LINES}
        raise SourceError(
            f"has {len(file.header)} columns, more than {limits.max_columns} (limit max_columns)",
            where=file.name,
            hint="give the contract a column of logicalType object for the object with so many keys"
            if nested
            else "split it",
        )


def _describe(given: Input, text: OpenedText | None, limits: LandingLimits, wanted: Wanted) -> Iterator[Described]:
    if text is not None:
        yield from describe_json(text.path, given.name, text.scan, wanted)
    elif given.kind is Kind.EXCEL:
        yield from describe_sheets(given.content, given.name, limits)
    else:
        yield from describe_parquet(given.content, given.name, wanted)


def _source(file_id: int, given: Input, text: OpenedText | None, described: Described) -> SourceFile:
    encoding = text.encoding if text else None
    return SourceFile(
        file_id=file_id,
        path=str(given.path),
        name=given.name + described.label,
        kind=described.kind,
        part=described.part,
        sha256=text.original.sha256 if text and given.packing == "none" else sha256_of(given.path),
        size=given.path.stat().st_size,
        compression=given.packing,
        text_path=str(text.path if text else given.content),
        dialect=Dialect(
            delimiter=SEPARATOR,
            quote="",
            bom=encoding is not None and encoding.bom,
            decoded_from=encoding.codec if encoding and encoding.codec != "utf-8" else "",
            evidence=described.evidence,
        ),
        reading=described.reading if described.lines - described.blank_lines else Reading.EMPTY,
        header=described.header,
        header_lines=described.header_lines,
        lines=described.lines,
        blank_lines=described.blank_lines,
        longest_line=text.scan.longest_line if text else 0,
        damaged=text is not None and not text.scan.utf8,
        numbered=described.numbered,
    )


def _warnings(described: Described, text: OpenedText | None) -> tuple[str, ...]:
    told = list(described.warnings)
    if described.lines == described.blank_lines:
        told.append("holds nothing")
    elif described.lines == described.header_lines + described.blank_lines:
        told.append("holds a header and no record")
    if text and (text.encoding.guessed or not text.scan.utf8):
        told.append(text.encoding.evidence)
    return tuple(told)


def _group(groups: list[dict[str, None]], header: Sequence[str]) -> int:
    """Return the place of the first group that the columns are like, which takes them in; else of a new one."""
    names = set(header)
    for place, group in enumerate(groups):
        common = sum(name in group for name in names)
        if common >= _ALIKE * (len(names) + len(group) - common):
            group.update(dict.fromkeys(header))
            return place
    groups.append(dict.fromkeys(header))
    return len(groups) - 1
