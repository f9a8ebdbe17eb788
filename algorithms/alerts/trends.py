"""The trend of a figure: its change in an hour with an interval, and when it would cross a threshold.

Source: P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63 (1968): the median of the
slopes of all pairs; a single outlier does not turn it.
"""

from collections.abc import Sequence
from itertools import combinations
from math import floor, sqrt
from statistics import median

from state.trends import Crossing, Trend

_Z = 1.959964
"""Quantile of the normal distribution for 95 %."""
_LEAST = 3
_MOST = 120
"""Most points that are taken, evenly spread: the pairs grow with their square."""
_HOUR = 3600.0


def trend_of(points: Sequence[tuple[float, float]]) -> Trend | None:
    """Return the trend of points (seconds, value) in the order of time; None below three different times."""
    taken = list(dict(points).items())
    if len(taken) > _MOST:
        taken = [taken[round(place * (len(taken) - 1) / (_MOST - 1))] for place in range(_MOST)]
    n = len(taken)
    if n < _LEAST:
        return None
    slopes = sorted((later[1] - first[1]) / (later[0] - first[0]) for first, later in combinations(taken, 2))
    around = _Z * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(0, floor((len(slopes) - around) / 2))
    high = min(len(slopes) - 1, len(slopes) - 1 - low)
    slope = median(slopes)
    last = taken[-1][0]
    now = median(value + slope * (last - at) for at, value in taken)
    return Trend(
        n=n,
        at=last,
        value=now,
        per_hour=slope * _HOUR,
        low=slopes[low] * _HOUR,
        high=slopes[high] * _HOUR,
    )


def crossing_of(trend: Trend, threshold: float, when: str) -> Crossing | None:
    """Return when the trend comes beyond a threshold; None where it is there already or does not go that way."""
    missing = threshold - trend.value
    sign = 1 if when == "above" else -1
    if missing * sign <= 0 or trend.per_hour * sign <= 0:
        return None
    rates = sorted((trend.low * sign, trend.high * sign))
    return Crossing(
        likely=trend.at + missing / trend.per_hour * _HOUR,
        soonest=trend.at + abs(missing) / rates[1] * _HOUR,
        latest=trend.at + abs(missing) / rates[0] * _HOUR if rates[0] > 0 else None,
    )
