"""The analysis of a conflict: who is at odds about what, how much is at stake, and of which kind it is."""

from itertools import combinations

from algorithms.conflicts.table import ConflictTable, table_of
from algorithms.games.bargaining import rational_set
from state.conflicts import Conflict, ConflictAnalysis, ConflictKind

_OPPOSED = 0.5
"""From this mean opposition on what one gains another loses; a pair that agrees has the same below zero."""


def analyse(conflict: Conflict) -> ConflictAnalysis:
    """Return the analysis of a conflict."""
    table = table_of(conflict)
    names = [option.name for option in conflict.options]
    pairs = _pairs(table)
    opposition = sum(pairs) / len(pairs) if pairs else -1.0
    coalitions = len(table.weights) > 2 and min(pairs) < -_OPPOSED < _OPPOSED < max(pairs)  # noqa: PLR2004
    sums = {sum(table.points[number]) for number in table.acceptable}
    return ConflictAnalysis(
        kind=_kind(table, opposition, coalitions=coalitions),
        parties=tuple(party.name for party in conflict.parties),
        items=conflict.items,
        stakes={party.name: _stake(table, number) for number, party in enumerate(conflict.parties)},
        opposition=round(opposition, 6),
        efficient=tuple(names[number] for number in table.efficient),
        acceptable=tuple(names[number] for number in rational_set(table.points, table.least)),
        constant_sum=len(sums) == 1,
        coalitions=coalitions,
    )


def _kind(table: ConflictTable, opposition: float, *, coalitions: bool) -> ConflictKind:
    if not rational_set(table.points, table.least):
        return ConflictKind.BLOCKED
    if len({table.points[number] for number in table.efficient}) == 1:
        return ConflictKind.SETTLED
    if coalitions:
        return ConflictKind.DIVIDED
    return ConflictKind.OPPOSED if opposition >= _OPPOSED else ConflictKind.MIXED


def _stake(table: ConflictTable, party: int) -> float:
    worths = [table.points[number][party] for number in table.acceptable]
    return float(max(worths) - min(worths))


def _pairs(table: ConflictTable) -> list[float]:
    """Return the opposition of every two parties: of two options, how often the one prefers what the other does not."""
    found = []
    options = list(combinations(table.acceptable, 2))
    for left, right in combinations(range(len(table.weights)), 2):
        opposed = together = 0
        for one, other in options:
            mine = table.points[one][left] - table.points[other][left]
            theirs = table.points[one][right] - table.points[other][right]
            opposed += mine * theirs < 0
            together += mine * theirs > 0
        judged = opposed + together
        found.append((opposed - together) / judged if judged else 0.0)
    return found
