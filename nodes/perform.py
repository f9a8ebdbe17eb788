"""Performing one step of a plan, at the boundary where failures become reports."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from algorithms.learned_plans import Conditions, condition_changes
from nodes.boundary import FAILURES, classify, failure_line
from nodes.naming import step_name, tell_report
from nodes.steps.approving import put_forward
from nodes.steps.conforming import conform_table, derive_beside, derive_table, stage_together
from nodes.steps.formatting import choose_formats
from nodes.steps.mapping import map_columns
from nodes.steps.repairing import repair_table
from nodes.steps.resolving import resolve_lists
from nodes.steps.setting_aside import dedupe_table, quarantine_table
from nodes.steps.work import ALONE, Composed, Outcome, Work
from state.approval import AskedRef
from state.budget import Spent
from state.errors import DependencyMissing
from state.plans import Step, StepKind
from state.repair_council import CouncilTask
from state.reports import FailureKind, Replan, StepReport, StepStatus
from state.run import RunContext
from tools.disk import no_room
from tools.intake import read_contract, read_intake
from tools.preconditions import unmet
from tools.tracing.spans import span
from tools.workspace import open_workspace

MODELS = "models"
"""The part of what a run has spent that models took; kept in the workspace, told in the state."""

ConnectedStep = Callable[[duckdb.DuckDBPyConnection, Work], Outcome]

_CONNECTED: dict[StepKind, ConnectedStep] = {
    StepKind.MAP: map_columns,
    StepKind.FORMAT: choose_formats,
    StepKind.RESOLVE: resolve_lists,
    StepKind.APPROVE: put_forward,
    StepKind.REPAIR: repair_table,
    StepKind.DEDUPE: dedupe_table,
    StepKind.QUARANTINE: quarantine_table,
}
"""Steps that work on one open connection to the workspace."""

_ALONE: dict[StepKind, Callable[[Work], Outcome]] = {
    StepKind.CONFORM: conform_table,
    StepKind.DERIVE: derive_table,
}
"""Steps that open the workspace themselves, as SQL of the contract runs in another process."""


class Attempt(NamedTuple):
    """One attempt of a step: its report, when it began (of the clock), what a person or the council is asked."""

    report: StepReport
    began: float
    asked: AskedRef | None = None
    convened: CouncilTask | None = None


def prepares(step: Step) -> bool:
    """Return whether the step prepares a table; the others are verification and publishing."""
    return step.kind in _CONNECTED or step.kind in _ALONE


def replan_id(report: StepReport) -> str:
    """Return the id of the ruling on a failed attempt."""
    return f"{report.step_id}#{report.attempt}"


def adjusted_context(
    context: RunContext, step_id: str, replans: Mapping[str, Replan], known: Conditions | None = None
) -> RunContext:
    """Return the context in which a step is performed: as lessons say it succeeds, then as its failures were ruled."""
    limits = (known or {}).get(step_id, {})
    changes = condition_changes(limits, threads=context.threads, sql_seconds=context.sql_seconds)
    for ruling in replans.values():
        if ruling.step_id == step_id and ruling.adjustment is not None:
            changes |= ruling.adjustment.model_dump(exclude_none=True)
    return context.model_copy(update=changes) if changes else context


def attempt(
    step: Step,
    before: StepReport | None,
    folder: Path,
    context: RunContext,
    worked: Spent,
    composed: Composed = ALONE,
) -> Attempt:
    """Perform a step; what may go wrong becomes a report. Of a disk that stays full the error rises.

    `worked` is what the run has spent before, but for what models took; `composed` are the graphs that it
    may put questions to.
    """
    number = before.attempt + 1 if before else 1
    facts = {"step": step.step_id, "table": step.table, "kind": step.kind.value, "attempt": number}
    with span(step_name(step.step_id, number), pattern="step", **facts) as opened:
        ended = _attempt(step, number, before, folder, context, worked, composed)
        tell_report(opened, ended.report)
    return ended


def _attempt(
    step: Step,
    number: int,
    before: StepReport | None,
    folder: Path,
    context: RunContext,
    worked: Spent,
    composed: Composed,
) -> Attempt:
    began, started = time.time(), time.monotonic()
    try:
        outcome = _run(step, folder, context, worked, composed)
    except FAILURES as error:
        if no_room(error) and before is not None and before.failure is FailureKind.DISK:
            raise  # there was none either after what was left aside was removed: the operator must make room
        report = StepReport(
            step_id=step.step_id,
            status=StepStatus.FAILED,
            attempt=number,
            seconds=time.monotonic() - started,
            failure=classify(error),
            error=failure_line(error),
        )
        return Attempt(report, began)
    report = _report(step, number, outcome, time.monotonic() - started)
    return Attempt(report, began, outcome.asked, outcome.convened)


def attempt_together(
    steps: Sequence[Step], folder: Path, context: RunContext, *, beside: bool = False
) -> tuple[Attempt, ...]:
    """Perform steps that are fused, none of which was tried before; nothing where any of them cannot be performed so.

    Nothing of any of them is done then. `beside`: in a process with a database of its own, while others run.
    """
    named = ", ".join(step_name(step.step_id) for step in steps)
    with span(f"{named} together", pattern="step", step=steps[0].step_id, table=steps[0].table) as opened:
        ended = _attempt_together(steps, folder, context, beside=beside)
        for each in ended:
            tell_report(opened, each.report)
    return ended


def _attempt_together(steps: Sequence[Step], folder: Path, context: RunContext, *, beside: bool) -> tuple[Attempt, ...]:
    works, began = [_work(step, folder, context) for step in steps], time.time()
    made: set[str] = set()
    try:
        with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
            for step in steps:
                if not made.issuperset(unmet(connection, step)):
                    return ()
                made.update(step.effects)
        outcomes = derive_beside(works) if beside else stage_together(works)
    except FAILURES:
        return ()  # which one fails, and how, shows when they are performed one by one
    ended = []
    for step, (outcome, seconds) in zip(steps, outcomes, strict=True):
        ended.append(Attempt(_report(step, 1, outcome, seconds), began))
        began += seconds
    return tuple(ended)


def never_performed(step: Step, before: StepReport | None, placed: int) -> Attempt:
    """Return the failure of a step of which nobody reported, however often it was ordered; it may pass by itself."""
    report = StepReport(
        step_id=step.step_id,
        status=StepStatus.FAILED,
        attempt=before.attempt + 1 if before else 1,
        seconds=0.0,
        failure=FailureKind.TRANSIENT,
        error=f"no worker got the order, which was placed {placed} times",
    )
    return Attempt(report, time.time())


def _report(step: Step, number: int, outcome: Outcome, seconds: float) -> StepReport:
    waits = outcome.asked is not None or outcome.convened is not None
    return StepReport(
        step_id=step.step_id,
        status=StepStatus.WAITING if waits else StepStatus.OUTDATED if outcome.again else StepStatus.DONE,
        attempt=number,
        seconds=seconds,
        rows=outcome.rows,
        detail=outcome.detail[:300],
    )


def _work(
    step: Step, folder: Path, context: RunContext, worked: Spent | None = None, composed: Composed = ALONE
) -> Work:
    contract, intake = read_contract(folder), read_intake(folder)
    return Work(step, contract, intake, folder, context, spent=worked or Spent(), composed=composed)


def _run(step: Step, folder: Path, context: RunContext, worked: Spent, composed: Composed) -> Outcome:
    work = _work(step, folder, context, worked, composed)
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        broken = unmet(connection, step)
        if broken:
            raise DependencyMissing(f"{', '.join(broken)} does not hold any more", where=step.step_id)
        if step.kind in _CONNECTED:
            return _CONNECTED[step.kind](connection, work)
    return _ALONE[step.kind](work)
