"""Scores of a repaired table against the right one: detection and repair, with intervals, and by kind of error.

The protocol of the data-cleaning literature (Raha, Baran, HoloClean): cells are compared by position as text; entities
of HTML are unescaped, runs of blanks are one, blanks at the ends do not count, letter case does.
"""

import html
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from algorithms.intervals import wilson
from evals.cleaning.tables import Grid
from evals.protocol import Score
from state.errors import StepError

Flags = NDArray[np.bool_]
_RUN = re.compile(r"[\t\n\r ]+")
_DRAWS = 400
_SEED = 11


class Marks(NamedTuple):
    """What is true of every cell (rows x columns)."""

    wrong: Flags  # in the dirty table
    flagged: Flags
    altered: Flags
    right: Flags  # altered, wrong before, and now right


def mark(dirty: Grid, repaired: Grid, clean: Grid, detected: Sequence[tuple[int, str]]) -> Marks:
    """Return the marks; StepError when the tables have different shapes."""
    before, after, truth = (_normal(grid) for grid in (dirty, repaired, clean))
    if not before.shape == after.shape == truth.shape:
        raise StepError(f"shapes differ: {before.shape} dirty, {after.shape} repaired, {truth.shape} clean")
    wrong, altered = before != truth, after != before
    flagged = np.zeros_like(wrong)
    places = {name: place for place, name in enumerate(dirty.header)}
    for row, name in detected:
        flagged[row, places[name]] = True
    return Marks(wrong, flagged, altered, altered & wrong & (after == truth))


def score_marks(marks: Marks) -> tuple[Score, ...]:
    """Return precision, recall and F1 of detection and of repair."""
    found = marks.flagged & marks.wrong
    return (
        *_three("detection", found, marks.flagged, marks.wrong),
        *_three("repair", marks.right, marks.altered, marks.wrong),
    )


def f1_of(right: int, given: int, wanted: int) -> float:
    """Return the harmonic mean of precision and recall; 1 where nothing was to be done and nothing was done."""
    if not given and not wanted:
        return 1.0
    return 2.0 * right / (given + wanted)


def score_kinds(marks: Marks, kinds: Grid) -> dict[str, Any]:
    """Return a line for each kind of error: how many there are, how many were detected and repaired."""
    names = np.array(kinds.rows, dtype=object).reshape(marks.wrong.shape)
    lines = []
    for name in sorted(set(names[marks.wrong])):
        mine = marks.wrong & (names == name)
        count = int(mine.sum())
        told = [f"{name}: {count} errors"]
        for word, cells in (("detected", marks.flagged & mine), ("repaired", marks.right & mine)):
            low, high = wilson(int(cells.sum()), count)
            told.append(f"{word} {cells.sum() / count:.1%} ({low:.1%} to {high:.1%})")
        lines.append(", ".join(told))
    return {"kinds of errors": lines}


def _three(what: str, right: Flags, given: Flags, wanted: Flags) -> list[Score]:
    hits, flags, errors = int(right.sum()), int(given.sum()), int(wanted.sum())
    precision = hits / flags if flags else float(not errors)
    recall = hits / errors if errors else 1.0
    shares = ((f"{what} precision", precision, hits, flags), (f"{what} recall", recall, hits, errors))
    scores = []
    for name, value, count, total in shares:
        low, high = wilson(count, total)
        scores.append(Score(name=name, value=value, low=low, high=high, n=total, interval="Wilson 95 %"))
    low, high = _bootstrap(*(cells.sum(axis=1).astype(float) for cells in (right, given, wanted)))
    value = f1_of(hits, flags, errors)
    interval = "bootstrap over rows 95 %"
    f1 = Score(name=f"{what} F1", value=value, low=low, high=high, n=int(wanted.size), interval=interval)
    return [*scores, f1]


def _bootstrap(
    right: NDArray[np.float64], given: NDArray[np.float64], wanted: NDArray[np.float64]
) -> tuple[float, float]:
    chance = np.random.default_rng(_SEED)
    drawn = chance.multinomial(right.size, np.full(right.size, 1.0 / right.size), size=_DRAWS).astype(float)
    hits, total = drawn @ right, drawn @ (given + wanted)
    values = np.where(total > 0, 2.0 * hits / np.maximum(total, 1.0), 1.0)
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def plain(text: str) -> str:
    """Return a text as it is compared."""
    return _RUN.sub(" ", html.unescape(text)).strip(" \t\n\r")


def _normal(grid: Grid) -> NDArray[np.object_]:
    known = {text: plain(text) for row in grid.rows for text in row}
    cells = np.empty((len(grid.rows), len(grid.header)), dtype=object)
    for number, row in enumerate(grid.rows):
        cells[number] = [known[text] for text in row]
    return cells
