"""Every judgement of a run passes here, so that each is checked and recorded the same way.

The expert answers first. Where a chat model is configured it is asked about what the expert left open, and about
nothing else; what it chooses among the options is put into the expert's answer where the check lets it pass.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from nodes.consulting import Judge, consult
from nodes.experts import Judged, judged
from state.agents import AgentCard, Role
from state.decisions import DecidedBy, Decision
from state.doubts import STAYS, Choice, Doubt
from state.errors import StepError
from state.resolution import Ballot
from state.roster import MODEL
from state.values import Value, digest
from tools.agents.roster import current

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
    method: str = ""  # how it was decided, where it was not by the expert alone
    decided_by: DecidedBy = DecidedBy.EXPERT


def _no_doubts(_evidence: object, _answer: object) -> tuple[Doubt, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Control(Generic[Evidence, Answer]):
    """A question whose answer is known: whether an answer to it is right."""

    evidence: Evidence
    is_right: Callable[[Answer], bool]


@dataclass(frozen=True, slots=True)
class DecisionPoint(Generic[Evidence, Answer]):
    """A point where judgement is needed.

    `expert` answers deterministically from the evidence. `check` returns what is wrong with an answer, or None.
    `accounts` puts evidence and answer into the words of the record; a question about many things has many accounts.
    `doubts` tells what the expert left open, with the options that its evidence supports; the prompt for them is the
    file `nodes/decisions/<kind>.md`. `settle` puts choices, by the subject of their doubt, into the expert's answer.
    `versions` are experts of other versions that this program still has; `control` gives a question whose answer is
    known.
    """

    kind: str
    version: str
    expert: Callable[[Evidence], Answer]
    check: Callable[[Evidence, Answer], str | None]
    accounts: Callable[[Evidence, Answer], tuple[Account, ...]]
    doubts: Callable[[Evidence, Answer], tuple[Doubt, ...]] = _no_doubts
    settle: Callable[[Evidence, Answer, Mapping[str, Choice]], Answer] | None = None
    versions: Mapping[str, Callable[[Evidence], Answer]] = field(default_factory=dict)
    control: Callable[[], Control[Evidence, Answer]] | None = None

    @property
    def card(self) -> AgentCard:
        """The card of the expert that answers here."""
        return AgentCard(id=f"expert:{self.kind}", version=self.version, role=Role.SPECIALIST, skills=(self.kind,))


def decide(
    point: DecisionPoint[Evidence, Answer], evidence: Evidence, judge: Judge | None = None
) -> tuple[Answer, tuple[Decision, ...]]:
    """Return the answer to a question and its records; `judge` is the chat model, where one is configured.

    Raises StepError when the expert's own answer fails the check: an expert that contradicts its evidence is a fault
    of the program, and going on would publish it.
    """
    by = judged(point, evidence)
    answer = checked(point, evidence, by.answer)
    asked = digest(evidence)
    method = f"expert rule {point.card.id} {by.version}"
    told = point.accounts(evidence, answer)
    own = tuple(
        _versioned(record(point.kind, each, asked, method=each.method or method, decided_by=each.decided_by), by)
        for each in told
    )
    doubts = point.doubts(evidence, answer) if judge is not None and point.settle is not None else ()
    if judge is None or not doubts:
        return answer, own
    roster = current()
    if not roster.admits(MODEL):
        fallback = f"the model is not in service: {roster.absent[MODEL]}"
        return answer, tuple(each.model_copy(update={"fallback": _bounded(fallback)}) for each in own)
    choices = consult(point.kind, point.version, doubts, judge)
    return _settled(point, evidence, answer, own, choices)


def _versioned(decision: Decision, by: Judged[Answer]) -> Decision:
    """Return a record with the version of the expert that decided, and why not the one that was on trial."""
    told: dict[str, object] = {"version": by.version, "refused": by.refused}
    if by.fault:
        told["fallback"] = _bounded(by.fault)
    return decision.model_copy(update=told)


def _settled(
    point: DecisionPoint[Evidence, Answer],
    evidence: Evidence,
    answer: Answer,
    own: Sequence[Decision],
    choices: Mapping[str, Choice],
) -> tuple[Answer, tuple[Decision, ...]]:
    """Return the answer with the choices in it and the records; the expert's where the check refuses it."""
    made = {subject: choice for subject, choice in choices.items() if choice.option not in (None, STAYS)}
    settled = point.settle(evidence, answer, made) if made and point.settle is not None else answer
    fault = point.check(evidence, settled)
    settled = answer if fault is not None else settled
    accounts = point.accounts(evidence, settled)
    asked = digest(evidence)
    told = [
        before
        if (before.answer, before.subject) == (_bounded(account.answer), _bounded(account.subject))
        else record(
            point.kind, account, asked, method=f"chosen by {_names(choices)}", decided_by=DecidedBy.MODEL
        ).model_copy(update={"version": _asked_models(choices)})
        for before, account in zip(own, accounts, strict=True)
    ]
    return settled, tuple(_with_cost(told, choices, fault))


def _with_cost(told: Sequence[Decision], choices: Mapping[str, Choice], fault: str | None) -> list[Decision]:
    """Return the records with what asking took, and with why the expert's answer stands where the model was asked.

    A record about one doubt bears its own; a record about the whole answer bears all of them.
    """
    found = []
    for place, decision in enumerate(told):
        about = [choice for subject, choice in choices.items() if len(told) == 1 or _is_about(decision, subject)]
        rest = [] if place or len(told) == 1 else [one for one in choices.values() if not _borne(told, one)]
        fallback = "; ".join(dict.fromkeys(choice.fallback for choice in about if choice.fallback))
        if fault is not None and about:
            fallback = f"the model's answer fails the check: {fault}"
        changes: dict[str, object] = {"cost_tokens": sum(choice.use.tokens for choice in (*about, *rest))}
        if fallback:
            changes["fallback"] = _bounded(fallback)
        if about and not fallback and decision.decided_by is DecidedBy.EXPERT:
            changes["method"] = f"{decision.method}; {_names({choice.subject: choice for choice in about})} agrees"
        found.append(decision.model_copy(update=changes))
    return found


def _is_about(decision: Decision, subject: str) -> bool:
    return decision.subject.endswith(f": {subject!r}")


def _borne(told: Sequence[Decision], choice: Choice) -> bool:
    return any(_is_about(decision, choice.subject) for decision in told)


def _asked_models(choices: Mapping[str, Choice]) -> str:
    return ", ".join(sorted({choice.asked for choice in choices.values() if choice.asked}))


def _names(choices: Mapping[str, Choice]) -> str:
    """Return the models that chose, in words."""
    return "model " + ", ".join(sorted({choice.by for choice in choices.values() if choice.by}))


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
