"""What a number is like given the rest of its row: amounts by product, distances by duration.

A value that is usual in its column may be odd for its row. Where other columns tell most of how a number varies, what
is left of it shows a changed unit that the column as a whole hides.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from algorithms.diagnosis.blocks import Numbers

_BINS = 20
_LEAST_ROWS = 8  # of a group
_MOST_GROUPS = 2_000  # of a column: more are no groups but names
_MOST_ROWS = 20_000  # on which it is judged what a column tells
_TELLS = 0.7  # of the spread that may be left when a column tells something
_MOST_COLUMNS = 2

Codes = NDArray[np.int64]
"""The group of every row, -1 where it has none."""


def groups_of_texts(texts: NDArray[np.object_]) -> Codes | None:
    """Return rows of equal texts as groups; None where texts hardly come again."""
    numbers: dict[object, int] = {}
    codes = np.array([-1 if text is None else numbers.setdefault(text, len(numbers)) for text in texts.tolist()])
    return codes.astype(np.int64) if 1 < len(numbers) <= _most(len(texts)) else None


def _most(rows: int) -> float:
    return min(_MOST_GROUPS, rows / _LEAST_ROWS)


def groups_of_both(first: Codes, second: Codes) -> Codes | None:
    """Return rows that share the groups of two columns as groups; None where such rows hardly come again."""
    both = np.where((first < 0) | (second < 0), -1, first * (int(second.max()) + 1) + second)
    found, codes = np.unique(both, return_inverse=True)
    return np.where(both < 0, -1, codes).astype(np.int64) if len(found) <= _most(len(both)) else None


def groups_of_numbers(values: Numbers) -> Codes | None:
    """Return rows of like numbers as groups of about the same size; None where there are too few."""
    known = values[~np.isnan(values)]
    parts = min(_BINS, len(known) // (2 * _LEAST_ROWS))
    if parts < 2:  # noqa: PLR2004  one group tells nothing
        return None
    edges = np.unique(np.quantile(known, np.arange(1, parts) / parts))
    return np.where(np.isnan(values), -1, np.searchsorted(edges, values)).astype(np.int64)


def within_groups(values: Numbers, groups: Mapping[str, Codes]) -> tuple[Numbers | None, tuple[str, ...]]:
    """Return positive values freed of what other columns tell about them, and the names of these; None without any.

    Each value is divided by the median of its group and multiplied by that of all. At most two columns are used, each
    of which must leave less than 0.7 of the spread on the scale of logarithms.
    """
    left = np.log(np.where(values > 0, values, np.nan))
    middle = float(np.nanmedian(left)) if np.any(values > 0) else 0.0
    step = max(1, len(values) // _MOST_ROWS)
    used = _telling(left[::step], {name: codes[::step] for name, codes in groups.items()})
    for name in used:
        left = _freed(left, groups[name])
    return (np.exp(left + middle) if used else None), used


def _telling(left: Numbers, groups: Mapping[str, Codes]) -> tuple[str, ...]:
    """Return the columns that tell most, one after the other."""
    used: tuple[str, ...] = ()
    spread = _spread(left)
    for _ in range(_MOST_COLUMNS):
        found = {name: _freed(left, codes) for name, codes in groups.items() if name not in used}
        best = min(found, key=lambda name: _spread(found[name]), default="")
        if not best or not _spread(found[best]) < _TELLS * spread:
            break
        left, spread, used = found[best], _spread(found[best]), (*used, best)
    return used


def _freed(left: Numbers, codes: Codes) -> Numbers:
    known = ~np.isnan(left) & (codes >= 0)
    freed = np.full(len(left), np.nan)
    order = np.argsort(codes[known], kind="stable")
    places, sorted_codes = np.flatnonzero(known)[order], codes[known][order]
    for group in np.split(places, np.flatnonzero(np.diff(sorted_codes)) + 1):
        if len(group) >= _LEAST_ROWS:
            freed[group] = left[group] - np.median(left[group])
    return freed


def _spread(left: Numbers) -> float:
    """Return the quartile range; infinite where most values have no group."""
    known = left[~np.isnan(left)]
    if len(known) < 0.5 * len(left) or not len(known):
        return np.inf
    low, high = np.quantile(known, [0.25, 0.75])
    return float(high - low)
