"""JSON values as text says them: numbers keep every digit, no key stands twice, and every fault has a reason.

Owns reading one value and writing one back. What stricter readers refuse is read where nothing is lost by it: `NaN`
and `Infinity`, which many programs write, are numbers spelled that way.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

MAX_NESTING = 200
"""Levels of objects and arrays in one record; a record with more is a reject."""

_NESTED = f"is nested deeper than {MAX_NESTING} levels"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Number(str):
    """A number with a fraction or an exponent as it is spelled; whole numbers are `int`, which keeps their digits."""

    __slots__ = ()


class JsonFault(Exception):  # noqa: N818  not an error of the run: it becomes the reason of a reject
    """A text that is no JSON value; `reason` is a sentence without a subject."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def read_value(text: str, start: int = 0) -> tuple[object, int]:
    """Return the value that begins at `start` and where it ends; JsonFault when there is none."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, " if "\n" in text[start : error.pos] else ""
        raise JsonFault(f"broken JSON at {place}character {error.pos - start + 1}: {error.msg}") from error
    except RecursionError as error:
        raise JsonFault(_NESTED) from error
    except ValueError as error:  # Python reads no whole number beyond its own limit
        raise JsonFault(f"broken JSON: {error}") from error
    if text.count("{", start, end) + text.count("[", start, end) > MAX_NESTING and _nesting(value) > MAX_NESTING:
        raise JsonFault(_NESTED)
    if _SURROGATE.search(text, start, end):
        _check_text(value)
    return value, end


def read_line(line: str) -> object:
    """Return the one value that a line is, blanks around it apart; JsonFault when it is none or more than one."""
    text = line.strip(" \t\r\n")
    value, end = read_value(text)
    if end != len(text):
        raise JsonFault(f"text follows the JSON value at character {end + 1}")
    return value


def write_value(value: object) -> str:
    """Return a value as compact JSON, its keys in their order and its numbers as they were spelled."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_quoted(key)}:{write_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(map(write_value, value)) + "]"
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "true" if value else "false"
    return str(value)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for position, key in enumerate(keys) if key in keys[:position])
        raise JsonFault(f"the key {twice!r} stands twice in one object")
    return found


def _nesting(value: object) -> int:
    """Return the levels of objects and arrays of a value."""
    level, deepest = [value], 0
    while level := [each for each in level if isinstance(each, (dict, list))]:
        deepest += 1
        level = [item for each in level for item in (each.values() if isinstance(each, dict) else each)]
    return deepest


def _check_text(value: object) -> None:
    """Refuse half a surrogate pair: it is no character, and no file could hold it."""
    try:
        write_value(value).encode()
    except UnicodeEncodeError as error:
        code = ord(error.object[error.start])
        raise JsonFault(f"holds \\u{code:04x}, half a surrogate pair, which is no character") from error


_quoted: Final = json.JSONEncoder(ensure_ascii=False).encode
_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_float=Number, parse_constant=Number, strict=True)
