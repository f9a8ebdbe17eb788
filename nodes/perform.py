"""Performing one step of the plan, at the boundary where failures become reports."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.dag import ready
from nodes.boundary import FAILURES, classify, failure_line
from nodes.context import context_of, run_folder
from nodes.events import emit
from nodes.steps.approving import put_forward
from nodes.steps.conforming import conform_table, derive_table
from nodes.steps.formatting import choose_formats
from nodes.steps.mapping import map_columns
from nodes.steps.resolving import resolve_lists
from nodes.steps.setting_aside import dedupe_table, quarantine_table
from nodes.steps.work import Outcome, Work
from state.approval import AskedRef
from state.budget import Spent, check_budget, total
from state.errors import BudgetExhausted, DependencyMissing
from state.plans import Plan, PlanRef, Step, StepKind
from state.reports import FailureKind, Progress, Replan, StepReport, StepStatus, TraceEntry
from state.run import RunContext, RunRequest, RunStatus
from state.supervisor import ExecutorOutput
from tools.disk import no_room
from tools.intake import read_contract, read_intake
from tools.ledger import read_reports, record_report, record_trace
from tools.models.answers import read_answers_kept, total_use
from tools.plans import read_plan
from tools.preconditions import unmet
from tools.workspace import open_workspace

MODELS = "models"
"""The part of what a run has spent that models took; kept in the workspace, told in the state."""

ConnectedStep = Callable[[duckdb.DuckDBPyConnection, Work], Outcome]

_CONNECTED: dict[StepKind, ConnectedStep] = {
    StepKind.MAP: map_columns,
    StepKind.FORMAT: choose_formats,
    StepKind.RESOLVE: resolve_lists,
    StepKind.APPROVE: put_forward,
    StepKind.DEDUPE: dedupe_table,
    StepKind.QUARANTINE: quarantine_table,
}
"""Steps that work on one open connection to the workspace."""

_ALONE: dict[StepKind, Callable[[Work], Outcome]] = {
    StepKind.CONFORM: conform_table,
    StepKind.DERIVE: derive_table,
}
"""Steps that open the workspace themselves, as SQL of the contract runs in another process."""


class PerformInput(TypedDict):
    """Keys performing reads."""

    request: RunRequest
    plan: PlanRef
    replans: dict[str, Replan]
    spent: dict[str, Spent]


def perform(state: PerformInput, runtime: Runtime[RunContext]) -> ExecutorOutput:
    """Perform the next ready step, keep its report in the ledger and tell how far the plan is."""
    context, folder = context_of(runtime), run_folder(runtime, state["request"])
    spent = state.get("spent", {})
    try:
        check_budget(context.budget, total(spent))
        plan = read_plan(state["plan"])
        with open_workspace(folder) as connection:
            reports = read_reports(connection)
            step = next_step(plan, reports)
            broken = unmet(connection, step) if step is not None else ()
        if step is None:
            return {"progress": _progress(plan, reports, None)}
        adjusted = adjusted_context(context, step.step_id, state.get("replans", {}))
        worked = total({name: part for name, part in spent.items() if name != MODELS})
        report, asked = _attempt(step, reports.get(step.step_id), folder, (adjusted, worked), broken)
        with open_workspace(folder) as connection:
            record_report(connection, report)
            reports = read_reports(connection)
            record_trace(connection, _trace(plan, reports, report))
            used = total_use(read_answers_kept(connection)).spent
    except BudgetExhausted as spent_up:
        return {"status": RunStatus.BUDGET_SPENT, "problem": spent_up.line()}
    except FAILURES as error:  # the ledger cannot be read or written: nothing that is done now would be on record
        if no_room(error):
            raise
        return {"status": RunStatus.FAILED, "problem": f"the run's ledger cannot be used: {failure_line(error)}"}
    told = report.detail or f"attempt {report.attempt} failed, {report.error}"
    emit("step", f"{step.step_id}#{report.attempt}", step=step.step_id, status=report.status.value, detail=told)
    return {
        "progress": _progress(plan, reports, report).model_copy(update={"asked": asked}),
        "spent": {
            "execute": spent.get("execute", Spent()).plus(Spent(steps=1, seconds=report.seconds)),
            MODELS: used,
        },
    }


def adjusted_context(context: RunContext, step_id: str, replans: Mapping[str, Replan]) -> RunContext:
    """Return the context in which a step is performed after all that was ruled on its failures."""
    changes: dict[str, int | float] = {}
    for ruling in replans.values():
        if ruling.step_id == step_id and ruling.adjustment is not None:
            changes |= ruling.adjustment.model_dump(exclude_none=True)
    return context.model_copy(update=changes) if changes else context


def next_step(plan: Plan, reports: Mapping[str, StepReport]) -> Step | None:
    """Return the first ready step that prepares a table; None when verification is next."""
    for step in ready(plan, _done(reports)):
        if step.kind in _CONNECTED or step.kind in _ALONE:
            return step
    return None


def _done(reports: Mapping[str, StepReport]) -> set[str]:
    return {step_id for step_id, report in reports.items() if report.status is StepStatus.DONE}


def _progress(plan: Plan, reports: Mapping[str, StepReport], last: StepReport | None) -> Progress:
    return Progress(
        done=len(_done(reports)),
        waiting=next_step(plan, reports) is not None,
        last=f"{last.step_id}: {last.detail or last.error}"[:300] if last else "",
        failed=last if last and last.status is StepStatus.FAILED else None,
    )


def _trace(plan: Plan, reports: Mapping[str, StepReport], report: StepReport) -> TraceEntry:
    done = _done(reports)
    return TraceEntry(
        step_id=report.step_id,
        attempt=report.attempt,
        status=report.status,
        failure=report.failure,
        error=report.error,
        seconds=report.seconds,
        revision=plan.revision,
        completed=sum(step.step_id in done for step in plan.steps),
        remaining=sum(step.step_id not in done for step in plan.steps),
    )


def _attempt(
    step: Step,
    before: StepReport | None,
    folder: Path,
    allowed: tuple[RunContext, Spent],
    broken: tuple[str, ...],
) -> tuple[StepReport, AskedRef | None]:
    attempt, started = before.attempt + 1 if before else 1, time.monotonic()
    try:
        if broken:
            raise DependencyMissing(f"{', '.join(broken)} does not hold any more", where=step.step_id)
        contract, intake = read_contract(folder), read_intake(folder)
        context, worked = allowed
        work = Work(step=step, contract=contract, intake=intake, folder=folder, context=context, spent=worked)
        outcome = _run(work)
    except FAILURES as error:
        if no_room(error) and before is not None and before.failure is FailureKind.DISK:
            raise  # there was none either after what was left aside was removed: the operator must make room
        report = StepReport(
            step_id=step.step_id,
            status=StepStatus.FAILED,
            attempt=attempt,
            seconds=time.monotonic() - started,
            failure=classify(error),
            error=failure_line(error),
        )
        return report, None
    status = StepStatus.WAITING if outcome.asked else StepStatus.OUTDATED if outcome.again else StepStatus.DONE
    report = StepReport(
        step_id=step.step_id,
        status=status,
        attempt=attempt,
        seconds=time.monotonic() - started,
        rows=outcome.rows,
        detail=outcome.detail[:300],
    )
    return report, outcome.asked


def _run(work: Work) -> Outcome:
    if work.step.kind in _ALONE:
        return _ALONE[work.step.kind](work)
    with open_workspace(work.folder, threads=work.context.threads, memory=work.context.memory) as connection:
        return _CONNECTED[work.step.kind](connection, work)
