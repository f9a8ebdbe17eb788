"""How cases of each kind end: what a final result must be borne out by, and what is told without one."""

import json

from pydantic import ValidationError

from algorithms.diagnosis.bars import score
from algorithms.diagnosis.choice import weigh
from algorithms.diagnosis.expert import ExpertPolicy
from algorithms.diagnosis.remedies import remedy_for
from state.diagnosis import Cause, Diagnosis
from state.errors import StepError
from state.reasoning import ActionCall, ActionKind, Proposal, ReasoningStep, ReasoningTask
from state.symptoms import TestResult
from tools.actions.arguments import FinalDiagnosis

Steps = tuple[ReasoningStep, ...]

_MOST_KEPT = 20
_MOST_REASON = 500
_BORNE_OUT = 0.5
_NEED_NO_TEST = (Cause.UNKNOWN, Cause.NOTHING_WRONG)


def finished_diagnosis(task: ReasoningTask, steps: Steps, proposal: Proposal, call: ActionCall) -> str:
    """Return the diagnosis of a final result; rows and remedy come from the test, whoever names the cause."""
    if proposal.decided_by == "expert":
        return Diagnosis.model_validate_json(call.arguments).model_dump_json()
    named = FinalDiagnosis.model_validate_json(call.arguments)
    results = _results(steps)
    weighed = tuple(hypothesis for hypothesis, _ in weigh(tuple(results.values()), None))[:8]
    if named.cause in _NEED_NO_TEST:
        return Diagnosis(
            table=task.subject,
            cause=named.cause,
            confidence=named.confidence,
            hypotheses=weighed,
            reason=named.reason[:_MOST_REASON],
        ).model_dump_json()
    result = results.get(named.cause)
    if result is None:
        raise StepError(f"{named.cause.value} has not been tested", hint="test it with validate_data first")
    fits = score(result)[0]
    if fits < _BORNE_OUT:
        raise StepError(
            f"the test of {named.cause.value} scores {fits:.2f} of {_BORNE_OUT}: {result.told}"[:400],
            hint="test another cause, or end with unknown",
        )
    return Diagnosis(
        table=task.subject,
        cause=named.cause,
        columns=result.columns,
        rows=result.rows,
        confidence=min(named.confidence, fits),
        remedy=remedy_for(result),
        hypotheses=weighed,
        reason=(named.reason or result.told)[:_MOST_REASON],
    ).model_dump_json()


def diagnosed_so_far(task: ReasoningTask, steps: Steps) -> str:
    """Return what the expert makes of the tests so far, without further ones."""
    last = task.model_copy(update={"max_steps": 1})
    for call in ExpertPolicy().propose(last, steps).actions:
        if call.name == ActionKind.FINAL_RESULT.value:
            return call.arguments
    reason = "the case ended before the table was looked at"
    return Diagnosis(table=task.subject, cause=Cause.UNKNOWN, reason=reason).model_dump_json()


def finished_answer(task: ReasoningTask, steps: Steps, proposal: Proposal, call: ActionCall) -> str:  # noqa: ARG001
    """Return the answer as it was given."""
    return call.arguments


def told_so_far(task: ReasoningTask, steps: Steps) -> str:
    """Return the conclusions and thoughts that were kept."""
    kept = [
        json.loads(seen.content)["kept"]
        for step in steps
        for call, seen in zip(step.actions, step.observations, strict=True)
        if call.name == ActionKind.REASON.value and not seen.failed
    ]
    known = [text for step in steps for text in step.thought.known]
    told = {"answer": "", "subject": task.subject, "conclusions": kept[-_MOST_KEPT:], "known": known[-_MOST_KEPT:]}
    return json.dumps(told)


def _results(steps: Steps) -> dict[Cause, TestResult]:
    """Return what the tests measured, by cause."""
    found: dict[Cause, TestResult] = {}
    for step in steps:
        for call, seen in zip(step.actions, step.observations, strict=True):
            if call.name == ActionKind.VALIDATE_DATA.value and not seen.failed:
                try:
                    result = TestResult.model_validate_json(seen.content)
                except ValidationError:
                    continue
                found[result.cause] = result
    return found
