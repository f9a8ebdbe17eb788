"""Shifted clocks: by how many minutes the times of a part must be moved so that they lie where the others do.

Two witnesses: the time of day (business hours, a daily load), and the distance to another time in the same row.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from algorithms.diagnosis.blocks import Mask, Numbers, Places, blocks
from algorithms.diagnosis.levels import distance, find_level, segments, surprise
from state.values import Value

_DAY = 86_400.0
_BINS = 96  # quarters of an hour
_LEAST_GAIN = 12.0
_NEAR = 60  # minutes by which the time of day may be off
_STEPS = tuple(minutes for minutes in range(-14 * 60, 14 * 60 + 1, 15) if minutes % 60 in (0, 30, 45) and minutes)
"""Differences between clocks that occur: whole and half hours, and the few zones at three quarters."""


class ClockFit(Value):
    """The shift that explains most, and how well."""

    minutes: int = 0
    gain: float = 0.0  # log likelihood over no shift
    each: float = 0.0  # the same by row of the part
    margin: float = 0.0  # gain over the best shift that lies at least two hours off, by the gain
    alone: float = 0.0  # gain over the best of all other shifts, in log likelihood
    share: float = 0.0  # of the rows that are in the part
    witness: str = ""  # "time of day", or the other column


def fit_clock(moments: Numbers, file: Places, others: dict[str, Numbers]) -> tuple[ClockFit, Mask]:
    """Return the shift of a part of `moments` (seconds since 1970), and which rows are in it.

    `others` holds the moments of other columns by name.
    """
    fits = [_by_distance(moments, file, name, other) for name, other in others.items()]
    fits.append(_by_time_of_day(moments, file))
    return max(fits, key=lambda each: each[0].gain)


def is_own_clock(moments: Numbers, other: Numbers, file: Places, minutes: int) -> bool:
    """Whether it is these moments that were moved by `minutes`, and not the other ones of the same rows back.

    The distance between two times says by how much; only the time of day of each says which of them it was.
    """
    own, _ = _by_time_of_day(moments, file)
    rival, _ = _by_time_of_day(other, file)
    return own.minutes != 0 and abs(own.minutes - minutes) <= _NEAR and abs(rival.minutes + minutes) > _NEAR


def _by_time_of_day(moments: Numbers, file: Places) -> tuple[ClockFit, Mask]:
    known = ~np.isnan(moments)
    bins = np.where(known, np.nan_to_num(moments) % _DAY // (_DAY / _BINS), 0).astype(np.int64)
    segment = segments(file)
    usual = _usual(bins, segment, known)
    inside = np.zeros(len(moments), bool)
    best = ClockFit(), inside
    for _ in range(2):  # once more without the rows that were found: they blur what is usual
        best = _search(partial(_gains, bins, known, usual), file, "time of day", known)
        if not best[1].any() or best[1].sum() > known.sum() / 2:
            break
        usual = _density(bins[known & ~best[1]])
    return best


def _usual(bins: Places, segment: Places, known: Mask) -> Numbers:
    """Return the density of times of day over the segments that are most alike."""
    count = int(segment[-1]) + 1 if len(segment) else 0
    if count == 0 or not known.any():
        return np.full(_BINS, 1 / _BINS)
    table = np.zeros((count, _BINS))
    np.add.at(table, (segment[known], bins[known]), 1)
    rows = table.sum(axis=1)
    smooth = np.array([_smoothed(row) for row in table[:400]])
    likeness = smooth @ smooth.T / np.maximum(np.outer(*(2 * [np.linalg.norm(smooth, axis=1)])), 1e-12)
    typical = np.median(likeness, axis=1) * (rows[:400] > 0)
    alike = likeness[int(np.argmax(typical))] >= np.quantile(likeness[int(np.argmax(typical))], 0.4)
    return _density(np.repeat(np.arange(_BINS), table[:400][alike].sum(axis=0).astype(np.int64)))


def _smoothed(counts: Numbers) -> Numbers:
    """Return the counts spread over the neighbouring quarters of an hour, around the clock."""
    kernel = (1.0, 2.0, 3.0, 2.0, 1.0)
    spread = sum(weight * np.roll(counts, place - 2) for place, weight in enumerate(kernel)) / sum(kernel)
    return np.asarray(spread)


def _density(bins: Places) -> Numbers:
    counts = _smoothed(np.bincount(bins, minlength=_BINS).astype(float))
    floor = max(counts.sum(), 1.0) * 0.02 / _BINS
    density: Numbers = (counts + floor) / (counts + floor).sum()
    return density


def _gains(bins: Places, known: Mask, usual: Numbers, step: int) -> Numbers:
    moved = (bins - step // 15) % _BINS
    gains: Numbers = np.where(known, np.log(usual[moved]) - np.log(usual[bins]), 0.0)
    return gains


def _by_distance(moments: Numbers, file: Places, name: str, other: Numbers) -> tuple[ClockFit, Mask]:
    between = moments - other
    known = ~np.isnan(between)
    level, _ = find_level(between, segments(file))
    if not level.rows or level.logarithmic:
        low, middle, high = np.quantile(between[known], [0.25, 0.5, 0.75]) if known.any() else (np.nan, np.nan, np.nan)
        scale = max(float(high - low) / 1.349, 60.0) if known.any() else 60.0
        level = level.model_copy(update={"logarithmic": False, "middle": float(middle), "scale": scale})
    level = level.model_copy(update={"scale": max(level.scale, 60.0)})
    here = surprise(distance(between, level))
    return _search(lambda step: here - surprise(distance(between - 60.0 * step, level)), file, name, known)


def _search(gains: Callable[[int], Numbers], file: Places, witness: str, known: Mask) -> tuple[ClockFit, Mask]:
    """Return the step whose blocks gain most."""
    found = [(step, *blocks(gains(step), file, _LEAST_GAIN, lasting=True)) for step in _STEPS]
    step, inside, gain = max(found, key=lambda each: (each[2], -abs(each[0])))
    inside = inside & known
    if not inside.any():
        return ClockFit(), inside
    second = max((other[2] for other in found if abs(other[0] - step) >= 120), default=0.0)  # noqa: PLR2004  minutes
    fit = ClockFit(
        minutes=step,
        gain=gain,
        each=gain / int(inside.sum()),
        margin=1 - second / gain,
        alone=gain - max((other[2] for other in found if other[0] != step), default=0.0),
        share=float(inside.sum() / max(1, int(known.sum()))),
        witness=witness,
    )
    return fit, inside
