"""Histograms: percentiles within the stated error, however they were merged."""

from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from algorithms.metrics.histogram import ERROR, bucket_of, merged, percentile, percentiles, up_to, value_of

VALUES = st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 1e12)), min_size=1, max_size=80)
SLACK = ERROR * 1.000001


def counted(values: list[float]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for value in values:
        counts[bucket_of(value)] = counts.get(bucket_of(value), 0) + 1
    return counts


@given(st.floats(1e-8, 1e15))
def test_a_bucket_stands_for_its_values(value: float) -> None:
    assert abs(value_of(bucket_of(value)) - value) <= SLACK * value


@given(VALUES, st.sampled_from([0.0, 0.01, 0.5, 0.9, 0.95, 0.99, 1.0]))
def test_a_percentile_is_within_its_error_of_the_nearest_rank(values: list[float], share: float) -> None:
    exact = sorted(values)[max(1, ceil(share * len(values) - 1e-9)) - 1]
    found = percentile(counted(values), share)
    assert found is not None
    assert abs(found - exact) <= SLACK * exact


@given(VALUES, VALUES)
def test_merging_loses_nothing(first: list[float], second: list[float]) -> None:
    assert merged([counted(first), counted(second)]) == counted([*first, *second])


@given(VALUES, st.floats(1e-6, 1e12))
def test_values_up_to_a_bound_are_counted(values: list[float], bound: float) -> None:
    surely = sum(value <= bound * (1 - 2 * SLACK) for value in values)
    perhaps = sum(value <= bound * (1 + 2 * SLACK) for value in values)
    assert surely <= up_to(counted(values), bound) <= perhaps


def test_nothing_observed_has_no_percentiles() -> None:
    assert percentiles({}, 0.0).p50 is None
    assert percentile({}, 0.5) is None
