"""Systems of linear equations in whole numbers, solved exactly: elimination without fractions (Bareiss 1968)."""

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

IntegerMatrix = tuple[tuple[int, ...], ...]


def solve(rows: Sequence[Sequence[int]]) -> list[int] | None:
    """Return numerators and, last, their positive common denominator for square `rows` with the right side as column.

    None where the system is singular.
    """
    work, size, before = [list(row) for row in rows], len(rows), 1
    for step in range(size):
        place = next((index for index in range(step, size) if work[index][step]), None)
        if place is None:
            return None
        if place != step:
            work[step], work[place] = work[place], work[step]
        head = work[step]
        pivot = head[step]
        for index in range(size):
            row, factor = work[index], work[index][step]
            if index != step:
                work[index] = [(pivot * left - factor * right) // before for left, right in zip(row, head, strict=True)]
        before = pivot
    sign = 1 if before > 0 else -1
    return [sign * row[size] for row in work] + [sign * before]


def positive_integers(matrix: Sequence[Sequence[Fraction]]) -> IntegerMatrix:
    """Return a matrix that orders mixtures as `matrix` does, with whole entries of at least one."""
    scale = lcm(*(entry.denominator for row in matrix for entry in row))
    whole = [[int(entry * scale) for entry in row] for row in matrix]
    least = min(min(row) for row in whole)
    return tuple(tuple(entry - least + 1 for entry in row) for row in whole)


def transposed(matrix: Sequence[Sequence[int]]) -> IntegerMatrix:
    """Return rows as columns."""
    return tuple(zip(*matrix, strict=True))
