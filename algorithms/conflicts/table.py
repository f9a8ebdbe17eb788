"""A conflict as a table of exact gains, and how good an option is: agreement, efficiency, fairness."""

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Any, NamedTuple

from algorithms.games.bargaining import Point, pareto_set, rational_set
from state.conflicts import Conflict

_DIGITS = 6


class ConflictTable(NamedTuple):
    """Options by number, parties by number. Figures are read with six digits and are exact from there on.

    A gain is what an option is worth over no agreement, as a share of the most that its party could gain; of a party
    that can gain nothing it is 0.
    """

    points: tuple[Point, ...]  # what each option is worth to each party
    least: Point  # what each has without an agreement
    weights: tuple[Fraction, ...]  # they sum to one
    acceptable: tuple[int, ...]  # of them is chosen: with them nobody is worse off; all, where there is none
    efficient: tuple[int, ...]  # of the acceptable those that none of them dominates
    gains: tuple[Point, ...]
    counted: tuple[int, ...]  # the parties that can gain something
    sums: tuple[Fraction, ...]  # weighted sum of the gains of each option
    ordered: tuple[Point, ...]  # gains of the counted parties of each option, the smallest first
    default: int | None


def table_of(conflict: Conflict) -> ConflictTable:
    """Return a conflict as its table."""
    names = [party.name for party in conflict.parties]
    points = tuple(tuple(_exact(option.worth[name]) for name in names) for option in conflict.options)
    least = tuple(_exact(party.least) for party in conflict.parties)
    whole = [_exact(party.weight) for party in conflict.parties]
    weights = tuple(weight / sum(whole) for weight in whole)
    acceptable = rational_set(points, least) or tuple(range(len(points)))
    inner = pareto_set([points[number] for number in acceptable])
    most = [max(points[number][party] for number in acceptable) - least[party] for party in range(len(names))]
    gains = tuple(
        tuple(
            (value - low) / top if top > 0 else Fraction(0) for value, low, top in zip(point, least, most, strict=True)
        )
        for point in points
    )
    counted = tuple(party for party, top in enumerate(most) if top > 0)
    options = [option.name for option in conflict.options]
    return ConflictTable(
        points=points,
        least=least,
        weights=weights,
        acceptable=acceptable,
        efficient=tuple(acceptable[number] for number in inner),
        gains=gains,
        counted=counted,
        sums=tuple(_weighted(gain, weights) for gain in gains),
        ordered=tuple(tuple(sorted(gain[party] for party in counted)) for gain in gains),
        default=options.index(conflict.default) if conflict.default else None,
    )


def agreement(table: ConflictTable, number: int) -> float:
    """Return the weighted geometric mean of the parties' gains, 0 to 1; parties that can gain nothing do not count."""
    total = sum(table.weights[party] for party in table.counted)
    if not table.counted:
        return 0.0
    parts = [(float(table.gains[number][party]), float(table.weights[party] / total)) for party in table.counted]
    product: float = prod(max(gain, 0.0) ** weight for gain, weight in parts)
    return min(round(product, 9), 1.0)


def quality(table: ConflictTable, number: int) -> float:
    """Return the mean of efficiency and fairness, 0 to 1.

    Efficiency is the weighted sum of gains as a share of the largest there is; fairness the agreement, which falls with
    every gain that is far below the others, as a share of the largest there is. Both heed what each party weighs.
    """
    efficiency = _share(table.sums[number], max(table.sums[option] for option in table.acceptable))
    most = max(agreement(table, option) for option in table.acceptable)
    fairness = min(agreement(table, number) / most, 1.0) if most else 1.0
    return round((efficiency + fairness) / 2, 9)


def best_of(numbers: Sequence[int], scores: Sequence[Any], table: ConflictTable) -> int:
    """Return the option with the largest score; of those that tie the default, then the first."""
    top = max(scores)
    tied = [number for number, score in zip(numbers, scores, strict=True) if score == top]
    return table.default if table.default is not None and table.default in tied else tied[0]


def _weighted(gain: Point, weights: Point) -> Fraction:
    return sum((one * weight for one, weight in zip(gain, weights, strict=True)), Fraction(0))


def _share(part: Fraction, most: Fraction) -> float:
    if most <= 0:
        return 1.0 if part >= most else 0.0
    return float(min(max(part / most, Fraction(0)), Fraction(1)))


def _exact(figure: float) -> Fraction:
    return Fraction(f"{figure:.{_DIGITS}f}")
