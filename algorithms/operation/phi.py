"""How sure it is that somebody who is silent has failed, by the rhythm in which it usually speaks.

The phi accrual failure detector (Hayashibara, Defago, Yared and Katayama 2004): phi = -log10 P(a gap is longer than
this one), gaps normally distributed as those seen. A suspicion of phi = 8 is wrong once in 10^8 gaps, were they normal;
as real gaps have heavier tails the deviation has a floor, as in implementations of the paper.
"""

import math
from collections.abc import Sequence
from statistics import fmean, pstdev

LEAST_SEEN = 4
"""Gaps below which a rhythm is not known."""

_MOST_PHI = 300.0
_LEAST_SPREAD = 0.25  # of the mean


def phi(silence: float, gaps: Sequence[float], *, least_spread: float = _LEAST_SPREAD) -> float | None:
    """Return the suspicion after so many seconds of silence, 0 to 300; None where the rhythm is not known.

    `least_spread` is the least standard deviation of gaps, as a share of their mean.
    """
    if len(gaps) < LEAST_SEEN:
        return None
    mean = fmean(gaps)
    spread = max(pstdev(gaps), least_spread * mean, 1e-9)
    # erfc keeps its precision where 1 - F would be 0: up to some 38 deviations.
    beyond = 0.5 * math.erfc((silence - mean) / (spread * math.sqrt(2)))
    return _MOST_PHI if beyond <= 0 else min(_MOST_PHI, max(0.0, -math.log10(beyond)))


def excess(value: float, usual: Sequence[float], *, least_spread: float = _LEAST_SPREAD) -> float | None:
    """Return by how many robust deviations a value is above what is usual; None where that is not known.

    Median and median absolute deviation (times 1.4826, as for a normal distribution), so that a few odd values among
    the usual ones do not hide the next.
    """
    if len(usual) < LEAST_SEEN:
        return None
    middle = _median(usual)
    deviation = 1.4826 * _median([abs(each - middle) for each in usual])
    return (value - middle) / max(deviation, least_spread * abs(middle), 1e-9)


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
