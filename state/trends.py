"""Trends of figures and where they lead; times in seconds since the epoch, UTC."""

from state.values import Value


class Trend(Value):
    """How a figure changes, with an interval of 95 % (Sen)."""

    n: int
    at: float  # the last point
    value: float  # of the line at that time
    per_hour: float
    low: float  # of per_hour
    high: float


class Crossing(Value):
    """When a trend comes beyond a threshold."""

    likely: float
    soonest: float
    latest: float | None  # None: perhaps never
