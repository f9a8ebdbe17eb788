"""The ways to settle a conflict, each a rule from its table to an option, and the ruling with its certificate.

Whatever a way chooses, the ruling is acceptable to everybody where anything is, and no option dominates it.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NamedTuple

from algorithms.conflicts.bargained import claims_regret, settle_as_game, told_of_games
from algorithms.conflicts.negotiation import negotiate
from algorithms.conflicts.table import (
    ConflictTable,
    agreement,
    best_of,
    quality,
    table_of,
)
from algorithms.games.bargaining import dominates, pareto_set, rational_set
from state.conflicts import Conflict, ConflictAnalysis, ConflictRuling, RulingCertificate, Settling


class Settlement(NamedTuple):
    """The option that a way chose, and why."""

    option: int
    reason: str


def mediate(table: ConflictTable) -> Settlement:
    """Begin with the default and propose what helps those who have least, until nothing does."""
    start = table.default if table.default in table.acceptable else table.acceptable[0]
    option, steps = start, 0
    while True:
        better = [each for each in table.acceptable if table.ordered[each] > table.ordered[option]]
        if not better:
            return Settlement(option, f"after {steps} proposals nobody who has least can be helped further")
        option = min(better, key=lambda each: (table.ordered[each], each))
        steps += 1


def arbitrate(table: ConflictTable) -> Settlement:
    """Let each name its best option and take one of them, that with the largest agreement."""
    offers = [
        best_of(table.acceptable, [table.gains[number][party] for number in table.acceptable], table)
        for party in range(len(table.weights))
    ]
    distinct = list(dict.fromkeys(offers))
    option = best_of(distinct, [agreement(table, number) for number in distinct], table)
    return Settlement(option, f"of {len(distinct)} final offers it is the one with the largest agreement")


def by_majority(table: ConflictTable) -> Settlement:
    """Take the option that wins most votes against each other one, each party with its weight (Copeland)."""

    def wins(number: int) -> int:
        won = 0
        for other in table.acceptable:
            margin = sum(
                weight * ((mine > theirs) - (mine < theirs))
                for mine, theirs, weight in zip(table.gains[number], table.gains[other], table.weights, strict=True)
            )
            won += (margin > 0) - (margin < 0)
        return won

    scores = [wins(number) for number in table.acceptable]
    option = best_of(table.acceptable, scores, table)
    return Settlement(option, f"it wins {max(scores)} more votes between two options than it loses")


def by_weight(table: ConflictTable) -> Settlement:
    """Take the option with the largest weighted sum of gains."""
    scores = [table.sums[number] for number in table.acceptable]
    option = best_of(table.acceptable, scores, table)
    return Settlement(option, f"its weighted sum of gains, {float(max(scores)):.3f}, is the largest")


def by_auction(table: ConflictTable) -> Settlement:
    """Let each bid what an option is worth to it; the largest weighted sum wins (Vickrey, Clarke, Groves)."""
    bids = {number: bids_of(table, number) for number in table.acceptable}
    option = best_of(table.acceptable, [sum(bids[number]) for number in table.acceptable], table)
    return Settlement(option, f"the bids for it add up to {float(sum(bids[option])):.3f}, the largest sum")


def bids_of(table: ConflictTable, number: int) -> tuple[Fraction, ...]:
    """Return what each party bids for an option: what it is worth over no agreement, times the party's weight."""
    return tuple(
        weight * (value - least)
        for value, least, weight in zip(table.points[number], table.least, table.weights, strict=True)
    )


def payments(table: ConflictTable, option: int) -> tuple[Fraction, ...]:
    """Return what each party's bid takes from the others: what it would pay, so that lying about worth never pays."""
    found = []
    for party in range(len(table.weights)):
        others = {number: sum(bids_of(table, number)) - bids_of(table, number)[party] for number in table.acceptable}
        found.append(max(others.values()) - others[option])
    return tuple(found)


def _negotiated(table: ConflictTable) -> Settlement:
    option, rounds = negotiate(table)
    return Settlement(option, f"agreed in round {rounds} of negotiation")


def _as_game(table: ConflictTable) -> Settlement:
    return Settlement(settle_as_game(table), "it is the most efficient and fair of what Nash's bargain mixes")


WAYS: Mapping[Settling, Callable[[ConflictTable], Settlement]] = {
    Settling.NEGOTIATION: _negotiated,
    Settling.MEDIATION: mediate,
    Settling.ARBITRATION: arbitrate,
    Settling.MAJORITY: by_majority,
    Settling.WEIGHTED: by_weight,
    Settling.AUCTION: by_auction,
    Settling.GAME_THEORY: _as_game,
}


def settled_by_each(conflict: Conflict) -> Mapping[Settling, int]:
    """Return by way the number of the option that it rules in the end."""
    table = table_of(conflict)
    return {way: _standing(table, _efficient(table, of(table).option), conflict.margin) for way, of in WAYS.items()}


def rule(
    conflict: Conflict, analysis: ConflictAnalysis, way: Settling, chosen_by: str, negotiated: Settlement | None = None
) -> ConflictRuling:
    """Return the ruling on a conflict by a way, with its certificate; `negotiated` is what rounds ended with."""
    table, names = table_of(conflict), [option.name for option in conflict.options]
    settlement = negotiated or WAYS[way](table)
    better = _efficient(table, settlement.option)
    option = _standing(table, better, conflict.margin)
    return ConflictRuling(
        case_id=conflict.case_id,
        subject=conflict.subject,
        kind=analysis.kind,
        option=names[option],
        strategy=way,
        chosen_by=chosen_by,
        reason=_reason(table, names, settlement, better, option),
        agreement=agreement(table, option),
        quality=quality(table, option),
        certificate=_certificate(conflict, table, option, told_of_games(table) if way is Settling.GAME_THEORY else ""),
        would={each.value: names[number] for each, number in settled_by_each(conflict).items()},
        wants={
            party.name: names[best_of(range(len(names)), [point[place] for point in table.points], table)]
            for place, party in enumerate(conflict.parties)
            if len({table.points[number][place] for number in table.efficient}) > 1
        },
        payments=_paid(conflict, table, option) if way is Settling.AUCTION else {},
    )


def _efficient(table: ConflictTable, option: int) -> int:
    """Return the option, or the acceptable one with the largest agreement that dominates it."""
    if option in table.efficient:
        return option
    better = [number for number in table.efficient if dominates(table.points[number], table.points[option])]
    return max(better or table.efficient, key=lambda number: (agreement(table, number), -number))


def _standing(table: ConflictTable, option: int, margin: float) -> int:
    """Return the default where nothing dominates it and the option is not clearly better, else the option."""
    default = table.default
    if default is None or default not in table.efficient:
        return option
    return default if agreement(table, option) - agreement(table, default) <= margin else option


def _reason(table: ConflictTable, names: list[str], settlement: Settlement, better: int, option: int) -> str:
    if option != better:
        more = agreement(table, better) - agreement(table, option)
        return f"{names[better]} has {more:.3f} more agreement, not enough to leave the default"
    if better != settlement.option:
        return f"it is better for somebody and worse for nobody than {names[settlement.option]}, which was found first"
    return settlement.reason


def _certificate(conflict: Conflict, table: ConflictTable, option: int, claim: str) -> RulingCertificate:
    best = [max(table.points[number][party] for number in table.acceptable) for party in range(len(table.weights))]
    return RulingCertificate(
        regret=float(claims_regret(table, option)),
        sacrifice={
            party.name: float(max(best[place] - table.points[option][place], Fraction(0)))
            for place, party in enumerate(conflict.parties)
        },
        pareto=option in pareto_set(table.points),
        rational=option in rational_set(table.points, table.least),
        claim=claim,
    )


def _paid(conflict: Conflict, table: ConflictTable, option: int) -> dict[str, float]:
    return {
        party.name: float(paid)
        for party, paid in zip(conflict.parties, payments(table, option), strict=True)
        if paid > 0
    }
