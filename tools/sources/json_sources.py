"""JSON files: which kind a file is, the sources in a document, and their records.

How many records there are is counted a second time, by `tools/sources/json_scan.py`.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from state.errors import SourceError
from state.sources import Kind, SourceFile, Wanted
from tools.sources.careful import Batch
from tools.sources.damage import NO_UTF8, is_damaged, show_damage
from tools.sources.described import Described
from tools.sources.json_choice import choose_arrays
from tools.sources.json_document import Candidate, Elements, Layout, Piece, lay_out, read_document, sequence
from tools.sources.json_lines import as_record, find_columns
from tools.sources.json_scan import count_documents, count_elements
from tools.sources.json_values import JsonFault
from tools.sources.paths import Asked, Columns, Flattener, asked_tree, row_maker
from tools.sources.prescan import BOM, Scan
from tools.sources.rejects import make_reject

_SAMPLE_LINES = 20
_SAMPLE_CHARACTERS = 1 << 22
_ROWS = 4096  # of one batch
_LINE_END = re.compile(r"\r\n?|\n")
_SHOWN = 5


def describe_json(path: Path, name: str, scan: Scan, wanted: Wanted) -> Iterator[Described]:
    """Yield the sources of a JSON file; SourceError when it holds nothing that could be a record."""
    if _json_kind(path, name) is Kind.JSON_LINES:
        columns = find_columns(path, asked_tree(wanted))
        yield Described(Kind.JSON_LINES, columns, scan.lines, "one object a line", blank_lines=scan.blank_lines)
        return
    text, asked = read_document(path), asked_tree(wanted)
    layout = lay_out(text)
    if not text.strip():
        yield Described(Kind.JSON, (), 0, "an empty document")
        return
    if layout.top == "other":
        raise SourceError("is no JSON document: it begins with neither [ nor {", where=name, hint="check the file")
    arrays = choose_arrays(layout, wanted)
    if not arrays:
        counted = count_documents(path) if layout.top == "sequence" else 1
        yield _described(text, _pieces(text, layout, None), counted, asked, "one record a document")
    for array in arrays:
        offset = len(text[: array.start].encode(errors="surrogateescape")) + len(BOM) * scan.bom
        found = _described(text, _pieces(text, layout, array), count_elements(path, offset), asked, "")
        beside = _beside(layout, arrays)
        yield found._replace(
            part=array.address,
            label=f"#{array.address}" if len(arrays) > 1 else "",
            evidence=f"the elements of the array {array.address or 'that the document is'}",
            warnings=(*found.warnings, *([f"beside the records it holds {_list(beside)}: not read"] * bool(beside))),
        )


def read_json(file: SourceFile, wanted: Wanted) -> Iterator[Batch]:
    """Yield the records of one source of a document, laid flat in the order of its header."""
    text = read_document(Path(file.text_path))
    layout = lay_out(text)
    array = next((each for each in layout.candidates if each.address == file.part), None)
    flatten, lay, batch = Flattener(asked_tree(wanted)).flatten, row_maker(file.header), Batch()
    for number, (line, piece) in enumerate(_placed(text, _pieces(text, layout, array)), 1):
        place = number if file.numbered else line
        record = _record(text, piece)
        if isinstance(record, dict):
            batch.rows.append(lay(flatten(record)))
            batch.starts.append(place)
        else:
            batch.rejects.append(make_reject(place, 1, show_damage(text[piece.start : piece.end]), record))
        if len(batch.starts) + len(batch.rejects) >= _ROWS:
            yield _closed(batch)
            batch = Batch()
    yield _closed(batch)


def _json_kind(path: Path, name: str) -> Kind:
    """Return whether the file holds an object a line or a document: by its first lines, what most of them are."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as handle:
        lines = [text for line in handle.readlines(_SAMPLE_CHARACTERS) if (text := line.strip())][:_SAMPLE_LINES]
    whole = sum(line.startswith("{") and line.endswith("}") for line in lines)
    # A document may be one line, too; then its name says what it is.
    called = name.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson"))
    enough = 1 if called else max(2, len(lines) / 2)
    return Kind.JSON_LINES if whole >= enough else Kind.JSON


def _closed(batch: Batch) -> Batch:
    batch.record_lines = len(batch.rows)
    return batch


def _described(text: str, pieces: Iterable[Piece], counted: int | None, asked: Asked, evidence: str) -> Described:
    columns = Columns(asked)
    total = broken = last = 0
    numbered = False
    for line, piece in _placed(text, pieces):
        total += 1
        numbered, last = numbered or line == last, line
        record = _record(text, piece)
        broken += bool(piece.fault)
        if isinstance(record, dict):
            columns.add(record)
    warnings = list[str]()
    if counted is None or (broken and counted != total):
        # Where brackets do not close, nothing but the reader can tell how many elements there are.
        warnings.append(f"is damaged: its brackets do not close; {total} pieces are told apart, {broken} are broken")
        counted = total
    return Described(Kind.JSON, columns.names(), counted, evidence, numbered=numbered, warnings=tuple(warnings))


def _pieces(text: str, layout: Layout, array: Candidate | None) -> Iterable[Piece]:
    if array is not None:
        return Elements(text, array.start)
    pieces = sequence(text)
    return pieces if layout.top == "sequence" else [next(iter(pieces))]


def _placed(text: str, pieces: Iterable[Piece]) -> Iterator[tuple[int, Piece]]:
    """Yield the pieces with the physical line on which each begins."""
    line, at = 1, 0
    plain = "\r" not in text
    for piece in pieces:
        between = text.count("\n", at, piece.start) if plain else len(_LINE_END.findall(text, at, piece.start))
        line, at = line + between, piece.start
        yield line, piece


def _record(text: str, piece: Piece) -> dict[str, object] | str:
    """Return the record that a piece is, or why it is none."""
    if is_damaged(text[piece.start : piece.end]):
        return NO_UTF8
    try:
        return piece.fault or as_record(piece.value)
    except JsonFault as fault:
        return fault.reason


def _beside(layout: Layout, arrays: tuple[Candidate, ...]) -> tuple[str, ...]:
    others = [each.address for each in layout.candidates if each not in arrays]
    return (*layout.members, *others) if layout.top == "object" else ()


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
