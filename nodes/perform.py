"""Performing one step of the plan, at the boundary where failures become reports."""

import time
from collections.abc import Callable

import duckdb
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.dag import ready
from nodes.boundary import FAILURES, classify, failure_line
from nodes.context import context_of, run_folder
from nodes.events import emit
from nodes.steps.conforming import conform_table, derive_table
from nodes.steps.formatting import choose_formats
from nodes.steps.mapping import map_columns
from nodes.steps.resolving import resolve_lists
from nodes.steps.setting_aside import dedupe_table, quarantine_table
from nodes.steps.work import Outcome, Work
from state.budget import Spent, check_budget, total
from state.errors import BudgetExhausted
from state.plans import Plan, Step, StepKind
from state.reports import StepReport, StepStatus
from state.run import RunContext, RunRequest, RunStatus
from state.supervisor import ExecutorOutput
from tools.intake import read_contract, read_intake
from tools.workspace import open_workspace

ConnectedStep = Callable[[duckdb.DuckDBPyConnection, Work], Outcome]

_CONNECTED: dict[StepKind, ConnectedStep] = {
    StepKind.MAP: map_columns,
    StepKind.FORMAT: choose_formats,
    StepKind.RESOLVE: resolve_lists,
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
    plan: Plan
    steps: dict[str, StepReport]
    spent: dict[str, Spent]


def perform(state: PerformInput, runtime: Runtime[RunContext]) -> ExecutorOutput:
    """Perform the next ready step and report how it ended."""
    context = context_of(runtime)
    step = next_step(state["plan"], state.get("steps", {}))
    if step is None:
        return {}
    try:
        check_budget(context.budget, total(state.get("spent", {})))
    except BudgetExhausted as spent_up:
        return {"status": RunStatus.BUDGET_SPENT, "problem": spent_up.line()}
    before = state.get("steps", {}).get(step.step_id)
    attempt = before.attempt + 1 if before is not None else 1
    started = time.monotonic()
    report = _attempt(state, runtime, step, attempt)
    seconds = time.monotonic() - started
    report = report.model_copy(update={"seconds": seconds})
    told = report.detail if report.status is StepStatus.DONE else f"attempt {attempt} failed, {report.error}"
    emit("step", f"{step.step_id}#{attempt}", step=step.step_id, status=report.status.value, detail=told)
    return {"steps": {step.step_id: report}, "spent": {f"{step.step_id}#{attempt}": Spent(steps=1, seconds=seconds)}}


def next_step(plan: Plan, reports: dict[str, StepReport]) -> Step | None:
    """Return the first ready step that prepares a table; None when verification is next."""
    done = {step_id for step_id, report in reports.items() if report.status is StepStatus.DONE}
    for step in ready(plan, done):
        if step.kind in _CONNECTED or step.kind in _ALONE:
            return step
    return None


def _attempt(state: PerformInput, runtime: Runtime[RunContext], step: Step, attempt: int) -> StepReport:
    folder, context = run_folder(runtime, state["request"]), context_of(runtime)
    work = Work(step=step, contract=read_contract(folder), intake=read_intake(folder), folder=folder, context=context)
    try:
        outcome = _run(work)
    except FAILURES as error:
        return StepReport(
            step_id=step.step_id,
            status=StepStatus.FAILED,
            attempt=attempt,
            seconds=0.0,
            failure=classify(error),
            error=failure_line(error),
        )
    return StepReport(
        step_id=step.step_id,
        status=StepStatus.DONE,
        attempt=attempt,
        seconds=0.0,
        rows=outcome.rows,
        detail=outcome.detail[:300],
    )


def _run(work: Work) -> Outcome:
    if work.step.kind in _ALONE:
        return _ALONE[work.step.kind](work)
    with open_workspace(work.folder, threads=work.context.threads, memory=work.context.memory) as connection:
        return _CONNECTED[work.step.kind](connection, work)
