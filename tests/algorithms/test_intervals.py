"""Wilson's interval against published values, what any such interval must do, and the bootstrap."""

import random
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.intervals import bootstrap_mean, student_mean, student_quantile, wilson

PROPORTIONS = st.integers(1, 10_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_values(successes: int, trials: int, low: float, high: float) -> None:
    assert [round(bound, 4) for bound in wilson(successes, trials)] == [low, high]


@given(PROPORTIONS)
def test_the_interval_holds_the_proportion_and_stays_in_bounds(proportion: tuple[int, int]) -> None:
    successes, trials = proportion
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    assert low < high


@given(PROPORTIONS)
def test_failures_mirror_successes(proportion: tuple[int, int]) -> None:
    successes, trials = proportion
    low, high = wilson(successes, trials)
    assert wilson(trials - successes, trials) == pytest.approx((1 - high, 1 - low))


@given(PROPORTIONS)
def test_more_trials_of_the_same_share_tell_more(proportion: tuple[int, int]) -> None:
    successes, trials = proportion
    low, high = wilson(successes, trials)
    narrow_low, narrow_high = wilson(4 * successes, 4 * trials)
    assert narrow_high - narrow_low < high - low


@pytest.mark.parametrize("trials", [20, 50, 200])
def test_it_covers_the_true_share_about_as_often_as_it_says(trials: int) -> None:
    """Exact coverage, averaged over shares: Brown, Cai and DasGupta, Statistical Science 16 (2001), figure 5."""
    intervals = [wilson(successes, trials) for successes in range(trials + 1)]
    shares = [number / 200 for number in range(1, 200)]
    coverage = [
        sum(
            comb(trials, successes) * share**successes * (1 - share) ** (trials - successes)
            for successes, (low, high) in enumerate(intervals)
            if low <= share <= high
        )
        for share in shares
    ]
    assert sum(coverage) / len(coverage) == pytest.approx(0.95, abs=0.01)
    assert min(coverage) > 0.82


def test_without_trials_nothing_is_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "trials"), [(2, 1), (-1, 1), (0, -1), (1, 0)])
def test_impossible_counts_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="successes in"):
        wilson(successes, trials)


@given(st.lists(st.lists(st.floats(-5, 5), max_size=5), min_size=1, max_size=8))
def test_a_bootstrap_interval_lies_within_the_means_of_the_groups(groups: list[list[float]]) -> None:
    low, high = bootstrap_mean(groups, draws=200)
    means = [sum(group) / len(group) for group in groups if group] or [0.0]
    assert min(means) - 1e-9 <= low <= high <= max(means) + 1e-9


def test_a_bootstrap_interval_of_independent_groups_is_about_that_of_the_normal_distribution() -> None:
    low, high = bootstrap_mean([[float(number % 2)] for number in range(400)])
    assert (low, high) == pytest.approx((0.451, 0.549), abs=0.006)
    assert bootstrap_mean([[float(number % 2)] * 4 for number in range(400)]) == (low, high)  # four times the same
    assert bootstrap_mean([]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("share", "freedom", "expected"),
    [
        (0.975, 1, 12.706),
        (0.975, 2, 4.303),
        (0.975, 5, 2.571),
        (0.99, 3, 4.541),
        (0.995, 29, 2.756),
        (0.975, 120, 1.980),
    ],
)
def test_published_quantiles_of_student(share: float, freedom: int, expected: float) -> None:
    assert round(student_quantile(share, freedom), 3) == expected


def test_students_interval_of_few_values_leaves_out_the_mean_as_often_as_it_says_and_the_bootstrap_more_often() -> None:
    order = random.Random(3)  # noqa: S311  made-up values
    drawn = [[order.gauss(0.0, 1.0) for _ in range(6)] for _ in range(1_000)]
    missed = sum(not low <= 0 <= high for low, high in map(student_mean, drawn))
    assert 30 <= missed <= 70  # 50 expected
    short = [bootstrap_mean([[value] for value in values], draws=200) for values in drawn[:300]]
    assert sum(not low <= 0 <= high for low, high in short) > 30
    assert (student_mean([]), student_mean([2.0])) == ((0.0, 0.0), (2.0, 2.0))
