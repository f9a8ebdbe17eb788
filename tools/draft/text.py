"""A draft as YAML text with its notes as comments; values of data cannot leave the comment they stand in."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from state.draft import Draft

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[ ./-][A-Za-z0-9_]+)*")
_WORDS_OF_YAML = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_LONGEST_NOTE = 240
_EXACT = 1e15  # below it a whole number is written without a point
_HEAD = (
    "A first draft, inferred from files: read it before you rely on it. What stands behind a # is what was seen in",
    "the files; a rule is written only where enough rows without exception support it.",
)


def draft_text(draft: Draft) -> str:
    """Return the draft as YAML that the project's own reader reads without a warning."""
    lines = [f"# {line}" for line in _HEAD]
    lines += [f"# {_comment(warning)}" for warning in draft.warnings]
    _mapping(draft.contract, "", 0, draft.notes, lines)
    return "\n".join(lines) + "\n"


def _mapping(content: Mapping[str, Any], place: str, depth: int, notes: Mapping[str, str], lines: list[str]) -> None:
    """Write a mapping; the first key of one in a list follows the dash that stands in the last line."""
    for key, value in content.items():
        at = f"{place}/{key}" if place else key
        note = f"  # {_comment(notes[at])}" if at in notes else ""
        head = f"{'  ' * depth}{key}:"
        if isinstance(value, dict) and value:
            lines.append(head + note)
            _mapping(value, at, depth + 1, notes, lines)
        elif isinstance(value, (list, tuple)) and any(isinstance(item, dict) for item in value):
            lines.append(head + note)
            lines += _remarks(notes, at, depth + 1)
            _items(value, at, depth + 1, notes, lines)
        elif isinstance(value, (list, tuple)) and len(_flow(value)) + len(head) > 110:  # noqa: PLR2004  width of a line
            lines.append(head + note)
            lines += [f"{'  ' * (depth + 1)}- {_scalar(item)}" for item in value]
        else:
            lines.append(f"{head} {_flow(value) if isinstance(value, (list, tuple)) else _scalar(value)}{note}")


def _items(items: Sequence[Any], place: str, depth: int, notes: Mapping[str, str], lines: list[str]) -> None:
    for position, item in enumerate(items):
        at = f"{place}/{position}"
        lines += _remarks(notes, at, depth)
        start = len(lines)
        _mapping(item, at, depth + 1, notes, lines)
        lines[start] = f"{'  ' * depth}- {lines[start].lstrip()}"


def _remarks(notes: Mapping[str, str], place: str, depth: int) -> list[str]:
    told = notes.get(f"{place}/#", "")
    return [f"{'  ' * depth}# {_comment(line)}" for line in told.split("\n") if line.strip()]


def _flow(items: Sequence[Any]) -> str:
    return f"[{', '.join(map(_scalar, items))}]"


def _scalar(value: object) -> str:
    """Return one value as YAML that reads back as the same value."""
    if isinstance(value, str) and not (_PLAIN.fullmatch(value) and value.casefold() not in _WORDS_OF_YAML):
        quoted: str = yaml.safe_dump(value, default_style='"', allow_unicode=True, width=2**20)
        return quoted.strip()
    if isinstance(value, bool):
        return str(value).lower()
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    """Return a number that YAML 1.1 reads as one: with a point before the exponent."""
    if value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    digits, mark, power = repr(value).partition("e")
    return f"{digits}{'' if '.' in digits else '.0'}{mark}{power}"


def _comment(text: str) -> str:
    """Return text for a comment: one line, nothing but printable characters."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(line.split())
    return line if len(line) <= _LONGEST_NOTE else line[: _LONGEST_NOTE - 1] + "…"
