"""New values of a column that is a list: beyond the contract's list, or beyond what the other rows hold."""

import re
from math import log

import numpy as np
from pydantic import Field
from rapidfuzz.distance import OSA

from algorithms.diagnosis.fitting import is_number
from algorithms.diagnosis.garbling import is_garbled
from algorithms.diagnosis.placeholders import is_token
from state.contract import Column, LogicalType
from state.values import Value
from tools.diagnosis.rows import Rows

_MOST_VALUES = 60
_REPEATS = 5
_CERTAIN = -14.0  # logarithm of the chance that rows of one value lie as close together
_WIDE = 0.7  # share of the rows over which known values are spread: in sorted files none is
_LEAST_ROWS = 5


class NewValues(Value):
    """What is new in one column."""

    values: tuple[str, ...] = ()
    known: dict[str, str] = Field(default_factory=dict)  # a new spelling -> the known value it is like
    rows: int = 0
    among: int = 0  # known values
    certain: float = 0.0  # 1: beyond the contract's list; else how unlikely it is by chance
    plain: float = 0.0  # share of the new values that look like the known ones

    @property
    def crowded(self) -> bool:
        """Whether the new values come again and again."""
        return self.rows >= 2 * len(self.values)


def find_new_values(rows: Rows, column: Column) -> NewValues:
    """Return the values of a column that are new; nothing for a column that is no list."""
    counts = {text: count for text, count in rows.counts[column.name].items() if text is not None and text.strip()}
    if column.valid_values:
        listed = {_plain(str(value)): str(value) for value in column.valid_values}
        new = {text: count for text, count in counts.items() if _plain(text) not in listed and _is_value(text)}
        return _told(new, list(listed.values()), 1.0)
    total = sum(counts.values())
    if column.logical_type is not LogicalType.STRING or not counts or total < _REPEATS * len(counts):
        return NewValues()
    if len(counts) > _MOST_VALUES:
        return NewValues()
    spread = {text: _spread(rows, column.name, text) for text in counts}
    if float(np.median(list(spread.values()))) < _WIDE:
        return NewValues()
    chance = {text: (count - 1) * log(max(spread[text], 1e-9)) for text, count in counts.items()}
    new = {
        text: counts[text]
        for text in counts
        if counts[text] >= _LEAST_ROWS and chance[text] < _CERTAIN and _is_value(text)
    }
    if not new:
        return NewValues()
    weakest = max(chance[text] for text in new)
    return _told(new, [text for text in counts if text not in new], min(1.0, weakest / (2 * _CERTAIN)))


def _spread(rows: Rows, name: str, text: str) -> float:
    """Return over what share of the rows a value is spread, from its first to its last."""
    places = np.flatnonzero(rows.texts[name] == text)
    return float(places[-1] - places[0] + 1) / len(rows) if len(places) else 1.0


def _is_value(text: str) -> bool:
    return not is_token(text) and not is_garbled(text)


def _told(new: dict[str, int], known: list[str], certain: float) -> NewValues:
    ordered = sorted(new, key=lambda text: (-new[text], text))
    looks = {_look(value) for value in known}
    plain = sum(_look(text) in looks for text in ordered) / max(1, len(ordered))
    return NewValues(
        values=tuple(ordered[:200]),
        known=_alike(ordered[:50], known),
        rows=sum(new[text] for text in ordered[:200]),
        among=len(known),
        certain=certain,
        plain=plain,
    )


def _alike(new: list[str], known: list[str]) -> dict[str, str]:
    found = {}
    for text in new:
        nearest = min(known, key=lambda value: OSA.distance(_plain(text), _plain(value)), default="")
        if nearest and len(nearest) > 3 and OSA.distance(_plain(text), _plain(nearest)) <= len(nearest) // 4:  # noqa: PLR2004
            found[text] = nearest
    return found


def _look(text: str) -> str:
    """Return what kind of text it is: a number, a word or words, or something with digits in it."""
    if is_number(text):
        return "number"
    return "word" if not re.search(r"\d", text) else "code"


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
