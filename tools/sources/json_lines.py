"""JSON lines: every physical line is one record, an object; what is none is a reject with its text."""

from collections.abc import Iterator
from pathlib import Path

import orjson

from state.sources import SourceFile
from tools.sources.careful import Batch
from tools.sources.damage import NO_UTF8, is_damaged, show_damage
from tools.sources.json_values import JsonFault, read_line
from tools.sources.paths import Asked, Columns, Flattener, row_maker
from tools.sources.rejects import make_reject

_BATCH_CHARACTERS = 4 << 20
_BLANK = " \t\r\n"


def find_columns(path: Path, asked: Asked) -> tuple[str, ...]:
    """Return the addresses of all values of the file, in the order of their first appearance."""
    columns = Columns(asked)
    for lines in _blocks(path):
        for line in lines:
            record = _keys(line)
            if isinstance(record, dict):
                columns.add(record)
    return columns.names()


def read_json_lines(file: SourceFile, asked: Asked) -> Iterator[Batch]:
    """Yield the records of the file, laid flat in the order of its header."""
    flatten, lay, first = Flattener(asked).flatten, row_maker(file.header), 1
    for lines in _blocks(Path(file.text_path)):
        batch = Batch()
        for number, line in enumerate(lines, first):
            if not line.strip(_BLANK):
                batch.blank_lines += 1
                continue
            record = _record(line)
            if isinstance(record, dict):
                batch.rows.append(lay(flatten(record)))
                batch.starts.append(number)
            else:
                batch.rejects.append(make_reject(number, 1, show_damage(line), str(record)))
        batch.record_lines = len(batch.rows)
        first += len(lines)
        yield batch


def as_record(value: object) -> dict[str, object]:
    """Return the value when it is an object; JsonFault says what else it is."""
    if isinstance(value, dict):
        return value
    kind = "an array" if isinstance(value, list) else "a null" if value is None else "a single value"
    raise JsonFault(f"is {kind} where an object is due")


def _keys(line: str) -> object:
    """Return the object of a line for its keys alone: a faster reader, which keeps no digits of numbers, will do."""
    try:
        return orjson.loads(line)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return _record(line)


def _record(line: str) -> dict[str, object] | str:
    """Return the record of a line, or why it is none."""
    if is_damaged(line):
        return NO_UTF8
    try:
        return as_record(read_line(line))
    except JsonFault as fault:
        return fault.reason


def _blocks(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as handle:
        while lines := handle.readlines(_BATCH_CHARACTERS):
            yield lines
