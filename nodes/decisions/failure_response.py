"""Decision: what is done after a step failed. First version: try again what is transient, else stop with the reason."""

from nodes.decide import Account, DecisionPoint
from state.reports import FailureKind
from state.values import Value


class FailureEvidence(Value):
    """What is known about a failed step."""

    step_id: str
    attempt: int
    attempts: int  # allowed
    failure: FailureKind
    error: str
    replanning: str  # the switch patterns.replanning


class FailureResponse(Value):
    """What is done: `retry` or `stop`."""

    action: str
    reason: str
    alternatives: tuple[str, ...]


def respond(evidence: FailureEvidence) -> FailureResponse:
    """Return the expert's response."""
    if evidence.failure is not FailureKind.TRANSIENT:
        return FailureResponse(
            action="stop",
            reason=f"a failure of class {evidence.failure.value} does not pass by itself",
            alternatives=("retry: the same step would meet the same failure",),
        )
    if evidence.replanning == "off":
        return FailureResponse(
            action="stop", reason="patterns.replanning is off", alternatives=("retry: switched off",)
        )
    if evidence.attempt >= evidence.attempts:
        return FailureResponse(
            action="stop",
            reason=f"failed {evidence.attempt} times",
            alternatives=(f"retry: all {evidence.attempts} attempts are used",),
        )
    return FailureResponse(action="retry", reason="the failure may pass", alternatives=("stop: attempts are left",))


def check(evidence: FailureEvidence, answer: FailureResponse) -> str | None:
    """Return what is wrong: an unknown action, or a retry that is switched off, used up, or of wrong books."""
    if answer.action not in ("retry", "stop"):
        return f"unknown action {answer.action!r}"
    if answer.action == "stop":
        return None
    if evidence.attempt >= evidence.attempts:
        return "a retry beyond the allowed attempts"
    if evidence.replanning == "off":
        return "a retry though patterns.replanning is off"
    return "a retry though the books do not balance" if evidence.failure is FailureKind.ACCOUNTING else None


def accounts(evidence: FailureEvidence, answer: FailureResponse) -> tuple[Account, ...]:
    """Tell what is done about the failure."""
    return (
        Account(
            subject=f"{evidence.step_id}, attempt {evidence.attempt}",
            answer=answer.action,
            confidence=1.0,
            reason=answer.reason,
            evidence=evidence.error,
        ),
    )


FAILURE_RESPONSE: DecisionPoint[FailureEvidence, FailureResponse] = DecisionPoint(
    kind="failure_response", version="1", expert=respond, check=check, accounts=accounts
)
