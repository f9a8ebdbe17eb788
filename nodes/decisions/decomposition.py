"""Decision: which steps prepare a table where no method covers it any more, as the ways it has were given up.

The expert knows methods only, so its answer is none. A model is asked to choose an ordered list of known steps; what it
may choose, and what it chose, is checked by the planner: the list is a method like any other for this table, whose
actions need and effect what they always do.
"""

from collections.abc import Mapping
from typing import Final

from algorithms.delivery import plan_delivery
from algorithms.delivery_ways import ACTIONS
from nodes.decide import Account, DecisionPoint
from state.doubts import STAYS, Choice, Doubt, Option
from state.plans import DeliveryFacts, NoPlan, Proposal, StepKind
from state.values import Value

_BETWEEN: Final = ", "
_OF_NO_TABLE: Final = (None, StepKind.VERIFY, StepKind.PUBLISH)
_NO_STEP: Final = (None, "")


class UncoveredTask(Value):
    """A table that no method prepares without the step that failed."""

    step_id: str
    error: str
    table: str
    actions: tuple[str, ...]  # those that prepare it in the plan, in their order
    failed: str  # the action that failed
    facts: DeliveryFacts
    prefer: dict[str, str]


class Decomposition(Value):
    """What prepares the table; None: no method and no proposal does."""

    proposal: Proposal | None = None


def none_known(_evidence: UncoveredTask) -> Decomposition:
    """Return the expert's answer: all methods were tried before."""
    return Decomposition()


def check(evidence: UncoveredTask, answer: Decomposition) -> str | None:
    """Return what is wrong with a proposal: steps nobody knows, the failed one, or that the planner finds no plan."""
    if answer.proposal is None:
        return None
    actions = answer.proposal.actions
    unknown = next((action for action in actions if ACTIONS.get(action, _NO_STEP)[0] in _OF_NO_TABLE), None)
    if unknown is not None:
        return f"{unknown!r} is no step that prepares a table"
    if evidence.failed in actions:
        return f"{evidence.failed} failed"
    tables = tuple(
        table.model_copy(update={"proposal": answer.proposal}) if table.name == evidence.table else table
        for table in evidence.facts.tables
    )
    facts = evidence.facts.model_copy(update={"tables": tables})
    found = plan_delivery(facts, evidence.step_id, evidence.prefer)
    return f"no plan: {found.reason}" if isinstance(found, NoPlan) else None


def doubts(evidence: UncoveredTask, answer: Decomposition) -> tuple[Doubt, ...]:
    """Return the one question, with the lists that the planner finds a plan with; none where there is no such list."""
    lists = [actions for actions in _lists(evidence) if check(evidence, _proposed(actions, "nobody")) is None]
    if answer.proposal is not None or not lists:
        return ()
    now = _BETWEEN.join(evidence.actions)
    facts = (
        f"table {evidence.table}, prepared by: {now}",
        f"the step that failed: {evidence.failed}",
        f"what the engine said: {evidence.error}",
    )
    options = [Option(name=_BETWEEN.join(actions), text=_BETWEEN.join(actions)) for actions in lists]
    stays = Option(name=STAYS, text="none of them, or not clear", evidence="the run stops with its reasons")
    question = "Which steps prepare the table instead?"
    return (Doubt(subject=evidence.step_id, question=question, facts=facts, options=(*options, stays)),)


def _lists(evidence: UncoveredTask) -> list[tuple[str, ...]]:
    """Return the steps with each other way to do the failed one in its place, and without it."""
    place = evidence.actions.index(evidence.failed)
    kind = ACTIONS[evidence.failed][0]
    others = [(name,) for name, (other, _) in ACTIONS.items() if other is kind and name != evidence.failed]
    return [(*evidence.actions[:place], *instead, *evidence.actions[place + 1 :]) for instead in (*others, ())]


def settle(evidence: UncoveredTask, answer: Decomposition, choices: Mapping[str, Choice]) -> Decomposition:
    """Return the chosen list as a proposal of the model."""
    choice = choices.get(evidence.step_id)
    if choice is None or not choice.option:
        return answer
    return _proposed(tuple(choice.option.split(_BETWEEN)), choice.by)


def _proposed(actions: tuple[str, ...], by: str) -> Decomposition:
    return Decomposition(proposal=Proposal(actions=actions, by=by))


def accounts(evidence: UncoveredTask, answer: Decomposition) -> tuple[Account, ...]:
    """Tell what was proposed, and for what."""
    proposal = answer.proposal
    told = "no method covers it" if proposal is None else _BETWEEN.join(proposal.actions)
    return (
        Account(
            subject=f"prepare({evidence.table}) without {evidence.step_id}",
            answer=told,
            confidence=1.0 if proposal is None else 0.5,
            reason="" if proposal is None else f"proposed by model {proposal.by}; the planner finds a plan with it",
            evidence=f"{evidence.failed}: {evidence.error}",
        ),
    )


DECOMPOSITION: DecisionPoint[UncoveredTask, Decomposition] = DecisionPoint(
    kind="decomposition",
    version="1",
    expert=none_known,
    check=check,
    accounts=accounts,
    doubts=doubts,
    settle=settle,
)
