"""Where the values of a column usually lie: segments of files, the largest group of them that agree, and its level.

A part of a table may be wrong, so its middle and spread are taken from the segments that most others agree with.
"""

import numpy as np

from algorithms.diagnosis.blocks import Mask, Numbers, Places, spans
from state.values import Value

_MOST_SEGMENTS = 8
_LEAST_ROWS = 30  # of a segment
_MOST_NEIGHBOURS = 2000  # segments that are compared with each other
_NEAR = 1.0  # scales between the middles of segments that agree
_POSITIVE = 0.98  # share of positive numbers from which a column is looked at by its logarithms
_SPREAD = 1.25  # upper quartile by lower one from which logarithms tell more
_NORMAL = 1.349  # quartile range of a normal distribution


class Level(Value):
    """Middle, spread and how far segments lie apart without any fault, on the scale that is used."""

    logarithmic: bool
    middle: float
    scale: float
    drift: float  # spread of the middles of segments that agree
    rows: int
    segments: int  # in all
    agreeing: int


def segments(file: Places) -> Places:
    """Return the segment of every row: each file is cut into up to eight runs of at least thirty rows."""
    found, number = np.zeros(len(file), np.int64), 0
    for start, stop in spans(file):
        parts = int(np.clip((stop - start) // _LEAST_ROWS, 1, _MOST_SEGMENTS))
        found[start:stop] = number + np.arange(stop - start) * parts // (stop - start)
        number += parts
    return found


def on_scale(values: Numbers, *, logarithmic: bool) -> Numbers:
    """Return the values on the scale of a level: NaN for what has no logarithm."""
    if not logarithmic:
        return values
    return np.log(np.where(values > 0, values, np.nan))


def find_level(values: Numbers, segment: Places, bounds: tuple[float, float] | None = None) -> tuple[Level, Mask]:
    """Return the level of a column and which rows are of the segments it was taken from.

    `bounds` are the contract's: where the values of a smaller group of segments keep to them and those of the largest
    do not, the smaller one is right. Rows with NaN tell nothing. A level of no rows has middle and scale NaN.
    """
    logarithmic = _is_logarithmic(values)
    scaled = on_scale(values, logarithmic=logarithmic)
    middles, scales, rows = _by_segment(scaled, segment)
    known = np.flatnonzero(rows > 0)
    if not len(known):
        nothing = Level(logarithmic=logarithmic, middle=np.nan, scale=np.nan, drift=0.0, rows=0, segments=0, agreeing=0)
        return nothing, np.zeros(len(values), bool)
    chosen = _largest_group(middles[known], scales[known], rows[known], _keeps(values, segment, bounds)[known])
    mask = np.isin(segment, known[chosen]) & ~np.isnan(scaled)
    low, middle, high = np.quantile(scaled[mask], [0.25, 0.5, 0.75])
    scale = max((high - low) / _NORMAL, _least_scale(float(middle), logarithmic=logarithmic))
    level = Level(
        logarithmic=logarithmic,
        middle=float(middle),
        scale=float(scale),
        drift=float(np.median(np.abs(middles[known[chosen]] - middle))),
        rows=int(mask.sum()),
        segments=len(known),
        agreeing=int(chosen.sum()),
    )
    return level, mask


def distance(scaled: Numbers, level: Level) -> Numbers:
    """Return how many scales each value on the level's scale lies from its middle."""
    result: Numbers = (scaled - level.middle) / level.scale
    return result


def surprise(distances: Numbers) -> Numbers:
    """Return how unlikely values at these distances are: the negative logarithm of a heavy-tailed density."""
    result: Numbers = np.log1p(distances * distances)
    return result


def _is_logarithmic(values: Numbers) -> bool:
    known = values[~np.isnan(values)]
    if not len(known) or np.mean(known > 0) < _POSITIVE:
        return False
    low, high = np.quantile(known[known > 0], [0.25, 0.75])
    return bool(high >= _SPREAD * low)


def _by_segment(scaled: Numbers, segment: Places) -> tuple[Numbers, Numbers, Places]:
    """Return middle, scale and number of values of every segment."""
    count = int(segment[-1]) + 1 if len(segment) else 0
    middles, scales, rows = np.full(count, np.nan), np.full(count, np.nan), np.zeros(count, np.int64)
    for start, stop in spans(segment):
        part = scaled[start:stop]
        part = part[~np.isnan(part)]
        number = int(segment[start])
        rows[number] = len(part)
        if len(part):
            low, middles[number], high = np.quantile(part, [0.25, 0.5, 0.75])
            scales[number] = (high - low) / _NORMAL
    return middles, scales, rows


def _keeps(values: Numbers, segment: Places, bounds: tuple[float, float] | None) -> Numbers:
    """Return the share of values within the contract's bounds, by segment; 1 where there are no bounds."""
    count = int(segment[-1]) + 1 if len(segment) else 0
    if bounds is None:
        return np.ones(count)
    known = ~np.isnan(values)
    within = known & (values >= bounds[0]) & (values <= bounds[1])
    rows = np.bincount(segment[known], minlength=count)
    kept: Numbers = np.bincount(segment[within], minlength=count) / np.maximum(rows, 1)
    return kept


def _largest_group(middles: Numbers, scales: Numbers, rows: Places, kept: Numbers) -> Mask:
    """Return the segments whose middles lie near that of the segment which most rows agree with."""
    typical = float(np.median(scales[scales > 0])) if np.any(scales > 0) else 0.0
    near = _NEAR * max(typical, 1e-9)
    candidates = np.arange(len(middles))[:_MOST_NEIGHBOURS]
    weight = rows * np.where(kept >= kept.max() - 0.2, 1.0, 0.0)
    support = np.array([weight[np.abs(middles - middles[each]) <= near].sum() for each in candidates])
    chosen: Mask = np.abs(middles - middles[int(np.argmax(support))]) <= near
    return chosen


def _least_scale(middle: float, *, logarithmic: bool) -> float:
    """Return the scale of values that hardly vary."""
    return 0.02 if logarithmic else max(abs(middle) * 0.02, 1e-6)
