"""Where in a file something begins and ends: the run of rows whose scores add up to most."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]

_NEARLY_ALL = 0.97
"""Share of a file's rows from which a block is the whole file: the first and last rows may score low by chance."""


def spans(group: Places) -> Iterator[tuple[int, int]]:
    """Yield (first, behind last) of every run of equal values; rows of one file stand together."""
    if not len(group):
        return
    cuts = np.flatnonzero(np.diff(group)) + 1
    edges = [0, *cuts.tolist(), len(group)]
    yield from pairwise(edges)


def best_block(scores: Numbers) -> tuple[int, int, float]:
    """Return (first, behind last, sum) of the contiguous run with the greatest sum; (0, 0, 0) when none is positive.

    Source: J. Bentley, Programming Pearls, column 8 (maximum subarray), on prefix sums.
    """
    if not len(scores):
        return 0, 0, 0.0
    ends = np.cumsum(np.nan_to_num(scores))
    before = np.concatenate(([0.0], ends[:-1]))
    lowest = np.minimum.accumulate(before)
    last = int(np.argmax(ends - lowest))
    total = float(ends[last] - lowest[last])
    if total <= 0:
        return 0, 0, 0.0
    first = int(np.flatnonzero(before[: last + 1] == lowest[last])[-1])
    return first, last + 1, total


def best_end(scores: Numbers) -> tuple[int, int, float]:
    """Return the run with the greatest sum among those that begin or end where the rows do, as `best_block` does."""
    if not len(scores):
        return 0, 0, 0.0
    sums = np.cumsum(np.nan_to_num(scores))
    total = float(sums[-1])
    before = np.concatenate(([0.0], sums[:-1]))
    first, last = int(np.argmin(before)), int(np.argmax(sums))
    ending, beginning = total - float(before[first]), float(sums[last])
    if max(ending, beginning) <= 0:
        return 0, 0, 0.0
    return (first, len(scores), ending) if ending >= beginning else (0, last + 1, beginning)


def blocks(scores: Numbers, file: Places, least: float, *, lasting: bool = False) -> tuple[Mask, float]:
    """Return which rows lie in a block of their file that scores at least `least`, and the sum over those blocks.

    A `lasting` block reaches an end of its file: what changes at a source stays so, and episodes come of the data.
    `scores` are gains of "affected" over "not affected", in units of log likelihood; NaN tells nothing.
    """
    inside, total = np.zeros(len(scores), bool), 0.0
    for start, stop in spans(file):
        first, last, gain = (best_end if lasting else best_block)(scores[start:stop])
        if gain < least:
            continue
        if last - first >= _NEARLY_ALL * (stop - start):
            first, last = 0, stop - start
        inside[start + first : start + last] = True
        total += gain
    return inside, total


def later(inside: Mask, file: Places) -> Mask:
    """Return the rows that changed: of an only file that changes once, those from the change on.

    Both sides of it differ from each other alike; what a source sent first was right when it was agreed on.
    """
    if not len(inside) or file[0] != file[-1] or not inside[0] or inside[-1]:
        return inside
    return ~inside


def is_scattered(chosen: Mask, file: Places) -> bool:
    """Whether chosen rows stand here and there, as opposed to one after the other.

    They do when hardly more of them follow each other than chance makes: at most twice the share they have.
    """
    count = int(chosen.sum())
    if count < 2:  # noqa: PLR2004  one row has no neighbour
        return True
    beside = chosen[1:] & chosen[:-1] & (file[1:] == file[:-1])
    return float(beside.sum()) / count <= max(0.25, 2 * count / len(chosen))
