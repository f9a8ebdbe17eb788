"""A conflict as a table of exact gains, and how good an option is: agreement, efficiency, fairness."""

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Any, NamedTuple

from algorithms.games.bargaining import Point, pareto_set, rational_set
from state.conflicts import Conflict

_DIGITS = 6


class ConflictTable(NamedTuple):
    """Options by number, parties by number. Figures are read with six digits and are exact from there on."""

    points: tuple[Point, ...]  # what each option is worth to each party
    least: Point  # what each has without an agreement
    weights: tuple[Fraction, ...]  # they sum to one
    acceptable: tuple[int, ...]  # of them is chosen: with them nobody is worse off; all, where there is none
    efficient: tuple[int, ...]  # of the acceptable those that none of them dominates
    gains: tuple[
        Point, ...
    ]  # over the least, as a share of the most that the party could gain; 0 where it can gain none
    default: int | None


def table_of(conflict: Conflict) -> ConflictTable:
    """Return a conflict as its table."""
    names = [party.name for party in conflict.parties]
    points = tuple(tuple(_exact(option.worth[name]) for name in names) for option in conflict.options)
    least = tuple(_exact(party.least) for party in conflict.parties)
    total = sum(_exact(party.weight) for party in conflict.parties)
    acceptable = rational_set(points, least) or tuple(range(len(points)))
    inner = pareto_set([points[number] for number in acceptable])
    most = [max(points[number][party] for number in acceptable) - least[party] for party in range(len(names))]
    gains = tuple(
        tuple(
            (value - low) / top if top > 0 else Fraction(0) for value, low, top in zip(point, least, most, strict=True)
        )
        for point in points
    )
    options = [option.name for option in conflict.options]
    return ConflictTable(
        points=points,
        least=least,
        weights=tuple(_exact(party.weight) / total for party in conflict.parties),
        acceptable=acceptable,
        efficient=tuple(acceptable[number] for number in inner),
        gains=gains,
        default=options.index(conflict.default) if conflict.default else None,
    )


def agreement(table: ConflictTable, number: int) -> float:
    """Return the weighted geometric mean of the parties' gains, 0 to 1; parties that can gain nothing do not count."""
    counted = [party for party in range(len(table.weights)) if _can_gain(table, party)]
    total = sum(table.weights[party] for party in counted)
    if not counted:
        return 0.0
    parts = [(float(table.gains[number][party]), float(table.weights[party] / total)) for party in counted]
    product: float = prod(max(gain, 0.0) ** weight for gain, weight in parts)
    return round(product, 9)


def quality(table: ConflictTable, number: int) -> float:
    """Return the mean of efficiency and fairness, 0 to 1.

    Efficiency is the weighted sum of gains as a share of the largest there is; fairness the smallest gain of a party
    as a share of the largest smallest gain there is.
    """
    sums = {option: weighted_gain(table, option) for option in table.acceptable}
    worst = {option: _smallest(table, option) for option in table.acceptable}
    efficiency = _share(sums.get(number, weighted_gain(table, number)), max(sums.values()))
    fairness = _share(worst.get(number, _smallest(table, number)), max(worst.values()))
    return round((efficiency + fairness) / 2, 9)


def weighted_gain(table: ConflictTable, number: int) -> Fraction:
    """Return the weighted sum of the parties' gains."""
    return sum((gain * weight for gain, weight in zip(table.gains[number], table.weights, strict=True)), Fraction(0))


def sorted_gains(table: ConflictTable, number: int) -> list[Fraction]:
    """Return the gains of those who can gain something, the smallest first."""
    return sorted(table.gains[number][party] for party in range(len(table.weights)) if _can_gain(table, party))


def best_of(numbers: Sequence[int], scores: Sequence[Any], table: ConflictTable) -> int:
    """Return the option with the largest score; of those that tie the default, then the first."""
    top = max(scores)
    tied = [number for number, score in zip(numbers, scores, strict=True) if score == top]
    return table.default if table.default in tied else tied[0]


def _smallest(table: ConflictTable, number: int) -> Fraction:
    return min(sorted_gains(table, number), default=Fraction(0))


def _can_gain(table: ConflictTable, party: int) -> bool:
    return any(table.gains[number][party] > 0 for number in table.acceptable)


def _share(part: Fraction, most: Fraction) -> float:
    if most <= 0:
        return 1.0 if part >= most else 0.0
    return float(min(max(part / most, Fraction(0)), Fraction(1)))


def _exact(figure: float) -> Fraction:
    return Fraction(f"{figure:.{_DIGITS}f}")
