"""Files of the same kind are recognised whatever their dates; others are not."""

import random
import sys
from pathlib import Path

import pytest

from algorithms.reflection.families import family_of, kinship, name_pattern, same_kind
from algorithms.reflection.trends import LEAST_RUNS, slope_of, trends
from state.experience import SourceFamily
from state.lessons import Trend

sys.path.insert(0, str(Path(__file__).parent))
from made_runs import FAMILY, past_run


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("orders_2024_q2.csv", "orders_#_q#.csv"), ("in/Orders-9.CSV", "orders-#.csv"), ("a.zip/b1.csv", "b#.csv")],
)
def test_what_stays_of_a_name_is_what_is_no_number(name: str, pattern: str) -> None:
    assert name_pattern(name) == pattern


def test_half_of_the_headers_or_of_the_names_make_the_same_kind() -> None:
    known = family_of(["h1", "h2"], ["orders_2024.csv"])
    assert same_kind(known, family_of(["h1", "h9"], ["other.csv"]))
    assert same_kind(known, family_of(["h8", "h9"], ["orders_2025.csv"]))
    assert not same_kind(known, family_of(["h1", "h8", "h9"], ["other.csv"]))
    assert kinship(known, SourceFamily()) == 0
    assert same_kind(SourceFamily(), known)


@pytest.mark.parametrize(
    ("values", "direction"),
    [([float(n) for n in range(12)], "rising"), ([9.0 - n for n in range(12)], "falling"), ([1.0] * 12, "steady")],
)
def test_a_trend_has_a_direction_where_its_interval_leaves_out_none(values: list[float], direction: str) -> None:
    slope, low, high = slope_of(values)
    assert low <= slope <= high
    trend = Trend(figure="seconds", contract="c", runs=12, mean=0.0, slope=slope, low=low, high=high)
    assert trend.direction == direction


def test_the_interval_of_a_trend_is_turned_round_with_the_figures() -> None:
    values = [1.0, 2.0, 1.0, 3.0, 2.0, 2.0, 4.0, 1.0, 3.0, 5.0]
    slope, low, high = slope_of(values)
    assert slope_of([-each for each in values]) == (-slope, -high, -low)


def test_figures_without_a_trend_seldom_have_a_direction() -> None:
    order = random.Random(7)  # noqa: S311  made-up figures
    found = [slope_of([order.gauss(0.0, 1.0) for _ in range(8)]) for _ in range(2000)]
    assert sum(low > 0 for _, low, _ in found) <= 75  # 2.5 % expected, the limit is at 3.75 %
    assert sum(high < 0 for *_, high in found) <= 75


def test_one_odd_run_does_not_bend_a_trend_and_few_runs_have_none() -> None:
    values = [1.0, 1.1, 0.9, 1.0, 1.2, 1.0, 0.9, 1.1, 1.0, 50.0]
    assert abs(slope_of(values)[0]) < 0.05
    runs = [past_run(n, seconds=float(n), quarantined={"orders": 0.01}) for n in range(LEAST_RUNS)]
    assert list(trends(runs[:-1])) == []
    told = {trend.figure: trend for trend in trends(runs)}
    assert (told["seconds"].slope, told["seconds"].direction) == (1.0, "rising")
    assert told["quarantine of orders"].direction == "steady"
    assert runs[0].family == FAMILY
