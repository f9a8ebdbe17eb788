"""Linear programs in fractions: the simplex method with Bland's rule, which cannot go in circles (Bland 1977)."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple


class Optimum(NamedTuple):
    """The best point, its value, and a price for each row that proves it: no column is worth more than its price."""

    value: Fraction
    point: tuple[Fraction, ...]
    prices: tuple[Fraction, ...]


def maximise(
    worth: Sequence[Fraction], columns: Sequence[Sequence[Fraction]], limits: Sequence[Fraction], basis: Sequence[int]
) -> Optimum:
    """Return the largest `worth` of amounts x >= 0 whose columns add up to the limits.

    `basis` names for each row the column that is one there and zero elsewhere: the point to begin with. ValueError
    where there is no largest one.
    """
    held, rows = list(basis), range(len(limits))
    inverse = [[Fraction(int(row == place)) for place in rows] for row in rows]
    amounts = list(limits)
    while True:
        prices = [sum((worth[held[row]] * inverse[row][place] for row in rows), Fraction(0)) for place in rows]
        entering = next(
            (
                index
                for index, column in enumerate(columns)
                if worth[index] > _dot(prices, column) and index not in held
            ),
            None,
        )
        if entering is None:
            point = [Fraction(0)] * len(columns)
            for row in rows:
                point[held[row]] = amounts[row]
            value = sum((worth[held[row]] * amounts[row] for row in rows), Fraction(0))
            return Optimum(value, tuple(point), tuple(prices))
        direction = [_dot(inverse[row], columns[entering]) for row in rows]
        steps = [(amounts[row] / direction[row], held[row], row) for row in rows if direction[row] > 0]
        if not steps:
            raise ValueError("the program has no largest value")
        size, _, leaving = min(steps)
        pivot = direction[leaving]
        inverse[leaving] = [entry / pivot for entry in inverse[leaving]]
        for row in rows:
            if row != leaving:
                amounts[row] -= size * direction[row]
                inverse[row] = [
                    entry - direction[row] * head for entry, head in zip(inverse[row], inverse[leaving], strict=True)
                ]
        amounts[leaving], held[leaving] = size, entering


def _dot(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    return sum((one * other for one, other in zip(left, right, strict=True) if one and other), Fraction(0))
