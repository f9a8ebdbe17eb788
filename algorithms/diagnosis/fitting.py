"""How well a text fits a column: a penalty from what most values of the column are like, whatever column it stands in.

Numbers and dates are judged by where they lie, codes by their shape, closed lists by membership; a free text is hardly
judged at all.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping

from pydantic import Field

from state.values import Value

WORST = 6.0
"""Penalty of a text that cannot be a value of the column at all, in units of log likelihood."""

_MISSING = 3.0
_UNLISTED = 4.0
_CLOSED = 60  # different values up to which a list counts as closed
_REPEATS = 5  # rows for each value of a closed list
_FEW_SHAPES = 4
_SHAPED = 0.9  # share of the values that the most frequent shapes of a code must have
_RARE = 0.01
_USUAL = 0.5

Read = Callable[[str], float | None]


class ColumnHabit(Value):
    """What the values of one column are like."""

    name: str
    kind: str  # number | date | closed | code | text
    missing: float  # share of blank values
    middle: float = 0.0
    scale: float = 1.0
    listed: dict[str, float] = Field(default_factory=dict)  # closed: value -> share
    shapes: dict[str, float] = Field(default_factory=dict)  # code: shape -> share
    numeric: float = 0.0  # text: share of values that are numbers


def shape_of(text: str) -> str:
    """Return the shape of a text: digits as 9, letters as a, runs of letters as one; at most 40 characters."""
    return re.sub(r"a+", "a", re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text)))[:40]


def is_number(text: str) -> bool:
    """Whether the text is a plain number."""
    return re.fullmatch(r"[-+]?\d+([.,]\d+)*([eE][-+]?\d+)?", text.strip()) is not None


def learn_habit(
    name: str,
    counts: Mapping[str | None, int],
    level: tuple[float, float, str] | None,
    usual: Mapping[str, float] | None = None,
) -> ColumnHabit:
    """Return the habit of a column from its texts with their rows; None stands for blank.

    `usual` says in what share of the table's parts each text of a list occurs: one that is hardly anywhere is no habit.

    `level` gives middle, scale and "number" or "date" of a column that is read as one.
    """
    rows = sum(counts.values())
    blank = counts.get(None, 0) / max(1, rows)
    if level is not None:
        return ColumnHabit(name=name, kind=level[2], missing=blank, middle=level[0], scale=level[1])
    filled = {text: count for text, count in counts.items() if text is not None}
    total = sum(filled.values())
    if filled and len(filled) <= _CLOSED and total >= _REPEATS * len(filled):
        listed = {text: count / total for text, count in filled.items() if _is_usual(text, filled, usual or {})}
        return ColumnHabit(name=name, kind="closed", missing=blank, listed=listed)
    shapes: Counter[str] = Counter()
    for text, count in filled.items():
        shapes[shape_of(text)] += count
    common = dict(shapes.most_common(_FEW_SHAPES))
    numeric = sum(count for text, count in filled.items() if is_number(text)) / max(1, total)
    if total and sum(common.values()) >= _SHAPED * total and any("9" in shape for shape in common):
        kept = {shape: count / total for shape, count in shapes.items() if count >= _RARE * total}
        return ColumnHabit(name=name, kind="code", missing=blank, shapes=kept, numeric=numeric)
    return ColumnHabit(name=name, kind="text", missing=blank, numeric=numeric)


def _is_usual(text: str, filled: Mapping[str, int], usual: Mapping[str, float]) -> bool:
    if usual:
        return usual.get(text, 0.0) >= _USUAL
    return filled[text] >= _RARE * 10 * max(filled.values())


def penalty(habit: ColumnHabit, text: str | None, read: Read) -> float:
    """Return how badly `text` fits the column: 0 as well as any, `WORST` not at all. `read` turns it into a number."""
    if text is None:
        return 0.0 if habit.missing >= _RARE else _MISSING
    if habit.kind in ("number", "date"):
        value = read(text)
        return WORST if value is None else min(WORST, max(0.0, abs(value - habit.middle) / habit.scale - 2.0))
    if habit.kind == "closed":
        return 0.0 if text in habit.listed else _UNLISTED
    if habit.kind == "code":
        return 0.0 if shape_of(text) in habit.shapes else _UNLISTED
    return _free(habit, text)


def _free(habit: ColumnHabit, text: str) -> float:
    if is_number(text):
        return 0.0 if habit.numeric >= _RARE else _UNLISTED
    dated = re.match(r"\d{4}-\d\d-\d\d", text) is not None
    return _UNLISTED if dated else 0.0
