"""Decision: what is done after a step failed.

Every class of failure has its strategies in the order to try them; the first that can be applied is taken, and why the
others are not is told. A strategy that was tried for the same failure of the same step and did not help is not tried
again, but for retries, which the number of attempts bounds. A model is asked where a retry was tried and another way is
left.
"""

from collections.abc import Mapping

from nodes.decide import Account, Control, DecisionPoint
from state.doubts import STAYS, Choice, Doubt, Option
from state.reports import FailureKind, Strategy
from state.values import Value

STRATEGIES: dict[FailureKind, tuple[Strategy, ...]] = {
    FailureKind.TRANSIENT: (Strategy.RETRY, Strategy.FALL_BACK),
    FailureKind.MEMORY: (Strategy.SCALE_DOWN, Strategy.FALL_BACK),
    FailureKind.TIME: (Strategy.EXTEND, Strategy.FALL_BACK),
    FailureKind.DISK: (Strategy.CLEAN_UP,),
    FailureKind.RESOURCE: (Strategy.FALL_BACK,),
    FailureKind.ACCESS: (),
    FailureKind.DEPENDENCY: (Strategy.REDO, Strategy.FALL_BACK),
    FailureKind.SCHEMA: (Strategy.REDO, Strategy.FALL_BACK),
    FailureKind.CONTRACT_SQL: (),
    FailureKind.ACCOUNTING: (),
    FailureKind.DATA: (Strategy.FALL_BACK,),
}
"""Classes without a strategy stop at once: a person must act."""

_REASONS = {
    Strategy.RETRY: "the failure may pass",
    Strategy.SCALE_DOWN: "one thread needs less memory than {threads}",
    Strategy.EXTEND: "{more:.3g} s may be enough where {sql_seconds:.3g} s were not",
    Strategy.CLEAN_UP: "spill files of the failed attempt may take the room",
    Strategy.REDO: "what the step works on can be made again by {redo}",
    Strategy.FALL_BACK: "{fallback}",
}


class FailureEvidence(Value):
    """What is known about a failed step, and what is left to spend."""

    step_id: str
    attempt: int
    attempts: int  # allowed
    failure: FailureKind
    error: str
    replanning: str  # the switch patterns.replanning
    tried: tuple[Strategy, ...] = ()  # for the same failure of the same step before
    threads: int = 1  # the step was performed with
    sql_seconds: float = 0.0  # the step was allowed
    seconds_left: float | None = None  # of the run's budget; None: unbounded
    redo: tuple[str, ...] = ()  # steps that were done and make what this one works on
    fallback: str = ""  # the plan that does without the step, in words; empty: there is none
    fallback_seconds: float = 0.0  # that plan is estimated to take from here on
    memory: str = ""  # the step may use


class FailureResponse(Value):
    """What is done, why, and why nothing else is."""

    action: Strategy
    reason: str
    alternatives: tuple[str, ...]


def respond(evidence: FailureEvidence) -> FailureResponse:
    """Return the expert's response."""
    against = {strategy: _obstacle(strategy, evidence) for strategy in STRATEGIES[evidence.failure]}
    chosen = next((strategy for strategy, obstacle in against.items() if not obstacle), Strategy.STOP)
    told = [f"{strategy.value}: {obstacle}" for strategy, obstacle in against.items() if obstacle]
    if chosen is not Strategy.STOP:
        open_ways = [strategy for strategy, obstacle in against.items() if not obstacle and strategy is not chosen]
        told += [f"{strategy.value}: kept for later" for strategy in open_ways]
        return FailureResponse(
            action=chosen, reason=_reason(chosen, evidence), alternatives=(*told, "stop: a strategy is left")
        )
    if not against:
        told = ["retry: the same step would meet the same failure"]
        why = f"a failure of class {evidence.failure.value} needs a person"
    else:
        obstacles = "; ".join(dict.fromkeys(obstacle for obstacle in against.values()))
        why = f"no strategy is left for a failure of class {evidence.failure.value}: {obstacles}"
    return FailureResponse(action=Strategy.STOP, reason=why, alternatives=tuple(told))


def lacks_fallback(evidence: FailureEvidence) -> bool:
    """Whether the run would stop for nothing but want of another way to prepare the table."""
    other = evidence.model_copy(update={"fallback": "another way"})
    return respond(evidence).action is Strategy.STOP and respond(other).action is Strategy.FALL_BACK


def doubts(evidence: FailureEvidence, answer: FailureResponse) -> tuple[Doubt, ...]:
    """Return the choice between strategies where one was tried for this failure already and another one is left."""
    ways = [strategy for strategy in STRATEGIES[evidence.failure] if not _obstacle(strategy, evidence)]
    others = [strategy for strategy in ways if strategy is not answer.action]
    if answer.action is Strategy.STOP or not others or answer.action not in evidence.tried:
        return ()
    options = tuple(Option(name=way.value, text=way.value, evidence=_reason(way, evidence)) for way in others)
    facts = (
        f"step {evidence.step_id}, attempt {evidence.attempt} of {evidence.attempts}",
        f"class of the failure: {evidence.failure.value}",
        f"tried for it already: {', '.join(strategy.value for strategy in evidence.tried)}",
        f"what the engine said: {evidence.error}",
    )
    stays = Option(name=STAYS, text=f"{answer.action.value} once more, or not clear", evidence=answer.reason)
    subject = f"{evidence.step_id}, attempt {evidence.attempt}"
    return (Doubt(subject=subject, question="What is done about it?", facts=facts, options=(*options, stays)),)


def settle(evidence: FailureEvidence, answer: FailureResponse, choices: Mapping[str, Choice]) -> FailureResponse:
    """Return the chosen strategy in place of the expert's."""
    for choice in choices.values():
        action = Strategy(choice.option or "")
        kept = tuple(told for told in answer.alternatives if not told.startswith(f"{action.value}:"))
        passed_over = f"{answer.action.value}: {choice.by} chose {action.value}"
        reason = f"{_reason(action, evidence)}; {choice.by}: {choice.reason}"
        return FailureResponse(action=action, reason=reason, alternatives=(passed_over, *kept))
    return answer


def extended(evidence: FailureEvidence) -> float:
    """Return the seconds that an extended step may take: four times as many, but no more than the budget has."""
    more = 4 * evidence.sql_seconds
    return more if evidence.seconds_left is None else min(more, evidence.seconds_left)


def check(evidence: FailureEvidence, answer: FailureResponse) -> str | None:
    """Return what is wrong: a strategy that is none for the failure, or that cannot be applied."""
    if answer.action is Strategy.STOP:
        return None
    if answer.action not in STRATEGIES[evidence.failure]:
        return f"{answer.action.value} is no strategy for a failure of class {evidence.failure.value}"
    obstacle = _obstacle(answer.action, evidence)
    return f"{answer.action.value} cannot be applied: {obstacle}" if obstacle else None


def _reason(strategy: Strategy, evidence: FailureEvidence) -> str:
    return _REASONS[strategy].format(
        threads=evidence.threads,
        more=extended(evidence),
        sql_seconds=evidence.sql_seconds,
        redo=", ".join(evidence.redo),
        fallback=evidence.fallback,
    )


def _obstacle(strategy: Strategy, evidence: FailureEvidence) -> str:
    """Return why a strategy cannot be applied; empty when it can."""
    if evidence.replanning == "off" or (evidence.replanning == "retry" and strategy is not Strategy.RETRY):
        return f"patterns.replanning is {evidence.replanning}"
    if strategy is Strategy.FALL_BACK:
        return _against_fallback(evidence)
    if evidence.attempt >= evidence.attempts:
        return f"failed {evidence.attempt} times, {evidence.attempts} attempts are allowed"
    if strategy is not Strategy.RETRY and strategy in evidence.tried:
        return "it did not help"
    pointless = {
        Strategy.SCALE_DOWN: (evidence.threads <= 1, "the step has one thread already"),
        Strategy.EXTEND: (extended(evidence) <= evidence.sql_seconds, "the run's budget has no more seconds"),
        Strategy.REDO: (not evidence.redo, "no step of the plan makes it"),
    }
    applies, why = pointless.get(strategy, (False, ""))
    return why if applies else ""


def _against_fallback(evidence: FailureEvidence) -> str:
    if not evidence.fallback:
        return "there is no other way to prepare the table"
    left, needed = evidence.seconds_left, evidence.fallback_seconds
    if left is not None and left < needed:
        return f"the other plan takes {needed:.3g} s, the run's budget has {left:.3g}"
    return ""


def accounts(evidence: FailureEvidence, answer: FailureResponse) -> tuple[Account, ...]:
    """Tell what is done about the failure."""
    return (
        Account(
            subject=f"{evidence.step_id}, attempt {evidence.attempt}",
            answer=answer.action.value,
            confidence=1.0,
            reason=answer.reason,
            evidence=f"{evidence.failure.value}: {evidence.error}{_left(evidence)}",
        ),
    )


def _left(evidence: FailureEvidence) -> str:
    """Return what the step may use and what is left, where the run has bounds that bear on the failure."""
    told = [f"{evidence.seconds_left:.3g} s of the budget are left"] if evidence.seconds_left is not None else []
    if evidence.failure is FailureKind.MEMORY and evidence.memory:
        told.append(f"{evidence.memory} of memory for {evidence.threads} threads")
    return f" ({', '.join(told)})" if told else ""


def control() -> Control[FailureEvidence, FailureResponse]:
    """Return a question whose answer is known: what is transient is tried again."""
    evidence = FailureEvidence(
        step_id="control", attempt=1, attempts=3, failure=FailureKind.TRANSIENT, error="gone", replanning="on"
    )
    return Control(evidence, lambda answer: answer.action is Strategy.RETRY)


FAILURE_RESPONSE: DecisionPoint[FailureEvidence, FailureResponse] = DecisionPoint(
    kind="failure_response",
    version="2",
    expert=respond,
    check=check,
    accounts=accounts,
    doubts=doubts,
    settle=settle,
    control=control,
)
