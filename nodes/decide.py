"""Every judgement of a run passes here, so that each is checked and recorded the same way.

A decision point names its expert and its check; whoever else may answer later (a chat model, a council, a person)
is asked here too and falls back to the expert.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from state.agents import AgentCard, Role
from state.decisions import DecidedBy, Decision
from state.errors import StepError
from state.resolution import Ballot
from state.values import Value, digest

Evidence = TypeVar("Evidence", bound=Value)
Answer = TypeVar("Answer", bound=Value)

_TEXT_LIMIT = 2_000


class Account(Value):
    """How an answer is told: the words of the record."""

    subject: str
    answer: str
    confidence: float
    reason: str = ""
    evidence: str = ""
    votes: tuple[Ballot, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionPoint(Generic[Evidence, Answer]):
    """A point where judgement is needed.

    `expert` answers deterministically from the evidence. `check` returns what is wrong with an answer, or None.
    `accounts` puts evidence and answer into the words of the record; a question about many things has many accounts.
    """

    kind: str
    version: str
    expert: Callable[[Evidence], Answer]
    check: Callable[[Evidence, Answer], str | None]
    accounts: Callable[[Evidence, Answer], tuple[Account, ...]]

    @property
    def card(self) -> AgentCard:
        """The card of the expert that answers here."""
        return AgentCard(id=f"expert:{self.kind}", version=self.version, role=Role.SPECIALIST, skills=(self.kind,))


def decide(point: DecisionPoint[Evidence, Answer], evidence: Evidence) -> tuple[Answer, tuple[Decision, ...]]:
    """Return the answer to a question and its records.

    Raises StepError when the expert's own answer fails the check: an expert that contradicts its evidence is a fault
    of the program, and going on would publish it.
    """
    answer = checked(point, evidence, point.expert(evidence))
    asked = digest(evidence)
    method = f"expert rule {point.card.id} {point.version}"
    return answer, tuple(
        record(point.kind, account, asked, method=method) for account in point.accounts(evidence, answer)
    )


def checked(point: DecisionPoint[Evidence, Answer], evidence: Evidence, answer: Answer) -> Answer:
    """Return an answer that passes the check of its decision point; StepError for one that contradicts its evidence."""
    fault = point.check(evidence, answer)
    if fault is not None:
        raise StepError(f"the answer fails its check: {fault}", where=point.kind)
    return answer


def record(
    kind: str, account: Account, asked: str, *, method: str, decided_by: DecidedBy = DecidedBy.EXPERT
) -> Decision:
    """Return the record of a judgement; `asked` is the digest of its evidence."""
    return Decision(
        decision_id=digest([kind, account.subject, asked])[:16],
        kind=kind,
        subject=_bounded(account.subject),
        answer=_bounded(account.answer),
        method=method,
        confidence=account.confidence,
        decided_by=decided_by,
        reason=_bounded(account.reason),
        evidence=_bounded(account.evidence),
        votes=account.votes,
    )


def _bounded(text: str) -> str:
    return text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 1] + "…"
