"""Replanning: what is done about a failed step. The executed part of the plan stays; every ruling is on record.

`rule` decides. What a ruling asks for is done by `nodes.revise` (steps are taken back, or the rest is planned anew) or
by `wait`; adjustments of a step are read by whoever performs it.
"""

import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.learned_plans import learned_conditions
from nodes.boundary import FAILURES, failure_line
from nodes.consulting import judge_of
from nodes.context import context_of, run_folder, validated
from nodes.decide import decide
from nodes.decisions.failure_response import (
    FAILURE_RESPONSE,
    FailureEvidence,
    FailureResponse,
    extended,
    lacks_fallback,
)
from nodes.events import emit
from nodes.fallback import Failure, fallback, told
from nodes.perform import adjusted_context, replan_id
from nodes.plan_record import steps_given_up
from nodes.planning_state import tell
from nodes.proposing import propose
from state.budget import Spent, total
from state.errors import SetupError
from state.planning import FailedPlan, PlanningState
from state.plans import Plan, PlanRef, StepKind
from state.reports import (
    Adjustment,
    FailureKind,
    Progress,
    Replan,
    StepReport,
    StepStatus,
    Strategy,
    TraceEntry,
)
from state.run import RunContext, RunRequest, RunStatus
from state.supervisor import ExecutorOutput, RulingState
from tools.disk import no_room
from tools.ledger import read_reports, read_trace, record_decisions
from tools.lessons_used import lessons_of
from tools.plans import read_plan
from tools.rewind import MAKING
from tools.tracing.spans import span
from tools.workspace import is_staged, open_workspace

_REMAINING_TOLD = 20


class ReplanInput(TypedDict):
    """Keys replanning reads."""

    request: RunRequest
    plan: PlanRef
    progress: Progress
    replans: dict[str, Replan]
    failed_plans: dict[str, FailedPlan]
    spent: dict[str, Spent]


class FailedInput(TypedDict):
    """Keys reading a failed step reads."""

    plan: PlanRef
    failed: StepReport | dict[str, Any]


def read_failed(state: FailedInput) -> RulingState:
    """Validate the report of a failed step, which a served graph gets as plain JSON."""
    report = validated(StepReport, state.get("failed"), "failed")
    steps = [step.step_id for step in read_plan(state["plan"]).steps]
    if report.step_id not in steps:
        hint = f"steps: {', '.join(steps)}"[:500]
        raise SetupError(f"{report.step_id!r} is no step of the plan", where="failed.step_id", hint=hint)
    planning = tell(PlanningState.EXECUTING, {})
    return {"failed": report, "planning": planning, "progress": Progress(done=0, waiting=True, failed=report)}


class _Options(NamedTuple):
    """What could be done about a failed step, found in plan, ledger and workspace."""

    plan: Plan
    done: frozenset[str]
    redo: tuple[str, ...]
    fallback: str  # what the plan that does without the step does otherwise, in words; empty: there is none
    fallback_seconds: float
    failures: int  # of the step since it was done last: a step that was done and is done again begins anew


def rule(state: ReplanInput, runtime: Runtime[RunContext]) -> ExecutorOutput:
    """Decide what is done about the failed step."""
    report = state["progress"].failed
    if report is None:
        return {}
    failure = (report.failure or FailureKind.DATA).value
    with span(
        f"replan {report.step_id}: {failure}", pattern="replanning", step=report.step_id, failure=failure
    ) as told:
        update = _rule(state, report, runtime)
        ruling = update.get("replans", {}).get(replan_id(report))
        if ruling is not None:
            told.tell(action=ruling.action.value, wait_seconds=ruling.wait_seconds, revision=ruling.revision)
            told.show(trigger=ruling.trigger, reason=ruling.reason)
    return update


def _rule(state: ReplanInput, report: StepReport, runtime: Runtime[RunContext]) -> ExecutorOutput:
    context, folder = context_of(runtime), run_folder(runtime, state["request"])
    try:
        options, evidence = _known(state, report, context, folder)
        with open_workspace(folder) as connection:
            response, decisions = decide(FAILURE_RESPONSE, evidence, judge_of(context, connection))
            record_decisions(connection, decisions, step_id=report.step_id)
            reports = read_reports(connection)
    except FAILURES as error:  # what cannot be recorded is not done; the run can be resumed
        if no_room(error):
            raise
        problem = f"step {report.step_id} failed: {report.error}; the ledger cannot be used: {failure_line(error)}"
        planning = tell(PlanningState.FAILED, state.get("replans", {}))
        return {"status": RunStatus.FAILED, "problem": problem, "planning": planning}
    ruling = _ruling(report, evidence, response, options, _wait(state["request"], report, response, context))
    emit("replan", ruling.replan_id, action=ruling.action.value, reason=ruling.reason)
    update: ExecutorOutput = {"replans": {ruling.replan_id: ruling}}
    if ruling.action is Strategy.STOP:
        update["replans"] |= _stopped_with(ruling, reports, state.get("replans", {}))
        update["status"] = RunStatus.FAILED
        update["planning"] = tell(PlanningState.FAILED, {**state.get("replans", {}), **update["replans"]})
        update["problem"] = f"step {report.step_id} failed: {report.error}"
    return update


def _stopped_with(
    ruling: Replan, reports: Mapping[str, StepReport], replans: Mapping[str, Replan]
) -> dict[str, Replan]:
    """Return rulings on the steps that failed beside the one that stops the run: `resume` tries them again as well."""
    found = {}
    for report in reports.values():
        name = replan_id(report)
        if report.status is StepStatus.FAILED and name not in replans and name != ruling.replan_id:
            changes = {
                "replan_id": name,
                "step_id": report.step_id,
                "trigger": f"{(report.failure or FailureKind.DATA).value}: {report.error}",
                "alternatives": (),
                "reason": f"the run stops for {ruling.step_id}",
            }
            found[name] = ruling.model_copy(update=changes)
    return found


def wait(state: ReplanInput, runtime: Runtime[RunContext]) -> ExecutorOutput:  # noqa: ARG001  a node's shape
    """Wait before the next attempt, as the last ruling says."""
    report = state["progress"].failed
    if report is None:
        return {}
    seconds = state["replans"][replan_id(report)].wait_seconds
    time.sleep(seconds)
    spent = state.get("spent", {})
    return {"spent": {"wait": spent.get("wait", Spent()).plus(Spent(seconds=seconds))}}


def last_ruling(progress: Progress, replans: dict[str, Replan]) -> Replan | None:
    """Return the ruling on the step that failed last."""
    return replans.get(replan_id(progress.failed)) if progress.failed is not None else None


def _known(
    state: ReplanInput, report: StepReport, context: RunContext, folder: Path
) -> tuple[_Options, FailureEvidence]:
    """Return what could be done; where the run would stop, a model may have proposed how to do without the step."""
    options = _options(state, report, context, folder)
    evidence = _evidence(state, report, context, options)
    if lacks_fallback(evidence):
        failure = Failure(options.plan, report.step_id, steps_given_up(state.get("replans", {})), options.done)
        if propose(failure, report.error, state["request"], context):
            options = _options(state, report, context, folder)
            evidence = _evidence(state, report, context, options)
    return options, evidence


def _options(state: ReplanInput, report: StepReport, context: RunContext, folder: Path) -> _Options:
    plan = read_plan(state["plan"])
    with open_workspace(folder) as connection:
        reports = read_reports(connection)
        done = frozenset(step_id for step_id, each in reports.items() if each.status is StepStatus.DONE)
        lost = {
            step.table
            for step in plan.steps
            if step.kind in MAKING and step.step_id in done and not is_staged(connection, step.table or "")
        }
        failures = _failures(read_trace(connection), report)
    failure = Failure(plan, report.step_id, steps_given_up(state.get("replans", {})), done)
    found = fallback(failure, state["request"], context, state.get("failed_plans", {}))
    words, seconds = ("", 0.0) if found is None else (told(found, failure), _seconds_left_of(found.plan, done))
    return _Options(plan, done, _redo(plan, report, done, lost), words, seconds, failures)


def _failures(trace: Sequence[TraceEntry], report: StepReport) -> int:
    done = (entry.attempt for entry in trace if entry.step_id == report.step_id and entry.status is StepStatus.DONE)
    return report.attempt - max((attempt for attempt in done if attempt < report.attempt), default=0)


def _redo(plan: Plan, report: StepReport, done: frozenset[str], lost: set[str | None]) -> tuple[str, ...]:
    """Return the steps to do again, the failed one among them, as it may have left something.

    On tables that are lost these are the steps from their making on, else all on the step's own table.
    """
    if report.failure not in (FailureKind.DEPENDENCY, FailureKind.SCHEMA):
        return ()
    if lost:
        making = {step.table: position for position, step in enumerate(plan.steps) if step.kind in MAKING}
        again = [s for position, s in enumerate(plan.steps) if s.table in lost and position >= making[s.table]]
    else:
        again = [step for step in plan.steps if step.table == plan.step(report.step_id).table]
    return tuple(step.step_id for step in again if step.step_id in done or step.step_id == report.step_id)


def _evidence(state: ReplanInput, report: StepReport, context: RunContext, options: _Options) -> FailureEvidence:
    replans = state.get("replans", {})
    known = learned_conditions(lessons_of(context.run_folder(state["request"].run_id)), options.plan.steps)
    adjusted = adjusted_context(context, report.step_id, replans, known)
    failure = report.failure or FailureKind.DATA
    alone = options.plan.step(report.step_id).kind is StepKind.DERIVE  # one thread, for the same bytes every time
    limit = context.budget.seconds
    return FailureEvidence(
        step_id=report.step_id,
        attempt=options.failures,
        attempts=context.attempts,
        failure=failure,
        error=report.error,
        replanning=context.patterns.replanning,
        tried=tuple(
            ruling.action
            for ruling in replans.values()
            if ruling.step_id == report.step_id and ruling.trigger.startswith(f"{failure.value}:")
        ),
        threads=1 if alone else adjusted.threads,
        sql_seconds=adjusted.sql_seconds,
        seconds_left=None if limit is None else max(0.0, limit - total(state.get("spent", {})).seconds),
        redo=options.redo,
        fallback=options.fallback,
        fallback_seconds=options.fallback_seconds,
        memory=adjusted.memory,
    )


def _seconds_left_of(plan: Plan, done: frozenset[str]) -> float:
    return sum(step.seconds for step in plan.steps if step.step_id not in done)


def _ruling(
    report: StepReport,
    evidence: FailureEvidence,
    response: FailureResponse,
    options: _Options,
    wait_seconds: float,
) -> Replan:
    adjustment = {
        Strategy.SCALE_DOWN: Adjustment(threads=1),
        Strategy.EXTEND: Adjustment(sql_seconds=extended(evidence)),
    }.get(response.action)
    left = tuple(step.step_id for step in options.plan.steps if step.step_id not in options.done)
    return Replan(
        replan_id=replan_id(report),
        step_id=report.step_id,
        trigger=f"{evidence.failure.value}: {report.error}",
        action=response.action,
        alternatives=response.alternatives,
        reason=response.reason,
        wait_seconds=wait_seconds,
        adjustment=adjustment,
        again={Strategy.REDO: options.redo, Strategy.FALL_BACK: (report.step_id,)}.get(response.action, ()),
        revision=options.plan.revision + 1 if response.action is Strategy.FALL_BACK else None,
        completed=len(options.plan.steps) - len(left),
        remaining=left[:_REMAINING_TOLD],
    )


def _wait(request: RunRequest, report: StepReport, response: FailureResponse, context: RunContext) -> float:
    """Return the seconds to wait: doubled with each attempt, and between half of that and all of it.

    The jitter keeps runs that failed together from coming back together; it is drawn from the ruling's id, so that a
    repeated ruling is the same.
    """
    if response.action is not Strategy.RETRY:
        return 0.0
    longest = min(context.retry_wait_most, context.retry_wait * 2.0 ** (report.attempt - 1))
    draw = random.Random(f"{request.run_id} {replan_id(report)}")  # noqa: S311  spread, not secrecy
    return longest * draw.uniform(0.5, 1.0)
