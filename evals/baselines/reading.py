"""How the straight-line pipeline reads a file: encoding and delimiter by the usual tests, then the csv module."""

import codecs
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_DELIMITERS = ",;\t|"


class FileRead(NamedTuple):
    """A file as rows of text with their physical lines, and the lines that have not the header's number of fields."""

    name: str
    header: tuple[str, ...]
    rows: list[tuple[int, list[str]]]
    torn: list[tuple[int, list[str]]]


def read_file(path: Path) -> FileRead:
    """Return a delimited file."""
    text = _decoded(path.read_bytes())
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = tuple(next(reader, []))
    rows: list[tuple[int, list[str]]] = []
    torn: list[tuple[int, list[str]]] = []
    before = reader.line_num
    for fields in reader:
        if fields:
            (rows if len(fields) == len(header) else torn).append((before + 1, fields))
        before = reader.line_num
    return FileRead(path.name, _distinct(header), rows, torn)


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _distinct(header: Sequence[str]) -> tuple[str, ...]:
    """Return the names, a repeated one with its place."""
    return tuple(
        name.strip() if header.index(name) == place else f"{name.strip()}_{place}" for place, name in enumerate(header)
    )
