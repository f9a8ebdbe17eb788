"""Optimal one-to-one assignment: which pairs to take so that the sum of their weights is greatest.

Owns the solver only; what a weight means is the caller's affair. Pairs of no positive weight are never taken, so a row
or column may stay alone.

Source: the shortest augmenting path method of Jonker and Volgenant, A shortest augmenting path algorithm for dense
and sparse linear assignment problems, Computing 38 (1987), in the rectangular form of Crouse, On implementing 2D
rectangular assignment algorithms, IEEE Transactions on Aerospace and Electronic Systems 52 (2016).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]


def optimal_assignment(weights: NDArray[np.float64]) -> tuple[int, ...]:
    """Return for each row of `weights` (rows x columns) its column, or -1 where it stays alone.

    The sum over the pairs taken is the greatest possible. Entries that are not positive, or are not a number, are never
    taken. O(r^2 c) for r rows and c >= r columns. ValueError for an entry that is infinite.
    """
    gain = np.where(np.isnan(weights), 0.0, np.maximum(weights, 0.0))
    if np.isinf(gain).any():
        raise ValueError("a weight is infinite")
    if gain.shape[0] > gain.shape[1]:
        rows = {row: column for column, row in enumerate(_solve(-gain.T))}
        found = [rows.get(row, -1) for row in range(gain.shape[0])]
    else:
        found = _solve(-gain)
    return tuple(column if column >= 0 and gain[row, column] > 0 else -1 for row, column in enumerate(found))


def sparse_assignment(weights: Mapping[Pair, float]) -> dict[int, int]:
    """Return the optimal assignment, column by row, where all pairs not given have no weight.

    Groups of rows and columns without pairs between them are solved apart, which is exact and keeps each small.
    """
    taken: dict[int, int] = {}
    for group in _components([pair for pair, weight in weights.items() if weight > 0]):
        rows, columns = sorted({row for row, _ in group}), sorted({column for _, column in group})
        row_at = {row: place for place, row in enumerate(rows)}
        column_at = {column: place for place, column in enumerate(columns)}
        dense = np.zeros((len(rows), len(columns)))
        for row, column in group:
            dense[row_at[row], column_at[column]] = weights[row, column]
        solved = zip(rows, optimal_assignment(dense), strict=True)
        taken.update({row: columns[place] for row, place in solved if place >= 0})
    return taken


def _solve(cost: NDArray[np.float64]) -> list[int]:
    """Return the column of each row at least total cost; rows <= columns, and every row gets a column."""
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    row_of = np.full(columns, -1)
    column_of = np.full(rows, -1)
    for start in range(rows):
        shortest, before, reached = np.full(columns, np.inf), np.full(columns, -1), np.zeros(columns, dtype=bool)
        row, length, visited = start, 0.0, [start]
        while True:
            path = length + cost[row] - row_price[row] - column_price
            better = ~reached & (path < shortest)
            shortest[better], before[better] = path[better], row
            column = int(np.argmin(np.where(reached, np.inf, shortest)))
            length = float(shortest[column])
            reached[column] = True
            if row_of[column] < 0:
                break
            row = int(row_of[column])
            visited.append(row)
        row_price[start] += length
        for passed in visited[1:]:
            row_price[passed] += length - shortest[column_of[passed]]
        column_price[reached] -= length - shortest[reached]
        _augment(start, column, before, row_of, column_of)
    return [int(column) for column in column_of]


def _augment(
    start: int, column: int, before: NDArray[np.int_], row_of: NDArray[np.int_], column_of: NDArray[np.int_]
) -> None:
    """Turn the pairs along the path that ends in the free `column`, back to the row `start`."""
    while True:
        row = int(before[column])
        row_of[column] = row
        column_of[row], column = column, int(column_of[row])
        if row == start:
            return


def _components(pairs: list[Pair]) -> Iterator[list[Pair]]:
    """Yield the pairs of each connected group of rows and columns."""
    by_row, by_column = defaultdict(list), defaultdict(list)
    for pair in pairs:
        by_row[pair[0]].append(pair)
        by_column[pair[1]].append(pair)
    seen: set[Pair] = set()
    for first in pairs:
        group, waiting = [], [first]
        while waiting:
            pair = waiting.pop()
            if pair not in seen:
                seen.add(pair)
                group.append(pair)
                waiting += [*by_row.pop(pair[0], ()), *by_column.pop(pair[1], ())]
        if group:
            yield group
