"""Shifted clocks: by how many minutes the times of a part must be moved so that they lie where the others do.

Three witnesses: the time of day (business hours, a daily load) and the distances to other times in the same row, whose
likelihoods add up; and the steps of a series that goes on in time (`series`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from algorithms.diagnosis.blocks import Mask, Numbers, Places, blocks, later
from algorithms.diagnosis.levels import find_level, segments, surprise
from algorithms.diagnosis.series import fit_series
from state.values import Value

_DAY = 86_400.0
_BINS = 96  # quarters of an hour
_LEAST_GAIN = 12.0
_NEAR = 60  # minutes by which the time of day may be off
_LEAST_ROWS = 20  # that say where times usually lie
_MOST_ROWS = 20_000  # on which the shift is sought; the rows are then told by it
_STEPS = tuple(minutes for minutes in range(-14 * 60, 14 * 60 + 1, 15) if minutes)
"""Differences between clocks that occur."""

_RARE = {0: 0.0, 30: -3.0, 15: -6.0, 45: -6.0}  # log prior of a difference by what is beyond whole hours
_LIKE = 120  # minutes within which differences are told apart by few rows only

Gains = Callable[[int, slice], Numbers]
"""The gain of some rows in log likelihood when their times are moved back by so many minutes."""

_ALL = slice(None)


class ClockFit(Value):
    """The shift that explains most, and how well."""

    minutes: int = 0
    gain: float = 0.0  # log likelihood over no shift
    each: float = 0.0  # the same by row of the part
    margin: float = 0.0  # gain over the best shift that lies at least two hours off
    alone: float = 0.0  # gain over the best of all other shifts
    share: float = 0.0  # of the rows that are in the part
    witness: str = ""  # "time of day", the other column, or "order of the rows"


class _Witness(NamedTuple):
    """What tells where times should lie: made of the usual rows."""

    name: str
    usual: Mask  # rows it takes for usual before anything is known
    made_of: Callable[[Mask], Gains]


def fit_clock(moments: Numbers, file: Places, others: Mapping[str, Numbers]) -> tuple[ClockFit, Mask]:
    """Return the shift of a part of `moments` (seconds since 1970), and which rows are in it.

    `others` holds the moments of other columns by name.
    """
    known = ~np.isnan(moments)
    if not known.any():
        return ClockFit(), known
    witnesses = [_time_of_day(moments, file)]
    witnesses += [_distance_to(moments - other, name, file) for name, other in others.items()]
    fit, inside = _search(witnesses, file, known, None)
    rest = known & ~inside
    if inside.any() and rest.sum() >= _LEAST_ROWS:  # once more without the rows found: they blur what is usual
        fit, inside = max((fit, inside), _search(witnesses, file, known, rest), key=lambda each: each[0].gain)
    return max((fit, inside), _by_series(moments, file, known), key=lambda each: each[0].gain)


def is_own_clock(moments: Numbers, other: Numbers, file: Places, minutes: int) -> bool:
    """Whether it is these moments that were moved by `minutes`, and not the other ones of the same rows back.

    The distance between two times says by how much; only the time of day of each says which of them it was.
    """
    apart = moments - other
    own, rival, between = (
        _search([witness], file, ~np.isnan(times), None)[0].minutes
        for witness, times in (
            (_time_of_day(moments, file), moments),
            (_time_of_day(other, file), other),
            (_distance_to(apart, "", file), apart),
        )
    )
    agree = own != 0 and abs(own - minutes) <= _NEAR and between != 0 and abs(between - minutes) <= _NEAR
    return agree and abs(rival + minutes) > _NEAR


def _by_series(moments: Numbers, file: Places, known: Mask) -> tuple[ClockFit, Mask]:
    minutes, gain, inside = fit_series(moments, file, _STEPS)
    share = float(inside.sum() / known.sum())
    fit = ClockFit(
        minutes=minutes, gain=gain, each=gain, margin=gain, alone=gain, share=share, witness="order of the rows"
    )
    return (fit if minutes else ClockFit()), inside


def _search(witnesses: Sequence[_Witness], file: Places, known: Mask, usual: Mask | None) -> tuple[ClockFit, Mask]:
    """Return the step whose blocks gain most, all witnesses together."""
    asked = [witness.made_of(witness.usual if usual is None else usual & known) for witness in witnesses]
    times = max(1, len(file) // _MOST_ROWS)
    few = slice(None, None, times)

    def total(step: int, rows: slice) -> Numbers:
        return np.asarray(np.sum([gains(step, rows) for gains in asked], axis=0))

    found = [
        (step, times * blocks(total(step, few), file[few], _LEAST_GAIN / times, lasting=True)[1] + _RARE[step % 60])
        for step in _STEPS
    ]
    step, most = max(found, key=lambda each: (each[1], -abs(each[0])))
    inside, gain = blocks(total(step, _ALL), file, _LEAST_GAIN, lasting=True)
    inside &= known
    if not inside.any():
        return ClockFit(), inside
    second = max((other for minutes, other in found if abs(minutes - step) >= _LIKE), default=0.0)
    nearest = max((other for minutes, other in found if minutes != step), default=0.0)
    told = [float(gains(step, _ALL)[inside].sum()) for gains in asked]
    changed = later(inside, file)
    rows = int(inside.sum())
    fit = ClockFit(
        minutes=step if changed is inside else -step,
        gain=gain,
        each=gain / rows,
        margin=most - max(second, 0.0),
        alone=most - max(nearest, 0.0),
        share=float((changed & known).sum() / known.sum()),
        witness=witnesses[int(np.argmax(told))].name,
    )
    return fit, changed & known


def _time_of_day(moments: Numbers, file: Places) -> _Witness:
    known = ~np.isnan(moments)
    bins = np.where(known, np.nan_to_num(moments) % _DAY // (_DAY / _BINS), 0).astype(np.int64)

    def made_of(usual: Mask) -> Gains:
        density = _density(bins[usual])
        here = np.log(density[bins])

        def gains(step: int, rows: slice) -> Numbers:
            moved = np.log(density[(bins[rows] - step // 15) % _BINS])
            return np.where(known[rows], moved - here[rows], 0.0)

        return gains

    return _Witness("time of day", _alike(bins, segments(file), known), made_of)


def _alike(bins: Places, segment: Places, known: Mask) -> Mask:
    """Return the rows of the segments whose times of day are most alike."""
    count = int(segment[-1]) + 1 if len(segment) else 0
    table = np.zeros((count, _BINS))
    np.add.at(table, (segment[known], bins[known]), 1)
    smooth = np.array([_smoothed(row) for row in table[:400]])
    likeness = smooth @ smooth.T / np.maximum(np.outer(*(2 * [np.linalg.norm(smooth, axis=1)])), 1e-12)
    typical = np.median(likeness, axis=1) * (table[:400].sum(axis=1) > 0)
    nearest = likeness[int(np.argmax(typical))]
    return known & np.isin(segment, np.flatnonzero(nearest >= np.quantile(nearest, 0.4)))


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


def _distance_to(between: Numbers, name: str, file: Places) -> _Witness:
    known = ~np.isnan(between)
    _, agreeing = find_level(between, segments(file))

    def made_of(usual: Mask) -> Gains:
        told = between[usual & known]
        low, middle, high = np.quantile(told, [0.25, 0.5, 0.75]) if len(told) else (0.0, 0.0, np.inf)
        scale = max(float(high - low) / 1.349, 60.0)
        here = surprise((between - middle) / scale)

        def gains(step: int, rows: slice) -> Numbers:
            return np.nan_to_num(here[rows] - surprise((between[rows] - 60.0 * step - middle) / scale))

        return gains

    return _Witness(name, agreeing, made_of)
