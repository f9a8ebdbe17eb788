"""Intervals for figures of an evaluation."""

import math
import random
from collections.abc import Sequence
from math import comb, sqrt
from statistics import NormalDist

_Z95 = 1.959963984540054
"""Two-sided 95 % quantile of the normal distribution."""

_HALVINGS = 60


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % score interval of a proportion; (0, 1) without trials. It holds the proportion itself.

    ValueError when `successes` is not between 0 and `trials`.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    if trials == 0:
        return 0.0, 1.0
    share, z2 = successes / trials, _Z95**2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z95 * sqrt(share * (1 - share) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def bootstrap_mean(
    groups: Sequence[Sequence[float]], *, seed: int = 0, draws: int = 2_000, level: float = 0.95
) -> tuple[float, float]:
    """Return the percentile interval of the mean of all values, drawn anew by whole groups; (0, 0) for none.

    What was measured on one problem, table or seed belongs to one group: its values are not independent. Paired
    measurements are compared by giving their differences.

    Source: B. Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 7 (1979); whole clusters
    drawn: A. Davison and D. Hinkley, Bootstrap Methods and their Application (1997), section 3.8.
    """
    sums = [(math.fsum(group), len(group)) for group in groups if group]
    if not sums:
        return 0.0, 0.0
    order = random.Random(seed)  # noqa: S311  resampling, not secrets
    means = []
    for _ in range(draws):
        drawn = order.choices(sums, k=len(sums))
        means.append(math.fsum(total for total, _ in drawn) / sum(count for _, count in drawn))
    means.sort()
    outside = (1 - level) / 2
    return means[round(outside * (draws - 1))], means[round((1 - outside) * (draws - 1))]


def student_mean(values: Sequence[float], *, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the mean of independent values, such as paired differences.

    (0, 0) for none; of one value only the value itself, as nothing is known of how it varies. Of few values it is
    wider than a percentile bootstrap, which then leaves out the mean more often than it says.

    Source: Student, The probable error of a mean, Biometrika 6 (1908).
    """
    count = len(values)
    centre = math.fsum(values) / max(1, count)
    if count <= 1:
        return centre, centre
    error = sqrt(math.fsum((value - centre) ** 2 for value in values) / (count - 1) / count)
    reach = student_quantile(0.5 + level / 2, count - 1) * error
    return centre - reach, centre + reach


def student_quantile(share: float, freedom: int) -> float:
    """Return the value below which a variable of Student's distribution lies with the chance `share`, 0.5 or more.

    Source: the distribution by its finite sums: M. Abramowitz and I. Stegun, Handbook, 26.7.3 and 26.7.4.
    """
    low, high = 0.0, 1.0
    while _student_within(high, freedom) < 2 * share - 1:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _student_within(middle, freedom) < 2 * share - 1 else (low, middle)
    return (low + high) / 2


def _student_within(limit: float, freedom: int) -> float:
    """Return the chance that a variable of Student's distribution lies between -limit and limit."""
    angle = math.atan2(limit, sqrt(freedom))
    square, odd = math.cos(angle) ** 2, freedom % 2
    term, total = (math.cos(angle) if odd else 1.0), 0.0
    for step in range(freedom // 2):
        total += term
        term *= square * (2 * step + 1 + odd) / (2 * step + 2 + odd)
    return 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total


def bootstrap_ratio(parts: Sequence[tuple[float, float]], *, seed: int = 0, draws: int = 2_000) -> tuple[float, float]:
    """Return the 95 % percentile interval of a ratio of sums, its (numerator, denominator) pairs drawn anew.

    (0, 1) for none. For figures such as F1 over several tables, where each table adds to both sums.
    """
    counted = [part for part in parts if part[1]]
    if not counted:
        return 0.0, 1.0
    order = random.Random(seed)  # noqa: S311  resampling, not secrets
    ratios = []
    for _ in range(draws):
        drawn = order.choices(counted, k=len(counted))
        ratios.append(math.fsum(above for above, _ in drawn) / math.fsum(below for _, below in drawn))
    ratios.sort()
    return ratios[round(0.025 * (draws - 1))], ratios[round(0.975 * (draws - 1))]


def difference(
    first: tuple[float, float, float], second: tuple[float, float, float], *, level: float = 0.95
) -> tuple[float, float, float]:
    """Return second minus first with its interval, from the (value, low, high) of two measurements with 95 % intervals.

    The measurements count as independent: for paired ones the interval is too wide, never too narrow, as long as they
    go up and down together. At another level than 95 % the distances to the limits are stretched as those of a normal
    distribution.

    Source: G. Y. Zou and A. Donner, Construction of confidence limits about effect measures: a general approach,
    Statistics in Medicine 27 (2008); for two Wilson intervals it is Newcombe's hybrid score interval.
    """
    stretch = NormalDist().inv_cdf(0.5 + level / 2) / _Z95
    (one, one_low, one_high), (two, two_low, two_high) = first, second
    change = two - one
    down = math.hypot(two - two_low, one_high - one) * stretch
    up = math.hypot(two_high - two, one - one_low) * stretch
    return change, change - down, change + up


def sign_test(gained: int, lost: int) -> float:
    """Return the exact two-sided probability of pairs as uneven as these where neither way is likelier; 1 for none.

    For paired outcomes of yes or no this is McNemar's test in its exact form (Q. McNemar, Psychometrika 12, 1947).
    """
    total = gained + lost
    tail = sum(comb(total, count) for count in range(min(gained, lost) + 1)) / 2**total
    return float(min(1.0, 2 * tail))
