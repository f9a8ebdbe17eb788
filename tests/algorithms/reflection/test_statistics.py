"""Exact tests and bounds against published figures, brute force and their own coverage."""

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.reflection.statistics import (
    discoveries,
    fisher_greater,
    lower_bound,
    median,
    median_interval,
    posterior_mean,
    sign_test,
)

_SMALL = (0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344)
BENJAMINI_HOCHBERG = (*_SMALL, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1.0)
"""The p-values of the thrombolysis study in their paper, of which four are discoveries at 0.05."""

counts = st.integers(0, 9).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


def test_the_lady_tasting_tea_has_the_figures_of_the_book() -> None:
    assert fisher_greater(4, 4, 0, 4) == pytest.approx(1 / 70)
    assert fisher_greater(3, 4, 1, 4) == pytest.approx(17 / 70)


@given(counts, counts)
def test_the_exact_test_counts_what_all_ways_to_deal_the_successes_give(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    (successes, trials), (rest_successes, rest_trials) = one, other
    people, total = range(trials + rest_trials), successes + rest_successes
    deals = [sum(person < trials for person in deal) for deal in combinations(people, total)]
    share = sum(found >= successes for found in deals) / len(deals)
    expected = share if trials and rest_trials else 1.0
    assert fisher_greater(successes, trials, rest_successes, rest_trials) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("successes", "trials", "bound"),
    [(0, 5, 0.0), (1, 1, 0.05**0.5), (20, 20, 0.05 ** (1 / 21)), (9, 10, 0.6356), (1000, 1000, 0.05 ** (1 / 1001))],
)
def test_bounds_are_quantiles_of_the_posterior(successes: int, trials: int, bound: float) -> None:
    assert lower_bound(successes, trials) == pytest.approx(bound, abs=5e-4)


@given(st.integers(1, 400).flatmap(lambda trials: st.tuples(st.integers(1, trials), st.just(trials))))
def test_a_bound_lies_below_the_mean_and_grows_with_successes(count: tuple[int, int]) -> None:
    successes, trials = count
    assert 0 < lower_bound(successes, trials) < posterior_mean(successes, trials)
    assert lower_bound(successes - 1, trials) < lower_bound(successes, trials)


def test_the_bound_covers_the_share_as_often_as_it_says() -> None:
    draw, covered = random.Random(1), 0  # noqa: S311  simulation
    for _ in range(2000):
        share = draw.random()  # as the prior says
        successes = sum(draw.random() < share for _ in range(12))
        covered += lower_bound(successes, 12) <= share
    assert 0.93 < covered / 2000 < 0.97


def test_the_false_discovery_rate_finds_what_its_paper_found() -> None:
    assert sum(q <= 0.05 for q in discoveries(BENJAMINI_HOCHBERG)) == 4


@given(st.lists(st.floats(0, 1), max_size=30))
def test_discoveries_keep_the_order_and_are_never_smaller_than_what_was_found(ps: list[float]) -> None:
    qs = discoveries(ps)
    assert all(p <= q <= 1 for p, q in zip(ps, qs, strict=True))
    ranked = [q for _, q in sorted(zip(ps, qs, strict=True))]
    assert ranked == sorted(ranked)


@pytest.mark.parametrize(("shown", "trials", "p"), [(0, 0, 1.0), (5, 5, 1 / 32), (8, 10, 56 / 1024)])
def test_the_sign_test_counts_coins(shown: int, trials: int, p: float) -> None:
    assert sign_test(shown, trials) == pytest.approx(p)


def test_the_interval_of_a_median_covers_it() -> None:
    draw = random.Random(2)  # noqa: S311  simulation
    for count in (6, 9, 15, 31):
        covered = 0
        for _ in range(800):
            low, high = median_interval([draw.lognormvariate(0, 1) for _ in range(count)])
            covered += low <= 1 <= high
        assert covered / 800 > 0.93, count


def test_impossible_counts_are_refused() -> None:
    for wrong in (lambda: fisher_greater(3, 2, 0, 1), lambda: lower_bound(-1, 2), lambda: sign_test(3, 2)):
        with pytest.raises(ValueError, match=r"[0-9]"):
            wrong()
    with pytest.raises(ValueError, match="no median"):
        median([])
