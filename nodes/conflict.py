"""A conflict, node by node: analysis, choice of a strategy by what earlier rulings came to, rounds, ruling, record."""

import time
from collections.abc import Mapping
from pathlib import Path

from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.conflicts.analysis import analyse
from algorithms.conflicts.learning import choose
from algorithms.conflicts.negotiation import agreed, concede, nearest, opening
from algorithms.conflicts.table import agreement, table_of
from nodes.answer_apart import answer_apart
from nodes.context import context_of, validated
from nodes.decide import decide
from nodes.decisions.conflict import CONFLICT, ConflictCase
from nodes.events import emit
from state.budget import Spent
from state.conflicts import (
    MOST_ROUNDS,
    Conflict,
    ConflictAnalysis,
    ConflictInput,
    ConflictOutput,
    ConflictRuling,
    ConflictState,
    NegotiationRound,
    PastRuling,
    Settling,
)
from state.decisions import Decision
from state.errors import SetupError
from state.run import RunContext
from state.values import digest
from tools.rulings import add_rulings, read_rulings

ConflictGraph = CompiledStateGraph[ConflictState, RunContext, ConflictInput, ConflictOutput]
"""The graph, as whoever has a conflict is given it."""


class AnalysedInput(TypedDict):
    """Keys the choice of a strategy reads."""

    conflict: Conflict
    analysis: ConflictAnalysis


class RoundInput(TypedDict, total=False):
    """Keys a round reads."""

    conflict: Conflict
    rounds: dict[str, NegotiationRound]


class RulingInput(AnalysedInput, total=False):
    """Keys the ruling reads."""

    settling: Settling
    chosen_by: str
    rounds: dict[str, NegotiationRound]


class RecordInput(TypedDict):
    """Keys the record reads."""

    conflict: Conflict
    ruling: ConflictRuling


def settle(graph: ConflictGraph, conflict: Conflict, context: RunContext) -> tuple[ConflictRuling, Decision]:
    """Put a conflict before the graph from within a step, and return its ruling with the record of it."""
    found = answer_apart(graph, {"conflict": conflict}, context)
    ruling, decisions = found["ruling"], found["decisions"]
    if not isinstance(ruling, ConflictRuling) or not isinstance(decisions, dict):
        raise TypeError("the graph gave back no ruling")
    return ruling, next(iter(decisions.values()))


def analyse_conflict(state: ConflictInput) -> ConflictState:
    """Validate the conflict, which a served graph gets as plain JSON, and find out of which kind it is."""
    conflict = validated(Conflict, state.get("conflict"), "conflict")
    if conflict.fault:
        raise SetupError(conflict.fault, where="conflict", hint="see the input schema of the graph")
    return {"conflict": conflict, "analysis": analyse(conflict)}


def choose_strategy(state: AnalysedInput, runtime: Runtime[RunContext]) -> ConflictState:
    """Choose how it is settled; the history is asked first."""
    conflict, analysis = state["conflict"], state["analysis"]
    chosen = choose(conflict, analysis, read_rulings(Path(context_of(runtime).home).absolute()))
    emit("conflict", f"conflict:{conflict.case_id}", detail=f"{analysis.kind.value}: {chosen.way.value}")
    return {"settling": chosen.way, "chosen_by": chosen.why}


def hold_round(state: RoundInput) -> ConflictState:
    """Hold one round of a negotiation: a concession, then everybody's offer and how near they are."""
    conflict = state["conflict"]
    held = rounds_of(conflict, state.get("rounds", {}))
    if held and ended(conflict, held) is not None:
        return {}  # the same conflict was negotiated before on this thread
    table, names = table_of(conflict), [option.name for option in conflict.options]
    at, conceded = opening(table), None
    for _ in range(len(held)):
        at, conceded = concede(table, at)
    number = len(held) + 1
    round_ = NegotiationRound(
        number=number,
        offers={party.name: names[offer] for party, offer in zip(conflict.parties, at.offers, strict=True)},
        conceded=conflict.parties[conceded].name if conceded is not None else "",
        agreement=agreement(table, nearest(table, at.offers)),
    )
    return {"rounds": {f"{conflict.case_id}:{number}": round_}}


def rounds_of(conflict: Conflict, rounds: Mapping[str, NegotiationRound]) -> dict[str, NegotiationRound]:
    """Return the rounds of a conflict: a thread may have seen others."""
    return {key: each for key, each in rounds.items() if key.startswith(f"{conflict.case_id}:")}


def ended(conflict: Conflict, rounds: Mapping[str, NegotiationRound]) -> str | None:
    """Return the option that the last round agreed on, or its nearest offer after as many rounds as are held."""
    table, names = table_of(conflict), [option.name for option in conflict.options]
    last = max(rounds_of(conflict, rounds).values(), key=lambda each: each.number)
    offers = [names.index(last.offers[party.name]) for party in conflict.parties]
    found = agreed(table, offers)
    if found is None and last.number >= MOST_ROUNDS:
        found = nearest(table, offers)
    return None if found is None else names[found]


def rule_on(state: RulingInput) -> ConflictState:
    """Rule, and certify the ruling."""
    conflict, started = state["conflict"], time.monotonic()
    negotiated = state["settling"] is Settling.NEGOTIATION
    rounds = rounds_of(conflict, state.get("rounds", {})) if negotiated else {}
    case = ConflictCase(
        conflict=conflict.model_copy(update={"run_id": ""}),  # a decision is known by what is judged
        analysis=state["analysis"],
        way=state["settling"],
        chosen_by=state["chosen_by"],
        agreed=ended(conflict, rounds) if rounds else None,
        rounds=len(rounds),
    )
    ruling, decisions = decide(CONFLICT, case)
    spent = {f"conflict:{conflict.case_id}": Spent(seconds=time.monotonic() - started)}
    return {"ruling": ruling, "decisions": {each.decision_id: each for each in decisions}, "spent": spent}


def record_ruling(state: RecordInput, runtime: Runtime[RunContext]) -> ConflictState:
    """Put the ruling into the history, where it is not that of a run: of that it is known later what came of it."""
    conflict, ruling = state["conflict"], state["ruling"]
    emit("conflict", f"conflict:{conflict.case_id}:ruled", detail=f"{ruling.option}: {ruling.reason}"[:300])
    if not conflict.run_id:
        add_rulings(Path(context_of(runtime).home).absolute(), [past(ruling, "", ruling.quality)])
    return {}


def past(ruling: ConflictRuling, run_id: str, outcome: float) -> PastRuling:
    """Return a ruling as the history keeps it."""
    return PastRuling(
        ruling_id=digest([run_id, ruling.case_id])[:16],
        run_id=run_id,
        case_id=ruling.case_id,
        kind=ruling.kind,
        subject=ruling.subject,
        option=ruling.option,
        strategy=ruling.strategy,
        would=ruling.would,
        expected=ruling.quality,
        outcome=outcome,
    )
