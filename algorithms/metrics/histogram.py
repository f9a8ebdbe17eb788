"""Histograms that keep percentiles within a relative error: buckets whose bounds grow by a constant factor.

Source: C. Masson, J. E. Rim, H. K. Lee, DDSketch: A fast and fully-mergeable quantile sketch with relative-error
guarantees, VLDB 2019. Merging adds counts, so that coarser buckets of time lose nothing more.
"""

from collections.abc import Mapping
from math import ceil, exp, log

from state.production import Percentiles

ERROR = 0.01
"""A percentile is at most this share of its value off."""

_GROWTH = (1 + ERROR) / (1 - ERROR)
_LOG = log(_GROWTH)
SMALLEST = 1e-9
"""Values up to it count as 0."""
ZERO = -32_768
"""The bucket of 0; below that of any other value."""
_SLACK = 1e-9


def bucket_of(value: float) -> int:
    """Return the bucket of a value; negative values count as 0."""
    return ZERO if value <= SMALLEST else ceil(log(value) / _LOG - _SLACK)


def value_of(bucket: int) -> float:
    """Return the value that stands for a bucket: no value in it is more than `ERROR` off."""
    return 0.0 if bucket == ZERO else 2 * exp(bucket * _LOG) / (_GROWTH + 1)


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """Return the value of the nearest rank, ceil(share * n) of n from 1; None where nothing was observed."""
    n = sum(counts.values())
    if not n:
        return None
    rank, seen = max(1, ceil(share * n - _SLACK)), 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= rank:
            return value_of(bucket)
    raise AssertionError("a rank lies beyond the observations")


def percentiles(counts: Mapping[int, int], total: float) -> Percentiles:
    """Return the percentiles of a histogram whose values have the sum `total`; the mean is exact."""
    n = sum(counts.values())
    if not n:
        return Percentiles()
    p50, p95, p99, largest = (percentile(counts, share) for share in (0.5, 0.95, 0.99, 1.0))
    return Percentiles(n=n, p50=p50, p95=p95, p99=p99, mean=total / n, largest=largest)


def up_to(counts: Mapping[int, int], bound: float) -> int:
    """Return how many values are at most `bound`; those within `ERROR` of it may be counted on either side."""
    return sum(count for bucket, count in counts.items() if value_of(bucket) <= bound)


def merged(several: list[Mapping[int, int]]) -> dict[int, int]:
    """Return the histogram of all values of several ones."""
    total: dict[int, int] = {}
    for counts in several:
        for bucket, count in counts.items():
            total[bucket] = total.get(bucket, 0) + count
    return total
