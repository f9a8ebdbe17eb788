"""JSON documents: where the records stand in one, and reading them one by one so that a broken one costs no other.

A document is an array of records, an object with arrays of records somewhere within its objects, or a record itself;
documents may follow each other in one file. Arrays with at least one object among their first elements are candidates;
`json_choice` says which of them are the records.
"""

import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from tools.sources.json_values import JsonFault, read_value
from tools.sources.paths import Asked, Columns, step_to

_BLANK = re.compile(r"[ \t\r\n]*")
_MARK = re.compile(r'["{}\[\],]')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NEXT_RECORD = re.compile(r",?[ \t]*\r?\n[ \t]*(?=\{)|(?<=\}),[ \t]*(?=\{)")
_CLOSING = {"{": "}", "[": "]"}
_LONGEST_BROKEN = 1 << 20  # characters in which the brackets of a broken element must close
_LEVELS = 4  # of objects in which arrays are looked for
_FIRST = 20  # elements that tell whether an array holds records


class Piece(NamedTuple):
    """One element as it stands in the text; `fault` says why it has no value."""

    start: int
    end: int
    value: object
    fault: str = ""


class Candidate(NamedTuple):
    """An array at an address (empty: the document itself) that may hold the records, and the keys of its objects."""

    address: str
    start: int  # of its bracket in the text
    keys: frozenset[str]


class Layout(NamedTuple):
    """What a document is made of."""

    top: str  # "array", "object", "sequence" or "other"
    candidates: tuple[Candidate, ...]
    members: tuple[str, ...]  # addresses of what the outermost object holds, without what is in the candidates


def read_document(path: Path) -> str:
    """Return the text of a document; bytes that are no UTF-8 are kept as surrogates."""
    return path.read_text(encoding="utf-8-sig", errors="surrogateescape")


def lay_out(text: str) -> Layout:
    """Return the layout of a document."""
    start = _skip_blanks(text, 0)
    if text.startswith("[", start):
        return Layout("array", (_candidate("", Elements(text, start)) or Candidate("", start, frozenset()),), ())
    if not text.startswith("{", start):
        return Layout("other", (), ())
    search = _Search(text)
    end = search.look(start)
    if end is not None and _skip_blanks(text, end) < len(text):
        return Layout("sequence", (), ())
    return Layout("object", tuple(search.found), tuple(search.members))


class Elements:
    """The elements of the array whose bracket is at `start`, also those that cannot be read; then `end` is known."""

    def __init__(self, text: str, start: int) -> None:
        self.text, self.start, self.end = text, start, len(text)

    def __iter__(self) -> Iterator[Piece]:
        text, at = self.text, _skip_blanks(self.text, self.start + 1)
        more = at < len(text) and text[at] != "]"
        while more:
            piece = _piece(text, at)
            yield piece
            at = _skip_blanks(text, piece.end)
            comma = text.startswith(",", at)
            # Behind an element that cannot be read, a comma may be what is missing.
            more = at < len(text) and (comma or (bool(piece.fault) and text[at] != "]"))
            if more:
                at = _skip_blanks(text, at + comma) if comma or at > piece.start else piece.start + 1
        self.end = min(len(text), at + 1)


def sequence(text: str) -> Iterator[Piece]:
    """Yield the documents that follow each other in one text."""
    at = _skip_blanks(text, 0)
    while at < len(text):
        piece = _piece(text, at)
        yield piece
        at = _skip_blanks(text, max(piece.end, at + 1))


def _candidate(address: str, array: Elements) -> Candidate | None:
    """Return the array as a candidate; None when its first elements hold no object."""
    columns, objects = Columns(Asked()), 0
    for piece in islice(array, _FIRST):
        if isinstance(piece.value, dict):
            objects += 1
            columns.add(piece.value)
    return Candidate(address, array.start, frozenset(columns.names())) if objects else None


class _Search:
    """Looks through the members of objects for arrays of records."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Candidate] = []
        self.members: list[str] = []

    def look(self, start: int, prefix: str = "", levels: int = _LEVELS) -> int | None:
        """Look into the object at `start`; return where it ends, None when its grammar is broken before."""
        at = _skip_blanks(self.text, start + 1)
        while at < len(self.text) and self.text[at] != "}":
            try:
                after = self._member(at, prefix, levels)
            except JsonFault:
                return None
            if after is None:
                return None
            at = _skip_blanks(self.text, after)
            if self.text.startswith(",", at):
                at = _skip_blanks(self.text, at + 1)
        return at + 1 if at < len(self.text) else None

    def _member(self, at: int, prefix: str, levels: int) -> int | None:
        key, end = read_value(self.text, at)
        colon = _skip_blanks(self.text, end)
        if not isinstance(key, str) or not self.text.startswith(":", colon):
            return None
        at, address = _skip_blanks(self.text, colon + 1), step_to(prefix, key)
        if self.text.startswith("{", at) and levels:
            return self.look(at, address, levels - 1)
        if self.text.startswith("[", at):
            return self._array(at, address)
        self.members.append(address)
        return read_value(self.text, at)[1]

    def _array(self, at: int, address: str) -> int:
        array = Elements(self.text, at)
        candidate = _candidate(address, array)
        if candidate:
            self.found.append(candidate)
        else:
            self.members.append(address)
        deque(array, 0)
        return array.end


def _skip_blanks(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _piece(text: str, at: int) -> Piece:
    try:
        value, end = read_value(text, at)
    except JsonFault as fault:
        return Piece(at, _end_of_broken(text, at), None, fault.reason)
    after = _skip_blanks(text, end)
    if after < len(text) and text[after] not in ",]}{":
        return Piece(at, _end_of_broken(text, at), None, f"text follows the value: {text[after : after + 20]!r}")
    return Piece(at, end, value)


def _end_of_broken(text: str, start: int) -> int:
    """Return where an element ends that cannot be read: by its brackets, else before the next line that opens one."""
    at, opened = start, list[str]()
    while mark := _MARK.search(text, at, start + _LONGEST_BROKEN):
        sign, at = mark[0], mark.end()
        if sign == '"':
            string = _STRING.match(text, mark.start())
            if string is None:
                break
            at = string.end()
        elif sign in _CLOSING:
            opened.append(_CLOSING[sign])
        elif not opened:
            return mark.start()
        elif sign != "," and opened.pop() != sign:
            break
    following = _NEXT_RECORD.search(text, start + 1)
    return following.start() if following else len(text.rstrip())
