"""Trends: the slope of a line is found in spite of outliers, and crossings lie where the line crosses."""

import random

from hypothesis import given
from hypothesis import strategies as st

from algorithms.alerts.trends import crossing_of, trend_of


@given(st.floats(-50, 50), st.floats(-100, 100), st.integers(3, 60))
def test_a_straight_line_has_its_slope(per_hour: float, start: float, n: int) -> None:
    trend = trend_of([(minute * 60.0, start + per_hour * minute / 60) for minute in range(n)])
    assert trend is not None
    assert abs(trend.per_hour - per_hour) < 1e-6
    assert trend.low - 1e-6 <= per_hour <= trend.high + 1e-6


def test_outliers_do_not_turn_it_and_the_interval_covers_it() -> None:
    draw, covered = random.Random(3), 0  # noqa: S311  a test
    for _ in range(60):
        points = [(minute * 60.0, 2 * minute / 60 + draw.gauss(0, 0.2)) for minute in range(40)]
        points[draw.randrange(40)] = (points[7][0] + 0.5, 100.0)
        trend = trend_of(sorted(points))
        assert trend is not None
        assert 1.0 < trend.per_hour < 3.0
        covered += trend.low <= 2 <= trend.high
    assert covered >= 52  # 95 % less what chance allows of 60


def test_a_crossing_lies_where_the_line_crosses() -> None:
    trend = trend_of([(hour * 3600.0, float(hour)) for hour in range(5)])
    assert trend is not None
    crossing = crossing_of(trend, 10.0, "above")
    assert crossing is not None
    assert crossing.likely == 10 * 3600
    assert crossing.soonest <= crossing.likely
    assert crossing_of(trend, 2.0, "above") is None  # it is there already
    assert crossing_of(trend, -1.0, "below") is None  # it goes the other way


def test_two_points_are_no_trend() -> None:
    assert trend_of([(0, 1), (1, 2)]) is None
    assert trend_of([(0, 1), (0, 2), (0, 3), (1, 1)]) is None
