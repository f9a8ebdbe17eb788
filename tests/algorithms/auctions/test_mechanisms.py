"""Mechanisms of one good: what theory promises, ties that no amount decides, and broken variants that must be found."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.auctions.mechanisms import Sale, english, ranked, sealed, vickrey
from evals.auctions.properties import clock, revenue, truthful

VALUES = st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1), min_size=1)


def first_price_called_second(amounts: Mapping[str, float]) -> Sale:
    return sealed(amounts, reserve=0.0)


def third_price(amounts: Mapping[str, float]) -> Sale:
    order = ranked(amounts, 0)
    return Sale(order[0], amounts[order[2]] if len(order) > 2 else 0.0)


def second_highest_wins(amounts: Mapping[str, float]) -> Sale:
    order = ranked(amounts, 0)
    return Sale(order[-1] if len(order) < 2 else order[1], 0.0)


@given(VALUES, st.floats(0, 2), st.floats(0, 1))
@settings(max_examples=60)
def test_no_deviation_from_the_truth_pays_in_a_vickrey_auction(
    values: dict[str, float], lie: float, reserve: float
) -> None:
    who = min(values)

    def gain(sale: Sale) -> float:
        return values[who] - sale.price if sale.winner == who else 0.0

    truth = gain(vickrey(values, reserve=reserve))
    assert truth >= 0
    assert gain(vickrey({**values, who: lie}, reserve=reserve)) <= truth


def test_the_study_finds_auctions_that_only_look_like_vickreys() -> None:
    assert truthful(300).right
    for broken in (first_price_called_second, third_price, second_highest_wins):
        assert not truthful(300, broken).right, broken.__name__


@given(VALUES, st.sampled_from((0.001, 0.01, 0.3)))
@settings(max_examples=60)
def test_the_english_price_is_within_an_increment_of_the_second_value(
    values: dict[str, float], increment: float
) -> None:
    sale, second = english(values, reserve=0.0, increment=increment), vickrey(values, reserve=0.0)
    assert abs(sale.price - second.price) <= increment + 1e-9
    assert sale.winner is not None
    assert values[sale.winner] >= sale.price


def test_revenue_is_what_theory_says_and_the_clock_stays_near_the_second_value() -> None:
    assert revenue(1_500).right
    assert clock(100).right


def test_nobody_gets_it_below_the_reserve() -> None:
    for sale in (
        sealed({"a": 1.0}, reserve=2.0),
        vickrey({"a": 1.0}, reserve=2.0),
        english({"a": 1.0}, reserve=2.0, increment=0.1),
        vickrey({}, reserve=0.0),
    ):
        assert sale.winner is None


def test_a_single_bidder_pays_the_reserve_where_prices_are_second() -> None:
    assert vickrey({"a": 5.0}, reserve=2.0) == Sale("a", 2.0)
    assert english({"a": 5.0}, reserve=2.0, increment=0.1).price == 2.0


@pytest.mark.parametrize("amount", [0.1, 1.0, 1e6])
def test_ties_fall_by_seed_and_name_whatever_the_amount(amount: float) -> None:
    tied = dict.fromkeys("abc", amount)
    winners = {seed: vickrey(tied, reserve=0.0, seed=seed).winner for seed in range(12)}
    assert {*winners.values()} == {*"abc"}
    assert winners == {seed: vickrey(dict.fromkeys("cba", 2.0), reserve=0.0, seed=seed).winner for seed in range(12)}
    assert vickrey(tied, reserve=0.0).price == amount


def test_a_clock_that_would_never_end_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        english({"a": 1.0, "b": 1.0}, reserve=0.0, increment=0.0)
    with pytest.raises(ValueError, match="rounds"):
        english({"a": 1e9, "b": 1.0}, reserve=0.0, increment=0.001)


def test_costs_are_sold_upside_down() -> None:
    sale = vickrey({"cheap": -2.0, "dear": -5.0}, reserve=-9.0)
    assert sale == Sale("cheap", -5.0)
