"""Replanning, first version: a failed step is tried again when its failure may pass, else the run stops."""

from typing import Any

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.boundary import FAILURES, failure_line
from nodes.context import context_of, run_folder, validated
from nodes.decide import decide
from nodes.decisions.failure_response import FAILURE_RESPONSE, FailureEvidence
from nodes.events import emit
from state.reports import FailureKind, Progress, Replan, StepReport
from state.run import RunContext, RunRequest, RunStatus
from state.supervisor import ExecutorOutput, RulingState
from tools.disk import no_room
from tools.ledger import record_decisions
from tools.workspace import open_workspace


class ReplanInput(TypedDict):
    """Keys replanning reads."""

    request: RunRequest
    progress: Progress


class FailedInput(TypedDict):
    """Keys reading a failed step reads."""

    failed: StepReport | dict[str, Any]


def read_failed(state: FailedInput) -> RulingState:
    """Validate the report of a failed step, which a served graph gets as plain JSON."""
    report = validated(StepReport, state.get("failed"), "failed")
    return {"failed": report, "progress": Progress(done=0, waiting=True, failed=report)}


def replan(state: ReplanInput, runtime: Runtime[RunContext]) -> ExecutorOutput:
    """Decide what is done about the failed step."""
    context = context_of(runtime)
    report = state["progress"].failed
    if report is None:
        return {}
    evidence = FailureEvidence(
        step_id=report.step_id,
        attempt=report.attempt,
        attempts=context.attempts,
        failure=report.failure or FailureKind.DATA,
        error=report.error,
        replanning=context.patterns.replanning,
    )
    response, decisions = decide(FAILURE_RESPONSE, evidence)
    try:
        with open_workspace(run_folder(runtime, state["request"])) as connection:
            record_decisions(connection, decisions)
    except FAILURES as error:  # what cannot be recorded is not done; the run can be resumed
        if no_room(error):
            raise
        problem = f"step {report.step_id} failed: {report.error}; the ledger cannot be written: {failure_line(error)}"
        return {"status": RunStatus.FAILED, "problem": problem}
    ruling = Replan(
        replan_id=f"{report.step_id}#{report.attempt}",
        step_id=report.step_id,
        trigger=f"{evidence.failure.value}: {report.error}",
        action=response.action,
        alternatives=response.alternatives,
        reason=response.reason,
    )
    emit("replan", ruling.replan_id, action=ruling.action, reason=ruling.reason)
    update: ExecutorOutput = {"replans": {ruling.replan_id: ruling}}
    if response.action == "stop":
        update["status"] = RunStatus.FAILED
        update["problem"] = f"step {report.step_id} failed: {report.error}"
    return update
