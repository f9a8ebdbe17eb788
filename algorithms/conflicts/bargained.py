"""Game theory as a way to settle: a game of claims, Nash's bargain, coalitions; efficiency and fairness choose.

In the game of claims everybody names an option; named by all it is agreed, else there is no agreement.
"""

from fractions import Fraction
from typing import Any

from algorithms.conflicts.table import ConflictTable, best_of, quality
from algorithms.games.bargaining import nash_bargain
from algorithms.games.certificates import certificate_of
from algorithms.games.coalitions import core, shapley
from algorithms.games.structure import equilibria_of, structure_of
from state.games import Bargain, Bimatrix, Division, StrategicGame

_MOST_CLAIMS = 6
"""Options of which all equilibria of claims are listed: there is one for each set of them."""

_TWO = 2


def settle_as_game(table: ConflictTable) -> int:
    """Return the efficient option that the games speak for."""
    bargain, numbers = _bargain(table), table.efficient
    candidates = [number for place, number in enumerate(numbers) if bargain is None or bargain.lottery[place]]
    scores: list[Any] = [quality(table, number) for number in candidates]
    if len(table.weights) > _TWO and len(candidates) > 1:
        fair = shapley(_Majority(table), len(table.weights))
        scores = [(quality(table, number), -_shortfall(table, number, fair)) for number in candidates]
    return best_of(candidates, scores, table)


def told_of_games(table: ConflictTable) -> str:
    """Return what the games found, in words, with what certifies it."""
    told = [_told_of_bargain(_bargain(table))]
    if len(table.weights) == _TWO and len(table.efficient) <= _MOST_CLAIMS:
        told.append(_told_of_claims(table))
    if len(table.weights) > _TWO:
        told.append(_told_of_coalitions(table, shapley(_Majority(table), len(table.weights))))
    return "; ".join(told)


def _bargain(table: ConflictTable) -> Bargain | None:
    return nash_bargain([table.points[number] for number in table.efficient], table.least, table.weights)


def claims_regret(table: ConflictTable, option: int) -> Fraction:
    """Return the most a party gains in the game of claims by naming another option than the one all others name."""
    options, players = range(len(table.points)), len(table.weights)

    def payoff(profile: tuple[int, ...]) -> tuple[Fraction, ...]:
        return table.points[profile[0]] if len(set(profile)) == 1 else table.least

    game = StrategicGame((len(options),) * players, payoff)
    if players == 1:
        return max(point[0] for point in table.points) - table.points[option][0]
    return certificate_of(game, (option,) * players).regret


def _told_of_bargain(bargain: Bargain | None) -> str:
    if bargain is None:
        return "no lottery makes everybody better off than no agreement"
    parts = sum(share > 0 for share in bargain.lottery)
    sure = "exact" if not bargain.gap else f"within {float(bargain.gap):.1e}"
    return f"Nash's bargain mixes {parts} of {len(bargain.lottery)} efficient options ({sure})"


def _told_of_claims(table: ConflictTable) -> str:
    numbers = table.efficient
    matrices = [
        tuple(
            tuple(table.points[mine][party] if mine == theirs else table.least[party] for theirs in numbers)
            for mine in numbers
        )
        for party in range(_TWO)
    ]
    game = Bimatrix(matrices[0], matrices[1])
    found = equilibria_of(game)
    kind = structure_of(game, found)
    pure = sum(each.pure for each in found.found)
    worst = max(each.certificate.regret for each in found.found)
    sum_told = "constant sum, " if kind.constant_sum else ""
    return (
        f"the game of claims ({sum_told}cooperation is worth {float(kind.cooperative_potential):.3g}) has {pure} pure "
        f"and {len(found.found) - pure} mixed equilibria, largest gain from deviating {worst}"
    )


class _Majority:
    """What a coalition can get: with more than half of the weight it decides, and nothing otherwise."""

    def __init__(self, table: ConflictTable) -> None:
        self._table = table

    def __call__(self, mask: int) -> Fraction:
        members = [party for party in range(len(self._table.weights)) if mask >> party & 1]
        if 2 * sum((self._table.weights[party] for party in members), Fraction(0)) <= 1:
            return Fraction(0)
        return max(
            sum((self._table.gains[number][party] * self._table.weights[party] for party in members), Fraction(0))
            for number in self._table.acceptable
        )


def _shortfall(table: ConflictTable, number: int, fair: Division) -> Fraction:
    """Return by how much the party that is treated worst gets less than its share."""
    return max(share - table.gains[number][party] * table.weights[party] for party, share in enumerate(fair.shares))


def _told_of_coalitions(table: ConflictTable, fair: Division) -> str:
    shares = ", ".join(f"{float(share):.3f}" for share in fair.shares)
    found = core(_Majority(table), len(table.weights))
    told = "the core is empty: some majority always objects" if found.point is None else "the core has a point"
    return f"Shapley shares {shares}; {told}"
