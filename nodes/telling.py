"""What of judgements is told while a run goes on: who was awarded a step against which bids, what a step decided.

Bounded: the ledger has all of them, and the report tells them.
"""

from collections.abc import Sequence
from typing import Final

from nodes.events import emit
from state.auctions import Award
from state.decisions import Decision

MOST_DECISIONS: Final = 20
"""Of one step."""

_MOST_VOICES: Final = 8
_MOST_CHARACTERS: Final = 300


def tell_award(step_id: str, attempt: int, award: Award | None) -> None:
    """Tell who does a step and what was bid for it; nothing where nobody was asked."""
    if award is None:
        return
    bids = [f"{bid.agent_id} ({bid.engine}) {bid.cost:.3g} s" for bid in award.bids]
    emit(
        "award",
        f"{step_id}#{attempt}:award",
        step=step_id,
        agent=award.agent_id,
        engine=award.engine,
        price=award.price,
        reason=award.why[:_MOST_CHARACTERS],
        bids=_listed(bids),
    )


def tell_decisions(step_id: str, decisions: Sequence[Decision]) -> None:
    """Tell what a step decided, with the votes."""
    for decision in decisions:
        votes = [f"{vote.voter}: {vote.choice} ({vote.confidence:.2f})" for vote in decision.votes if vote.choice]
        emit(
            "decided",
            f"decided:{decision.decision_id}",
            step=step_id,
            subject=decision.subject[:_MOST_CHARACTERS],
            answer=decision.answer[:_MOST_CHARACTERS],
            by=decision.decided_by.value,
            confidence=round(decision.confidence, 4),
            votes=_listed(votes),
        )


def _listed(voices: Sequence[str]) -> str:
    left = len(voices) - _MOST_VOICES
    return "; ".join(voices[:_MOST_VOICES])[: 2 * _MOST_CHARACTERS] + (f"; and {left} more" if left > 0 else "")
