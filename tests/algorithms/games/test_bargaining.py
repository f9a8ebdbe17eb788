"""Bargains, divisions and cores: axioms on drawn cases, known values, and proofs where there is nothing to find."""

from fractions import Fraction
from math import isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.games.bargaining import dominates, nash_bargain, pareto_set
from algorithms.games.coalitions import MOST_EXACT, core, shapley
from algorithms.games.program import maximise
from evals.games.axioms import bargaining_faults, core_faults, many_faults, shapley_faults

NOTHING = (Fraction(0), Fraction(0))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_axioms_hold(seed: int) -> None:
    assert shapley_faults(seed) == []
    assert bargaining_faults(seed) == []
    assert many_faults(seed) == []
    assert core_faults(seed) == []


def test_two_who_want_different_things_share_by_lot() -> None:
    found = nash_bargain(
        [(Fraction(10), Fraction(0)), (Fraction(0), Fraction(10)), (Fraction(4), Fraction(4))], NOTHING
    )
    assert found is not None
    assert (found.expected, found.gap) == ((5, 5), 0)


def test_weights_of_two_move_the_bargain_exactly() -> None:
    points = [(Fraction(12), Fraction(0)), (Fraction(0), Fraction(12))]
    found = nash_bargain(points, NOTHING, (Fraction(2), Fraction(1)))
    assert found is not None
    assert found.expected == (8, 4)


def test_there_is_no_bargain_where_somebody_cannot_gain() -> None:
    assert nash_bargain([(Fraction(1), Fraction(0)), (Fraction(2), Fraction(-1))], NOTHING) is None
    assert nash_bargain([(Fraction(1),) * 2 + (Fraction(0),)], (*NOTHING, Fraction(0))) is None


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.fractions(0, 5, max_denominator=2)] * 3), min_size=1, max_size=8))
def test_the_pareto_set_is_not_empty_and_nothing_dominates_it(points: list[tuple[Fraction, ...]]) -> None:
    kept = pareto_set(points)
    assert kept
    for number, point in enumerate(points):
        assert (number in kept) is not any(dominates(other, point) for other in points)


def test_the_owner_of_the_one_left_glove_gets_all_in_the_core_and_two_thirds_by_shapley() -> None:
    def gloves(mask: int) -> Fraction:
        return Fraction(min(mask & 1, (mask >> 1).bit_count()))

    assert shapley(gloves, 3).shares == (Fraction(2, 3), Fraction(1, 6), Fraction(1, 6))
    assert core(gloves, 3).point == (1, 0, 0)


def test_a_majority_game_has_no_core_and_the_pairs_prove_it() -> None:
    found = core(lambda mask: Fraction(int(mask.bit_count() >= 2)), 3)
    assert found.point is None
    assert found.asked == Fraction(3, 2)
    assert {mask for mask, _ in found.objections} == {0b011, 0b101, 0b110}


def test_above_fifteen_players_the_value_is_drawn_with_an_interval_that_holds_the_true_one() -> None:
    players = MOST_EXACT + 3
    weights = [Fraction(1 + player % 4) for player in range(players)]

    def worth(mask: int) -> Fraction:
        return sum((weights[player] for player in range(players) if mask >> player & 1), Fraction(0)) ** 2

    found = shapley(worth, players, samples=400, seed=1)
    total = sum(weights)
    assert sum(found.shares) == worth((1 << players) - 1)
    for share, weight, error in zip(found.shares, weights, found.error, strict=True):
        assert abs(float(share - weight * total)) <= max(4 * error, 1e-9)
    assert found.samples == 400
    assert all(isclose(error, 0, abs_tol=1e-9) or error > 0 for error in found.error)


def test_a_program_without_a_largest_value_is_refused() -> None:
    with pytest.raises(ValueError, match="no largest value"):
        maximise([Fraction(0), Fraction(1)], [[Fraction(1)], [Fraction(-1)]], [Fraction(1)], [0])
