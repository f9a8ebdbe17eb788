"""Series that go on in time, row by row: a part whose clock is off begins with a jump and ends with its opposite."""

from collections.abc import Collection, Iterator

import numpy as np

from algorithms.diagnosis.blocks import Mask, Numbers, Places, later, spans

_LEAST_STEPS = 60
_FORWARD = 0.98  # share of the steps that a series makes forward
_MOST = 12.0  # of one border, in log likelihood
_BACK = 8.0  # more for a step back where no other one is
_ODD = 3.0  # log likelihood from which a step is odd
_MOST_CANDIDATES = 200
_QUARTER = 900.0  # seconds

Block = tuple[int, int]


def is_series(values: Numbers) -> bool:
    """Whether known values go up from row to row but for few, as serial numbers and the times of a log do."""
    steps = np.diff(values[~np.isnan(values)])
    return len(steps) >= _LEAST_STEPS and float(np.mean(steps >= 0)) >= _FORWARD and float(np.median(steps)) > 0


def fit_series(moments: Numbers, file: Places, allowed: Collection[int]) -> tuple[int, float, Mask]:
    """Return by how many minutes a part is off by the jumps at its borders, the gain, and which rows are in it.

    (0, 0, none) where the moments are no series, or none of the `allowed` minutes explains a jump. A jump forward
    alone, with no step back where the part ends, may be a gap and does not suffice.
    """
    nothing = np.zeros(len(moments), bool)
    if not is_series(moments):
        return 0, 0.0, nothing
    known = np.flatnonzero(~np.isnan(moments))
    steps = np.diff(moments[known])
    middle = float(np.median(steps))
    low, high = np.quantile(steps, [0.05, 0.95])
    scale = max(float(high) - middle, middle - float(low), 0.02 * middle, 1.0)
    best: tuple[float, int, Block] = (0.0, 0, (0, 0))
    for first, last in _candidates(steps, file[known], middle, scale):
        for minutes in _minutes(steps, (first, last), middle, scale, allowed):
            gain = _gain(steps, (first, last), 60.0 * minutes, middle, scale)
            best = max(best, (gain, minutes, (first, last)), key=lambda each: each[0])
    gain, minutes, (first, last) = best
    if not minutes:
        return 0, 0.0, nothing
    inside = nothing.copy()
    inside[known[first:last]] = True
    changed = later(inside, file)
    return (minutes if changed is inside else -minutes), gain, changed & ~np.isnan(moments)


def _candidates(steps: Numbers, file: Places, middle: float, scale: float) -> Iterator[Block]:
    """Yield the blocks that reach an end of their file and begin or end with an odd step."""
    odd = np.abs(steps - middle) ** 2 / (2 * scale**2)
    places = np.flatnonzero(odd >= _ODD)
    cuts = {int(place) + 1 for place in places[np.argsort(-odd[places])][:_MOST_CANDIDATES]}
    for start, stop in spans(file):
        if start in cuts or stop in cuts:
            yield start, stop
        for cut in cuts:
            if start < cut < stop:
                yield from ((start, cut), (cut, stop))


def _minutes(steps: Numbers, block: Block, middle: float, scale: float, allowed: Collection[int]) -> Iterator[int]:
    first, last = block
    jumps = [steps[first - 1] - middle] if first else []
    jumps += [middle - steps[last - 1]] if last - 1 < len(steps) else []
    for jump in jumps:
        minutes = round(jump / _QUARTER) * 15
        if minutes in allowed and abs(jump - 60.0 * minutes) <= 2 * scale:
            yield minutes


def _gain(steps: Numbers, block: Block, shift: float, middle: float, scale: float) -> float:
    first, last = block
    gain = 0.0
    for place, sign in ((first - 1, 1.0), (last - 1, -1.0)):
        if not 0 <= place < len(steps):
            continue
        step = float(steps[place])
        here, undone = ((each - middle) ** 2 / (2 * scale**2) for each in (step, step - sign * shift))
        gain += min(_MOST, here) - min(_MOST, undone) + (_BACK if step < 0 else 0.0)
    return gain
