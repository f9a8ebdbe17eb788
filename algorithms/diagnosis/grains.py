"""Mixed granularity: rows that sum up others, and rows of shorter spans of time among those of longer ones."""

import re

import numpy as np

from algorithms.diagnosis.blocks import Mask, Numbers, Places, blocks, spans
from state.values import Value

_LABEL = re.compile(
    r"(grand|sub|running|over)?[ _-]?(total|sum|summe|subtotal|gesamt|gesamtsumme|insgesamt|all|overall|alle|totaal|"
    r"totale|suma|σύνολο|Σ|∑)s?\b.{0,25}|.{1,30}\b(total|subtotal|gesamt|summe|sum)",
    re.IGNORECASE,
)
_CLOSE = 0.01  # of a sum
_LEAST_GAIN = 10.0
_GRID = 0.95  # share of the dates of most files that lie on the first or last day of a month
_LEAST_STEPS = 3  # different dates on the grid
_LEAST_ROWS = 10  # that keep to it
_DAY = 86_400.0


class SumFit(Value):
    """How well rows are the sums of those before them."""

    rows: int = 0
    matching: float = 0.0  # share of the labelled rows that equal the sum of a run of rows
    larger: float = 0.0  # their middle by that of the other rows


class SpanFit(Value):
    """How well a part speaks of shorter spans than the others."""

    gain: float = 0.0
    grid: float = 0.0  # share of the dates outside the part that lie on the grid
    inside: float = 0.0  # the same inside
    span: str = ""  # "month", "week"


def is_label(text: str) -> bool:
    """Whether a text says that its row sums up others."""
    return _LABEL.fullmatch(text.strip()) is not None


def fit_sums(values: Numbers, labelled: Mask, file: Places) -> SumFit:
    """Return how many labelled rows equal the sum of unlabelled ones of their file.

    Of those since the label before, of those till the next one, of all above, or of all.
    """
    rows = int(labelled.sum())
    if not rows:
        return SumFit()
    matching = 0
    for start, stop in spans(file):
        part, marks = np.nan_to_num(values[start:stop]), np.flatnonzero(labelled[start:stop])
        plain = np.where(labelled[start:stop], 0.0, part)
        before = np.concatenate(([0.0], np.cumsum(plain)))
        edges = [0, *(int(mark) + 1 for mark in marks), stop - start]
        for place, mark in enumerate(marks):
            sums = (
                before[mark] - before[edges[place]],  # of the rows above, up to the label before
                before[edges[place + 2] - 1 if place + 2 < len(edges) else stop - start] - before[mark],  # below
                before[-1],
                before[mark],
            )
            matching += any(abs(part[mark] - each) <= _CLOSE * abs(each) for each in sums if each)
    usual = np.nanmedian(np.abs(values[~labelled])) if (~labelled).any() else np.nan
    larger = float(np.nanmedian(np.abs(values[labelled])) / usual) if usual else 0.0
    return SumFit(rows=rows, matching=matching / rows, larger=0.0 if np.isnan(larger) else larger)


def fit_spans(moments: Numbers, file: Places) -> tuple[SpanFit, Mask]:
    """Return how well a part holds dates off the grid of months, else of weeks, that the other dates keep to.

    Dates of which nearly all lie on the grid of months are no weeks: some of them fall on any day of the week.
    """
    months, known = _by_month(moments), ~np.isnan(moments)
    by_month = _fit(moments, file, "month", months)
    if by_month[0].span or (known.any() and float(months[known].mean()) >= _GRID):
        return by_month
    return _fit(moments, file, "week", _by_week(moments))


def _fit(moments: Numbers, file: Places, span: str, on_grid: Mask) -> tuple[SpanFit, Mask]:
    known = ~np.isnan(moments)
    scores = np.where(known, np.where(on_grid, -2.0, 1.0), 0.0)
    inside, gain = blocks(scores, file, _LEAST_GAIN)
    inside &= known
    outside = known & ~inside
    steps = len(np.unique(_days(moments)[outside])) if outside.any() else 0
    if not inside.any() or steps < _LEAST_STEPS or outside.sum() < _LEAST_ROWS:
        return SpanFit(), np.zeros(len(moments), bool)  # too few others to say what their grid is
    grid = float(on_grid[outside].mean())
    if grid < _GRID:
        return SpanFit(), np.zeros(len(moments), bool)
    return SpanFit(gain=gain, grid=grid, inside=float(on_grid[inside].mean()), span=span), inside


def _days(moments: Numbers) -> "np.ndarray[tuple[int], np.dtype[np.datetime64]]":
    return np.where(np.isnan(moments), 0, moments // _DAY).astype(np.int64).astype("datetime64[D]")


def _by_month(moments: Numbers) -> Mask:
    days = _days(moments)
    first = days == days.astype("datetime64[M]").astype("datetime64[D]")
    after = days + 1
    last = after == after.astype("datetime64[M]").astype("datetime64[D]")
    # One of both is the habit; a table that mixes them keeps to neither.
    known = ~np.isnan(moments)
    return np.asarray(first if first[known].sum() >= last[known].sum() else last)


def _by_week(moments: Numbers) -> Mask:
    numbers = _days(moments).astype(np.int64) % 7
    known = numbers[~np.isnan(moments)]
    usual = int(np.bincount(known, minlength=7).argmax()) if len(known) else 0
    return np.asarray(numbers == usual)
