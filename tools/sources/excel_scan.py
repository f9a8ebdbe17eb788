"""Counts the rows of a sheet from its bytes, with nothing of what reads them: the books of a sheet are checked by it.

It also finds what a reader of rows does not see before their end: merged cells, and what is hidden.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])([^>]*?)(/?)>")
_ROW_END = re.compile(rb"</(?:\w+:)?row\s*>")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v(?:\s[^>]*)?>[^<]|(?:is|f)[\s/>])")
_NUMBER = re.compile(rb"\br=[\"'](\d+)[\"']")
_HIDDEN = re.compile(rb"\bhidden=[\"'](?:1|true)[\"']")
_COLUMN = re.compile(rb"<(?:\w+:)?col\s([^>]*)>")
_SPAN = re.compile(rb"\b(min|max)=[\"'](\d+)[\"']")
_MISSING = re.compile(rb"<(?:\w+:)?v>#N/A</")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Za-z]+)(\d+):([A-Za-z]+)(\d+)[\"']")


@dataclass
class SheetScan:
    """Rows of a sheet: the last one with a value, how many have one, and what stands out."""

    last_row: int = 0
    filled: list[int] = field(default_factory=list)  # numbers of rows with a value
    hidden_rows: int = 0  # with a value
    hidden_columns: int = 0
    missing: int = 0  # cells that show #N/A
    merged: list[tuple[str, int, str, int]] = field(default_factory=list)  # first column and row, last column and row


def scan_sheet(blocks: Iterable[bytes]) -> SheetScan:
    """Return the counts of the sheet whose bytes come in blocks."""
    scan, held, number = SheetScan(), b"", 0
    for block in blocks:
        held += block
        done, held, number = _take_rows(scan, held, number)
        _note_columns(scan, done)
        _note_merged(scan, done)
    _note_columns(scan, held)
    _note_merged(scan, held)
    return scan


def _take_rows(scan: SheetScan, data: bytes, number: int) -> tuple[bytes, bytes, int]:
    """Count the complete rows of the data; return what is done with, what is held back and the last number."""
    at = 0
    for begin in _ROW.finditer(data):
        if begin.start() < at:
            continue
        end = begin if begin[2] else _ROW_END.search(data, begin.end())
        if end is None:
            return data[:at], data[at:], number
        given = _NUMBER.search(begin[1])
        number = int(given[1]) if given else number + 1
        if not begin[2] and _VALUE.search(data, begin.end(), end.start()):
            scan.filled.append(number)
            scan.missing += len(_MISSING.findall(data, begin.end(), end.start()))
            scan.last_row = max(scan.last_row, number)
            scan.hidden_rows += _HIDDEN.search(begin[1]) is not None
        at = end.end()
    # A tag may be cut in two: what follows the last row is held back from its last bracket on.
    cut = max(at, data.rfind(b"<"))
    return data[:cut], data[cut:], number


def _note_columns(scan: SheetScan, data: bytes) -> None:
    for column in _COLUMN.finditer(data):
        if _HIDDEN.search(column[1]):
            span = {name: int(value) for name, value in _SPAN.findall(column[1])}
            scan.hidden_columns += span.get(b"max", 1) - span.get(b"min", 1) + 1


def _note_merged(scan: SheetScan, data: bytes) -> None:
    for first, top, last, bottom in _MERGED.findall(data):
        scan.merged.append((first.decode(), int(top), last.decode(), int(bottom)))
