"""What a header calls its columns, and what makes it doubtful. Guesses nothing: a doubt becomes a warning."""

import re
from collections.abc import Sequence

from tools.sources.dialect import Cut
from tools.sources.records import LINE_ENDS, parse_line

_DATA = re.compile(r"[+-]?\d+([.,]\d+)?|\d{4}-\d{2}-\d{2}([T ][\d:.]+(Z|[+-]\d{2}:?\d{2})?)?")
_CUTTING = (",", ";", "\t", "|")
_SHOWN = 5  # fields or names in a warning
_SHOWN_CHARACTERS = 40  # of a field


def unique_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return the header's names without blanks around them, unique: "name", "name_1"; a blank one is "column_3"."""
    names: list[str] = []
    taken = {name.strip() for name in header}
    for position, raw in enumerate(header, 1):
        name = stem = raw.strip() or f"column_{position}"
        number = 0
        while name in names or (number and name in taken):
            number += 1
            name = f"{stem}_{number}"
        names.append(name)
    return tuple(names)


def header_doubts(fields: Sequence[str], line: int, following: Sequence[str], cut: Cut) -> list[str]:
    """Return what is odd about the header `fields` on physical line `line`; `following` are lines behind it."""
    doubts: list[str] = []
    if any(_DATA.fullmatch(field.strip()) for field in fields) or (len(fields) == 1 and _wider(following, cut)):
        shown = _list([repr(field[:_SHOWN_CHARACTERS]) for field in fields])
        doubts.append(f"line {line} does not look like a header: {shown}; its values become column names")
    return doubts + _repeated(fields)


def _wider(following: Sequence[str], cut: Cut) -> bool:
    """Whether a delimiter cuts most lines into one number of fields above one, though it does not cut the header."""
    lines = [line for line in following if line.strip(LINE_ENDS)]
    return any(_agreeing(lines, delimiter, cut.quote) > len(lines) / 2 for delimiter in _CUTTING)


def _agreeing(lines: Sequence[str], delimiter: str, quote: str) -> int:
    widths: dict[int, int] = {}
    for line in lines:
        fields = parse_line(line, delimiter, quote).fields
        # A comma with a blank behind it is one of a sentence, or of "Smith, John".
        if len(fields) > 1 and not all(field.startswith(" ") for field in fields[1:]):
            widths[len(fields)] = widths.get(len(fields), 0) + 1
    return max(widths.values(), default=0)


def _repeated(fields: Sequence[str]) -> list[str]:
    """Return a sentence for each name that the header has more than once."""
    called: dict[str, list[str]] = {}
    for field, name in zip(fields, unique_names(fields), strict=True):
        if field.strip():
            called.setdefault(field.strip(), []).append(name)
    repeated = {raw: names[1:] for raw, names in called.items() if len(names) > 1}
    doubts = [
        f"the header has {raw!r} twice; the second is called {names[0]}"
        if len(names) == 1
        else f"the header has {raw!r} {len(names) + 1} times; the later ones are called {_list(names)}"
        for raw, names in list(repeated.items())[:_SHOWN]
    ]
    more = len(repeated) - len(doubts)
    return doubts + [f"the header has {more} more names more than once"] * bool(more)


def _list(words: Sequence[str]) -> str:
    return ", ".join([*words[:_SHOWN], *(["..."] if len(words) > _SHOWN else [])])
