"""Swapped and shifted columns: rows whose values fit other columns than the ones they stand in."""

import math
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from algorithms.diagnosis.blocks import Mask, Numbers, Places, blocks
from state.values import Value

_LEAST_GAIN = 12.0
_LEAST_ROW_GAIN = 6.0  # of a shifted row
_LEAST_MENDED = 2  # columns of a shifted row that did not fit and do when it is moved back
_MISFIT = 3.0  # penalty from which a value does not fit
_KS = 1.95  # of the two-sample test, at a thousandth
_ORDERED = 0.97  # share of rows in which one of two columns is not above the other

Penalties = NDArray[np.float64]
"""[row, place it stands in, column it is judged by]"""


class SwapFit(Value):
    """Two columns, and how well their exchange explains a part."""

    first: int = -1
    second: int = -1
    gain: float = 0.0
    each: float = 0.0  # gain by row of the part
    fitting: float = 0.0  # share of the rows of the part that fit better exchanged
    outside: float = 0.0  # the same outside the part
    share: float = 0.0
    witness: str = ""  # "values" or "order"


class ShiftFit(Value):
    """By how many places rows are moved, and how well moving them back explains them."""

    places: int = 0
    rows: int = 0
    each: float = 0.0  # gain by row
    mended: float = 0.0  # columns by row that fit again
    explained: float = 0.0  # share of the rows with at least two misfits that moving back mends
    disordered: int = 0  # rows with at least two misfits


def fit_swap(penalties: Penalties, values: Numbers, file: Places) -> tuple[SwapFit, Mask]:
    """Return the pair of columns whose exchange explains most, and which rows are concerned.

    `values` holds the numbers or moments of the columns, [row, column], NaN for others: where one column is never
    above another (a start and an end), rows in which it is are evidence too.
    """
    best = SwapFit(), np.zeros(len(file), bool)
    for first, second in combinations(range(penalties.shape[1]), 2):
        stands = penalties[:, first, first] + penalties[:, second, second]
        exchanged = penalties[:, second, first] + penalties[:, first, second]
        # What does not fit the other way round either is not explained by an exchange.
        gains = np.where(exchanged < _MISFIT, stands - exchanged, np.minimum(stands - exchanged, 0.0))
        best = max(best, _fit(gains, file, (first, second), "values"), key=lambda each: each[0].gain)
        best = max(best, _by_order(values, file, (first, second)), key=lambda each: each[0].gain)
    return best


def _by_order(values: Numbers, file: Places, pair: tuple[int, int]) -> tuple[SwapFit, Mask]:
    between = values[:, pair[1]] - values[:, pair[0]]
    known = between[~np.isnan(between) & (between != 0)]
    nothing = SwapFit(), np.zeros(len(file), bool)
    if len(known) < 0.3 * len(between):
        return nothing
    rising = float(np.mean(known > 0))
    if max(rising, 1 - rising) < 0.6 or max(rising, 1 - rising) == 1:  # noqa: PLR2004  a pair has an order, a part breaks it
        return nothing
    signed = -between if rising >= 0.5 else between  # noqa: PLR2004  most
    gains = np.where(np.isnan(signed) | (signed == 0), 0.0, np.where(signed > 0, 1.5, -3.0))
    fit, inside = _fit(gains, file, pair, "order")
    if not inside.any():
        return nothing
    kept = ~inside & ~np.isnan(signed) & (signed != 0)
    if not kept.any() or float(np.mean(signed[kept] < 0)) < _ORDERED:
        return nothing
    sizes = np.abs(between)
    return nothing if _differ(sizes[inside & ~np.isnan(sizes)], sizes[kept]) else (fit, inside)


def _differ(some: Numbers, others: Numbers) -> bool:
    """Whether two samples are not of one distribution: an exchange changes signs, and a shift lengths, too.

    Source: the two-sample test of Kolmogorov and Smirnov, at one in a thousand.
    """
    at = np.sort(np.concatenate((some, others)))
    shares = [np.searchsorted(np.sort(each), at, side="right") / len(each) for each in (some, others)]
    bar = _KS * math.sqrt((len(some) + len(others)) / (len(some) * len(others)))
    return float(np.abs(shares[0] - shares[1]).max()) > bar


def _fit(gains: Numbers, file: Places, pair: tuple[int, int], witness: str) -> tuple[SwapFit, Mask]:
    # A row that tells nothing speaks a little against the exchange, so that a block ends where evidence does.
    inside, gain = blocks(gains - 0.05, file, _LEAST_GAIN)
    if not inside.any():
        return SwapFit(), inside
    better = gains > 1
    fit = SwapFit(
        first=pair[0],
        second=pair[1],
        gain=gain,
        each=gain / int(inside.sum()),
        fitting=float(better[inside].mean()),
        outside=float(better[~inside].mean()) if (~inside).any() else 0.0,
        share=float(inside.mean()),
        witness=witness,
    )
    return fit, inside


def fit_shift(penalties: Penalties, most_places: int = 2) -> tuple[ShiftFit, Mask]:
    """Return by how many places rows are moved to the right (to the left: negative), and which rows are.

    `penalties` of columns in the order of the file. A row may be moved from some column on: before it nothing changed.
    """
    rows, width = penalties.shape[0], penalties.shape[1]
    standing = penalties[:, np.arange(width), np.arange(width)]
    disordered = (standing >= _MISFIT).sum(axis=1) >= _LEAST_MENDED
    best = ShiftFit(disordered=int(disordered.sum())), np.zeros(rows, bool)
    for places in [step for step in range(-most_places, most_places + 1) if step and abs(step) < width - 1]:
        gain, mended = _moved(penalties, standing, places)
        chosen = (gain >= _LEAST_ROW_GAIN) & (mended >= _LEAST_MENDED)
        if chosen.sum() <= best[0].rows:
            continue
        fit = ShiftFit(
            places=places,
            rows=int(chosen.sum()),
            each=float(gain[chosen].mean()),
            mended=float(mended[chosen].mean()),
            explained=float((chosen & disordered).sum() / max(1, int(disordered.sum()))),
            disordered=int(disordered.sum()),
        )
        best = fit, chosen
    return best


def _moved(penalties: Penalties, standing: Penalties, places: int) -> tuple[Numbers, Numbers]:
    """Return gain and mended columns of every row when its values are taken from `places` further on.

    From the best column on to the last: before it the row stands as it is. A value that was pushed out is not judged.
    """
    rows, width = standing.shape
    gains, mends = np.zeros((rows, width)), np.zeros((rows, width))
    for column in range(width):
        source = column + places
        if 0 <= source < width:
            moved = penalties[:, source, column]
            gains[:, column] = standing[:, column] - moved
            mends[:, column] = (standing[:, column] >= _MISFIT) & (moved < 1)
    from_end = np.cumsum(gains[:, ::-1], axis=1)[:, ::-1]
    start = np.argmax(from_end, axis=1)
    mended = np.cumsum(mends[:, ::-1], axis=1)[:, ::-1]
    at = np.arange(rows)
    return from_end[at, start], mended[at, start]
