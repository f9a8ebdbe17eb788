"""What is told of a decision, a vote, an auction or a step in a trace: words for people, and no values in the clear."""

from collections.abc import Sequence

from state.auctions import Award
from state.decisions import Decision
from state.reports import StepReport
from state.values import Value
from tools.tracing.spans import Span, moment

_NAMED = ("step_id", "table", "column")
_MOST = 20  # votes of a decision, and ballots of a vote, that are told one by one

_ASKED = {
    "column_mapping": "which column of a file is which of {}",
    "value_format": "how {} is read",
    "value_resolution": "what a value of {} stands for",
}


def step_name(step_id: str, attempt: int = 1) -> str:
    """Return `map orders` for `map:orders`; a further attempt is numbered."""
    name = step_id.replace(":", " ", 1)
    return f"{name}, attempt {attempt}" if attempt > 1 else name


def named_in(evidence: Value) -> dict[str, str]:
    """Return the step, table and column that evidence is about, as far as it names them."""
    given = {name: getattr(evidence, name, None) for name in _NAMED}
    return {name: value for name, value in given.items() if isinstance(value, str) and value}


def subject_of(decision: Decision) -> str:
    """Return what a decision is about without the value it may be about."""
    return decision.subject.partition(":")[0][:120]


def tell_decisions(opened: Span, decisions: Sequence[Decision]) -> None:
    """Tell who decided what, how sure they were, what it cost, and why another than asked did; votes are told apart."""
    if not opened.heard or not decisions:
        return
    opened.tell(
        decision=decisions[0].decision_id,
        decisions=len(decisions),
        decided_by=", ".join(sorted({each.decided_by.value for each in decisions})),
        tokens=sum(each.cost_tokens for each in decisions),
        confidence=min(each.confidence for each in decisions),
        fallbacks=sum(each.fallback is not None for each in decisions),
    )
    opened.show(
        **{f"answer {place}": f"{each.subject}: {each.answer}" for place, each in enumerate(decisions[:_MOST], 1)}
    )
    for each in [decision for decision in decisions if decision.votes][:_MOST]:
        _tell_vote(each)


def tell_report(opened: Span, report: StepReport) -> None:
    """Tell how an attempt of a step ended."""
    failure = report.failure.value if report.failure else None
    opened.tell(status=report.status.value, rows=report.rows, failure=failure)
    opened.show(detail=report.detail or report.error)


def tell_auction(task_id: str, award: Award) -> None:
    """Tell who bid what for a task, and who does it."""
    for bid in award.bids[:_MOST]:
        moment(
            f"bid of {bid.agent_id} for {step_name(task_id)}",
            pattern="auction",
            agent=bid.agent_id,
            engine=bid.engine,
            seconds=bid.seconds,
            cost=bid.cost,
        )
    moment(
        f"award of {step_name(task_id)} to {award.agent_id}",
        pattern="auction",
        step=task_id,
        agent=award.agent_id,
        engine=award.engine,
        mechanism=award.mechanism,
        price=award.price,
        bids=len(award.bids),
    )


def _tell_vote(decision: Decision) -> None:
    about = subject_of(decision)
    asked = _ASKED.get(decision.kind, f"{decision.kind.replace('_', ' ')} of {{}}").format(about)
    for_it = sum(ballot.choice is not None for ballot in decision.votes)
    voters = ", ".join(dict.fromkeys(ballot.voter for ballot in decision.votes[:_MOST]))
    moment(
        f"vote: {asked}",
        pattern="council",
        texts={"answer": decision.answer, "subject": decision.subject}
        | {f"ballot of {ballot.voter}": f"{ballot.choice}: {ballot.reason}" for ballot in decision.votes[:_MOST]},
        decision=decision.decision_id,
        about=about,
        ballots=len(decision.votes),
        abstained=len(decision.votes) - for_it,
        voters=voters,
        decided_by=decision.decided_by.value,
        confidence=decision.confidence,
    )
