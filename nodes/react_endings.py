"""How cases of each kind end: what a final result must be borne out by, and what is told without one."""

import json
from collections.abc import Iterable

from algorithms.diagnosis.bars import score
from algorithms.diagnosis.evidence import CaseEvidence, object_of
from algorithms.diagnosis.expert import ExpertPolicy
from state.diagnosis import Cause, Diagnosis
from state.errors import StepError
from state.reasoning import ActionCall, ActionKind, Proposal, ReasoningStep, ReasoningTask
from tools.actions.arguments import FinalDiagnosis

Steps = tuple[ReasoningStep, ...]

_MOST_KEPT = 20
_MOST_REASON = 500


def finished_diagnosis(task: ReasoningTask, steps: Steps, proposal: Proposal, call: ActionCall) -> str:
    """Return the diagnosis of a final result, with the rows and remedy of its test, whoever names the cause.

    A model's cause is accepted where the expert, who judges the same tests, has none left to ask for and comes to the
    same cause. So a model can take a shorter way to a cause, and no way to one that the tests do not bear out.
    """
    if proposal.decided_by == "expert":
        return Diagnosis.model_validate_json(call.arguments).model_dump_json()
    named = FinalDiagnosis.model_validate_json(call.arguments)
    (wanted, *more) = ExpertPolicy().propose(task, steps).actions
    if wanted.name != ActionKind.FINAL_RESULT.value:
        raise StepError(f"{named.cause.value} is not settled yet", hint=f"call {_in_words((wanted, *more))} first")
    judged = Diagnosis.model_validate_json(wanted.arguments)
    if judged.cause is not named.cause:
        raise StepError(
            _refusal(task, steps, named.cause, judged), hint=f"test another cause, or end with {judged.cause}"
        )
    told = {
        "confidence": min(named.confidence, judged.confidence),
        "reason": (named.reason or judged.reason)[:_MOST_REASON],
    }
    return judged.model_copy(update=told).model_dump_json()


def _in_words(calls: Iterable[ActionCall]) -> str:
    told = [(call.name, object_of(call.arguments).get("cause", "")) for call in calls]
    return ", ".join(f"{name} {cause}".strip() for name, cause in told)


def _refusal(task: ReasoningTask, steps: Steps, cause: Cause, judged: Diagnosis) -> str:
    result = CaseEvidence(task.subject, steps).results.get(cause)
    if result is None:
        return f"no test bears out {cause.value}: the tests so far say {judged.cause.value}"
    fits, told = score(result)
    return f"the test of {cause.value} scores {fits:.2f}, and the tests so far say {judged.cause.value}: {told}"[:400]


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
