"""The comparison of versions: errors stay bounded though it is looked at after every outcome."""

import random
from math import comb, exp

from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.operation.sequential import Comparison, _log_e, compare, per_block

SEEDS = 150


def outcomes(rate: float, count: int, seed: int) -> list[bool]:
    chance = random.Random(seed)  # noqa: S311  a simulation
    return [chance.random() < rate for _ in range(count)]


def ends(new: float, old: float, share: float, *, most: int = 400) -> dict[Comparison, int]:
    found = dict.fromkeys(Comparison, 0)
    for seed in range(SEEDS):
        count = most * per_block(share)
        verdict = compare(outcomes(new, most, seed), outcomes(old, count, seed + 10**6), share=share, most=most)
        found[verdict.comparison] += 1
    return found


def test_a_worse_version_is_noticed_and_a_better_one_too() -> None:
    assert ends(0.6, 0.9, 0.2)[Comparison.WORSE] == SEEDS
    assert ends(0.95, 0.7, 0.2)[Comparison.BETTER] == SEEDS


def test_an_equal_version_is_seldom_called_worse_or_better() -> None:
    # alpha is 5 %; of 150 trials 15 or more would have a chance below 0.5 % were the bound met with equality
    for rate in (0.5, 0.9):
        found = ends(rate, rate, 0.5)
        assert found[Comparison.WORSE] < 15
        assert found[Comparison.BETTER] < 15


def naive(new: list[bool], old: list[bool]) -> bool:
    """Call a version worse once a z-test at 5 % says so, asked after every outcome: the planted bug."""
    for n in range(20, len(new)):
        a, b = sum(new[:n]) / n, sum(old[:n]) / n
        pooled = (a + b) / 2
        deviation = (2 * pooled * (1 - pooled) / n) ** 0.5
        if deviation and (b - a) / deviation > 1.645:
            return True
    return False


def test_a_test_that_is_not_made_for_peeking_is_found_by_the_same_measure() -> None:
    called = sum(naive(outcomes(0.9, 200, seed), outcomes(0.9, 200, seed + 10**6)) for seed in range(SEEDS))
    assert called >= 15


rates = st.floats(0.02, 0.98)


@settings(max_examples=200)
@given(rates, rates, rates, rates, st.integers(1, 9))
def test_no_block_has_an_expected_e_value_above_one_where_the_new_version_is_no_worse(
    one: float, other: float, true_one: float, true_other: float, size: int
) -> None:
    a, b = sorted((one, other))  # the estimates: the new version looks worse
    true_b, true_a = sorted((true_one, true_other))  # the truth: it is not
    expected = sum(
        (true_a if new else 1 - true_a)
        * comb(size, old) * true_b**old * (1 - true_b) ** (size - old)
        * exp(_log_e(a, b, new, old, size))
        for new in (0, 1)
        for old in range(size + 1)
    )  # fmt: skip
    assert expected <= 1 + 1e-9


def test_what_was_found_first_stands() -> None:
    worse = [False] * 60
    assert compare(worse + [True] * 500, [True] * 560, share=0.5).comparison is Comparison.WORSE
