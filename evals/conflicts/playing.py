"""Settling drawn conflicts by one way, or by `auto` with a history that grows, and what truly came of each."""

from typing import NamedTuple

from algorithms.conflicts.analysis import analyse
from algorithms.conflicts.learning import choose
from algorithms.conflicts.settling import rule
from algorithms.conflicts.table import quality, table_of
from evals.conflicts.drawn import Drawn, drawn_conflict
from nodes.conflict import past
from state.conflicts import AUTO, ConflictRuling, PastRuling, Settling

UNTAUGHT = "auto without history"

_DIGIT = 1e-6


class Played(NamedTuple):
    """What a way ruled, what came of it, and what is wrong with it."""

    family: str
    option: str
    outcome: float
    fault: str


def play(cases: int) -> dict[str, list[Played]]:
    """Return the rulings on drawn conflicts by way; `auto` learns of each of its own what truly came of it."""
    history: list[PastRuling] = []
    found: dict[str, list[Played]] = {name: [] for name in (AUTO, UNTAUGHT, *Settling)}
    for seed in range(cases):
        drawn = drawn_conflict(seed)
        analysis = analyse(drawn.conflict)
        chosen = choose(drawn.conflict, analysis, history)
        ruling = rule(drawn.conflict, analysis, chosen.way, chosen.why)
        untaught = ruling.would[choose(drawn.conflict, analysis, ()).way.value]
        for name, option in {AUTO: ruling.option, UNTAUGHT: untaught, **ruling.would}.items():
            outcome = true_quality(drawn, option)
            fault = fault_of(drawn, option) or (certificate_fault(drawn, ruling) if name == AUTO else "")
            found[name].append(Played(drawn.family, option, outcome, fault))
        history.append(past(ruling, drawn.conflict.run_id, found[AUTO][-1].outcome))
    return found


def true_quality(drawn: Drawn, option: str) -> float:
    """Return the quality of an option by what it truly is worth."""
    conflict = drawn.conflict
    options = tuple(each.model_copy(update={"worth": drawn.truth[each.name]}) for each in conflict.options)
    number = [each.name for each in options].index(option)
    return quality(table_of(conflict.model_copy(update={"options": options})), number)


def fault_of(drawn: Drawn, option: str) -> str:
    """Return what is wrong with a ruling by what was stated, counted here from the worth of the options alone."""
    worths = {each.name: each.worth for each in drawn.conflict.options}
    least = {party.name: party.least for party in drawn.conflict.parties}
    mine = worths[option]
    for name, other in worths.items():
        if all(other[party] >= mine[party] for party in mine) and any(other[party] > mine[party] for party in mine):
            return f"{name} is better for somebody and worse for nobody"
    possible = any(all(worth[party] >= least[party] for party in least) for worth in worths.values())
    if possible and any(mine[party] < least[party] for party in least):
        return "somebody is worse off than without an agreement, and need not be"
    return ""


def certificate_fault(drawn: Drawn, ruling: ConflictRuling) -> str:
    """Return what is wrong with the certificate of a ruling."""
    conflict = drawn.conflict
    mine = next(option.worth for option in conflict.options if option.name == ruling.option)
    regret = max(0.0, *(party.least - mine[party.name] for party in conflict.parties))
    if abs(ruling.certificate.regret - regret) > _DIGIT:
        return f"the certificate says {ruling.certificate.regret}, but somebody gains {regret} by refusing"
    return ""
