"""Decision: how a conflict of aims is settled."""

from collections.abc import Mapping

from algorithms.conflicts.settling import Settlement, rule
from algorithms.conflicts.table import agreement, table_of
from nodes.decide import Account, DecisionPoint
from state.conflicts import Conflict, ConflictAnalysis, ConflictRuling, Option, Settling
from state.resolution import Ballot
from state.values import Value


class ConflictCase(Value):
    """A conflict with its analysis, the way it is to be settled, and what was agreed on where rounds were held."""

    conflict: Conflict
    analysis: ConflictAnalysis
    way: Settling
    chosen_by: str
    agreed: str | None = None  # the option
    rounds: int = 0


def settle_conflict(evidence: ConflictCase) -> ConflictRuling:
    """Return the expert's ruling."""
    names = [option.name for option in evidence.conflict.options]
    settlement = None
    if evidence.agreed is not None:
        settlement = Settlement(names.index(evidence.agreed), f"agreed in round {evidence.rounds} of negotiation")
    return rule(evidence.conflict, evidence.analysis, evidence.way, evidence.chosen_by, settlement)


def check(evidence: ConflictCase, answer: ConflictRuling) -> str | None:
    """Return what is wrong: no option of the conflict, one that others dominate, or one that somebody must refuse."""
    conflict, analysis = evidence.conflict, evidence.analysis
    if answer.option not in [option.name for option in conflict.options]:
        return f"{answer.option!r} is no option"
    if analysis.acceptable and answer.option not in analysis.acceptable:
        return f"{answer.option!r} leaves somebody worse off than no agreement"
    if answer.option not in analysis.efficient:
        return f"another option is better for somebody than {answer.option!r} and worse for nobody"
    if analysis.acceptable and answer.certificate.regret:
        return f"somebody gains {answer.certificate.regret:g} by refusing {answer.option!r}"
    return None


def accounts(evidence: ConflictCase, answer: ConflictRuling) -> tuple[Account, ...]:
    """Tell who wanted what, the figures, the ruling, why, and what certifies it."""
    conflict, certificate = evidence.conflict, answer.certificate
    by_name = {option.name: option for option in conflict.options}
    table = table_of(conflict)
    votes = tuple(_vote(party.name, by_name, answer) for party in conflict.parties)
    sacrifice = ", ".join(f"{name} {lost:.3f}" for name, lost in certificate.sacrifice.items() if lost > 0)
    proof = (
        f"certificate: largest gain from refusing {certificate.regret:g}; "
        f"{'Pareto-optimal' if certificate.pareto else 'not Pareto-optimal'}; "
        f"given up: {sacrifice or 'nothing'}" + (f"; {certificate.claim}" if certificate.claim else "")
    )
    shown = sorted(
        range(len(conflict.options)),
        key=lambda number: (conflict.options[number].name != answer.option, -agreement(table, number)),
    )
    figures = "; ".join(_figures(conflict, number) for number in shown[:5])
    items = "; ".join(conflict.items)
    return (
        Account(
            subject=conflict.subject,
            answer=answer.option,
            confidence=answer.agreement,
            reason=f"{answer.reason}. {answer.strategy.value}: {answer.chosen_by}. {proof}",
            evidence=f"{items}. {figures}" if items else figures,
            votes=votes,
            method=f"{answer.strategy.value}, a conflict that is {answer.kind.value}",
        ),
    )


def _vote(party: str, options: Mapping[str, Option], answer: ConflictRuling) -> Ballot:
    """Tell what a party wanted, and what the ruling is worth to it; one to whom all is the same abstains."""
    wanted, got = answer.wants.get(party), options[answer.option].worth[party]
    if wanted is None:
        return Ballot(voter=party, choice=None, confidence=got, reason=f"worth {got:.3f} to it, like all that was left")
    worth = options[wanted].worth[party]
    told = f"worth {worth:.3f} to it; the ruling is worth {got:.3f}"
    return Ballot(voter=party, choice=wanted, confidence=min(max(worth, 0.0), 1.0), reason=told)


def _figures(conflict: Conflict, number: int) -> str:
    option = conflict.options[number]
    figures = ", ".join(f"{name} {value:g}" for name, value in option.figures.items() if value)
    worth = ", ".join(f"{name} {value:.3f}" for name, value in option.worth.items())
    return f"{option.name}: {figures + '; ' if figures else ''}worth {worth}"


CONFLICT: DecisionPoint[ConflictCase, ConflictRuling] = DecisionPoint(
    kind="conflict", version="1", expert=settle_conflict, check=check, accounts=accounts
)
