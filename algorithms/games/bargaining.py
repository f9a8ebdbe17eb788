"""Pareto sets, and Nash's bargaining solution (1950) over lotteries of alternatives.

Of two parties it is exact. Of more it is found by the multiplicative method for a mixture with the largest expected
logarithm (Cover 1984), in fractions of a fixed grid, and its `gap` says how far from the best it can be at most.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import log, nextafter

from state.games import Bargain

Point = tuple[Fraction, ...]
"""What one alternative is worth to each party."""

_ROUNDS = 400
_GRID = 10**9


def dominates(better: Sequence[Fraction], worse: Sequence[Fraction]) -> bool:
    """Return whether nobody is worse off and somebody is better off."""
    pairs = list(zip(better, worse, strict=True))
    return all(one >= other for one, other in pairs) and any(one > other for one, other in pairs)


def pareto_set(points: Sequence[Point]) -> tuple[int, ...]:
    """Return the numbers of the alternatives that none of the others dominates."""
    return tuple(number for number, point in enumerate(points) if not any(dominates(other, point) for other in points))


def rational_set(points: Sequence[Point], disagreement: Point) -> tuple[int, ...]:
    """Return the alternatives with which nobody is worse off than without an agreement."""
    return tuple(
        number
        for number, point in enumerate(points)
        if all(value >= least for value, least in zip(point, disagreement, strict=True))
    )


def nash_bargain(points: Sequence[Point], disagreement: Point, weights: Sequence[Fraction] = ()) -> Bargain | None:
    """Return the lottery with the largest product of gains, each to the power of its party's weight.

    None where no lottery makes everybody better off than the disagreement. Of more than two parties only alternatives
    with which nobody is worse off than without an agreement take part.
    """
    shares = tuple(weights) or (Fraction(1),) * len(disagreement)
    gains = [tuple(value - least for value, least in zip(point, disagreement, strict=True)) for point in points]
    if len(disagreement) == 2:  # noqa: PLR2004  the case with an exact answer
        return _of_two(points, gains, shares)
    return _of_many(points, gains, shares)


def _of_two(points: Sequence[Point], gains: Sequence[Point], weights: Sequence[Fraction]) -> Bargain | None:
    """Return the best of all pairs of alternatives: it is the best of all lotteries."""
    best: tuple[Fraction, ...] | None = None
    chosen: tuple[int, int, Fraction] | None = None
    first, second = weights
    for left, right in [(number, number) for number in range(len(gains))] + list(combinations(range(len(gains)), 2)):
        share = _share(gains[left], gains[right], first / (first + second))
        expected = tuple(
            share * one + (1 - share) * other for one, other in zip(gains[left], gains[right], strict=True)
        )
        if min(expected) > 0 and (best is None or _is_better(expected, best, weights)):
            best, chosen = expected, (left, right, share)
    if chosen is None:
        return None
    left, right, share = chosen
    lottery = [Fraction(0)] * len(points)
    lottery[left] += share
    lottery[right] += 1 - share
    return Bargain(tuple(lottery), _expected(points, lottery), Fraction(0))


def _share(left: Point, right: Point, weight: Fraction) -> Fraction:
    """Return the share of `left` with the largest weighted product: the root of a linear equation, within 0 and 1."""
    slope, other = left[0] - right[0], left[1] - right[1]
    if not slope or not other:
        return Fraction(int(slope + other >= 0))
    share = -(weight * slope * right[1] + (1 - weight) * other * right[0]) / (slope * other)
    return min(max(share, Fraction(0)), Fraction(1)) if slope * other < 0 else Fraction(int(slope > 0))


def _is_better(one: Sequence[Fraction], other: Sequence[Fraction], weights: Sequence[Fraction]) -> bool:
    """Compare weighted products exactly: weights become whole powers."""
    scale = weights[0].denominator * weights[1].denominator
    left, right = Fraction(1), Fraction(1)
    for value, rival, weight in zip(one, other, weights, strict=True):
        power = int(weight * scale)
        left, right = left * value**power, right * rival**power
    return left > right


def _of_many(points: Sequence[Point], gains: Sequence[Point], weights: Sequence[Fraction]) -> Bargain | None:
    parties, total = range(len(weights)), float(sum(weights))
    safe = [number for number, gain in enumerate(gains) if min(gain) >= 0]
    if not safe or any(max(gains[number][party] for number in safe) <= 0 for party in parties):
        return None
    values = [[float(gains[number][party]) for party in parties] for number in safe]
    shares = [float(weight) / total for weight in weights]
    mixture = [1.0 / len(safe)] * len(safe)
    for _ in range(_ROUNDS):
        expected = [sum(part * value[party] for part, value in zip(mixture, values, strict=True)) for party in parties]
        slopes = [sum(shares[party] * value[party] / expected[party] for party in parties) for value in values]
        if max(slopes) <= 1 + 1e-12:
            break
        mixture = [part * slope for part, slope in zip(mixture, slopes, strict=True)]
    lottery = [Fraction(0)] * len(points)
    whole = [round(part * _GRID) for part in mixture]
    for number, part in zip(safe, whole, strict=True):
        lottery[number] = Fraction(part, sum(whole))
    return Bargain(tuple(lottery), _expected(points, lottery), _gap(gains, lottery, weights, safe))


def _gap(
    gains: Sequence[Point], lottery: Sequence[Fraction], weights: Sequence[Fraction], safe: Sequence[int]
) -> Fraction:
    """Return a bound on how much larger the mean logarithm of the gains can be: the logarithm is concave."""
    expected = _expected(gains, lottery)
    slopes = [
        sum((weight * gains[number][party] / expected[party] for party, weight in enumerate(weights)), Fraction(0))
        for number in safe
    ]
    most = max(slopes) / sum(weights)
    return Fraction(max(0.0, nextafter(log(most), 2.0))) if most > 1 else Fraction(0)


def _expected(points: Sequence[Point], lottery: Sequence[Fraction]) -> Point:
    parties = range(len(points[0]))
    return tuple(
        sum((share * point[party] for share, point in zip(lottery, points, strict=True) if share), Fraction(0))
        for party in parties
    )
