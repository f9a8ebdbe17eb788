"""The quality planner in a run: a verification that is not met is followed by a recovery, which the next one judges.

What a recovery does is recorded in the ledger in the transaction that takes back the steps it concerns; the steps read
it there. One that did not help is taken back the same way, so that the better result before is made again.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import duckdb
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.recovery_judging import Judgement, judge_recovery
from nodes.amendments import measure_amendments
from nodes.boundary import FAILURES, failure_line
from nodes.context import context_of, run_folder
from nodes.decide import decide
from nodes.decisions.quality_recovery import QUALITY_RECOVERY, QualityFailure
from nodes.events import emit
from nodes.planning_state import tell
from nodes.steps.work import Work
from state.budget import Spent, total
from state.contract import Contract
from state.diagnosis import Diagnosis, RemedyKind
from state.planning import PlanningState
from state.plans import Plan, PlanRef, Step, StepKind
from state.recovery import QualityMetrics, Recovery, RecoveryPlan, RecoveryRef, RecoveryStatus, RecoveryTask, Standing
from state.reports import Replan, StepReport, StepStatus, Strategy
from state.run import CheckSummary, RunContext, RunRequest, RunStatus, TableAccount
from state.supervisor import SupervisorState
from tools.contract.order import references
from tools.disk import no_room
from tools.intake import Intake, read_contract, read_intake
from tools.ledger import read_reports, record_decisions
from tools.plans import read_plan
from tools.quality_metrics import measure_failure, standing_of
from tools.recovery import read_recoveries, write_recovery
from tools.rewind import rewind
from tools.verification import read_checks
from tools.workspace import open_workspace

_FIRST = {RemedyKind.REMAP: StepKind.MAP, RemedyKind.REFORMAT: StepKind.FORMAT, RemedyKind.RESOLVE: StepKind.FORMAT}
"""The first kind of step that a remedy concerns; of the others it is the one that makes the table."""

_KINDS = (
    *(StepKind.MAP, StepKind.FORMAT, StepKind.RESOLVE, StepKind.APPROVE),
    *(StepKind.CONFORM, StepKind.DERIVE, StepKind.REPAIR, StepKind.DEDUPE, StepKind.QUARANTINE),
)
"""Kinds of steps on a table in their order."""


class QualityInput(TypedDict):
    """Keys the quality planner reads."""

    request: RunRequest
    status: RunStatus
    problem: str
    plan: PlanRef
    checks: CheckSummary
    accounts: dict[str, TableAccount]
    recovery: RecoveryRef
    diagnoses: dict[str, Diagnosis]
    spent: dict[str, Spent]


class _Run(NamedTuple):
    """What the quality planner works on."""

    connection: duckdb.DuckDBPyConnection
    context: RunContext
    folder: Path
    contract: Contract
    intake: Intake
    plan: Plan
    recoveries: tuple[Recovery, ...]


def recover(state: QualityInput, runtime: Runtime[RunContext]) -> SupervisorState:
    """Judge the recovery in place, then plan the next where the contract is still not met."""
    started, context, folder = time.monotonic(), context_of(runtime), run_folder(runtime, state["request"])
    try:
        with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
            run = _Run(
                connection,
                context,
                folder,
                read_contract(folder),
                read_intake(folder),
                read_plan(state["plan"]),
                read_recoveries(connection),
            )
            update = _recovered(state, run)
    except FAILURES as error:
        if no_room(error):
            raise
        told = f"the quality planner failed: {failure_line(error)}"
        return {"status": RunStatus.FAILED, "problem": "; ".join(text for text in (state.get("problem"), told) if text)}
    spent = state.get("spent", {})
    update["spent"] = {"quality": spent.get("quality", Spent()).plus(Spent(seconds=time.monotonic() - started))}
    return update


def _recovered(state: QualityInput, run: _Run) -> SupervisorState:
    last, known = run.recoveries[-1] if run.recoveries else None, state.get("recovery")
    judged: SupervisorState = {}
    if last is not None and (known is None or known.number < last.number):
        return _told_begun(run, last)  # killed after it was put in place: the graph does not know of it yet
    if last is not None and known is not None and known.status is RecoveryStatus.TRIED:
        if last.status is RecoveryStatus.TRIED:
            last = _settled(run, last, _judge(state, run, last))
        if last.status is RecoveryStatus.TAKEN_BACK:
            return _told_taken_back(run, last)
        judged = {"recovery": _reference(last)}
        if state["status"] is RunStatus.RUNNING:
            return judged
        run = run._replace(recoveries=read_recoveries(run.connection))
    return _planned(state, run, judged)


def _judge(state: QualityInput, run: _Run, recovery: Recovery) -> Judgement:
    if state["status"] is RunStatus.FAILED:
        return Judgement(kept=False, why=state["problem"])
    after = standing_of(run.connection, run.contract, read_checks(run.folder), state["accounts"])
    return judge_recovery(recovery.plan, recovery.before, after)


def _settled(run: _Run, recovery: Recovery, judgement: Judgement) -> Recovery:
    """Keep a recovery, or take it back: then what was there before is made again."""
    status = RecoveryStatus.KEPT if judgement.kept else RecoveryStatus.TAKEN_BACK
    settled = recovery.model_copy(update={"status": status, "outcome": judgement.why})
    told = f"{recovery.plan.table}: {status.value.replace('_', ' ')}, {judgement.why}"
    emit("recovery", f"recovery:{recovery.number}:{status.value}", table=recovery.plan.table, detail=told)
    steps = [] if judgement.kept else _concerned(run, recovery.plan)
    rewind(run.connection, steps, lambda: write_recovery(run.connection, settled))
    return settled


def _told_taken_back(run: _Run, recovery: Recovery) -> SupervisorState:
    ruling = _ruling(run, recovery, Strategy.TAKE_BACK, recovery.outcome, ("keep: what was there before is better",))
    return _going_on(recovery, ruling)


def _told_begun(run: _Run, recovery: Recovery) -> SupervisorState:
    plan = recovery.plan
    return _going_on(recovery, _ruling(run, recovery, Strategy.RECOVER, plan.reason, plan.alternatives))


def _going_on(recovery: Recovery, ruling: Replan) -> SupervisorState:
    replans = {ruling.replan_id: ruling}
    return {
        "recovery": _reference(recovery),
        "replans": replans,
        "planning": tell(PlanningState.REPLANNING, replans),
        "status": RunStatus.RUNNING,
        "problem": "",
    }


def _planned(state: QualityInput, run: _Run, judged: SupervisorState) -> SupervisorState:
    """Put the first plan in place that some table has; where none has one, the run stays as it is."""
    for table in _failing_first(state, run):
        recovery_plan = _decide(state, run, table, _metrics(state, run, table))
        if recovery_plan.stops:
            ruling = _stopped(run, recovery_plan)
            judged = {**judged, "replans": {**judged.get("replans", {}), ruling.replan_id: ruling}}
            continue
        before = standing_of(run.connection, run.contract, read_checks(run.folder), state["accounts"])
        return _begun(run, recovery_plan, before)
    return judged


def _failing_first(state: QualityInput, run: _Run) -> list[str]:
    """Return the tables with a blocking result in the order in which the plan settles them: causes before symptoms."""
    failing = {result.table for result in read_checks(run.folder) if result.blocking}
    order = [step.table for step in run.plan.steps if step.table is not None]
    return [name for name in dict.fromkeys(order) if name in failing and name in state["accounts"]]


def _work(run: _Run, table: str) -> Work:
    step = next(step for step in run.plan.steps if step.table == table)
    return Work(step=step, contract=run.contract, intake=run.intake, folder=run.folder, context=run.context)


def _metrics(state: QualityInput, run: _Run, table: str) -> QualityMetrics:
    results, account = read_checks(run.folder), state["accounts"][table]
    metrics = measure_failure(run.connection, run.contract, run.contract.table(table), run.intake, results, account)
    diagnosis = state.get("diagnoses", {}).get(table)
    amendments = measure_amendments(run.connection, _work(run, table), metrics, diagnosis)
    return metrics.model_copy(update={"amendments": amendments})


def _decide(state: QualityInput, run: _Run, table: str, metrics: QualityMetrics) -> RecoveryPlan:
    mine = [recovery for recovery in run.recoveries if recovery.plan.table == table]
    limit, spent = run.context.budget.seconds, total(state.get("spent", {})).seconds
    reports = read_reports(run.connection)
    task = RecoveryTask(
        table=table,
        attempt=len(mine) + 1,
        attempts=run.context.attempts,
        tried=tuple(recovery.plan.plan_id for recovery in run.recoveries),
        least_confidence=run.context.least_confidence,
        seconds_left=None if limit is None else max(0.0, limit - spent),
        seconds_needed=sum(reports[step.step_id].seconds for step in _after(run, table, StepKind.MAP, reports)),
    )
    evidence = QualityFailure(task=task, metrics=metrics, diagnosis=state.get("diagnoses", {}).get(table))
    recovery_plan, decisions = decide(QUALITY_RECOVERY, evidence)
    record_decisions(run.connection, decisions)
    return recovery_plan


def _begun(run: _Run, recovery_plan: RecoveryPlan, before: Standing) -> SupervisorState:
    """Put a recovery in place: it is on record, and the steps it concerns are taken back, in one transaction."""
    recovery = Recovery(number=len(run.recoveries) + 1, plan=recovery_plan, before=before)
    rewind(run.connection, _concerned(run, recovery_plan), lambda: write_recovery(run.connection, recovery))
    told = f"{recovery_plan.table}: {recovery_plan.reason}"
    emit("recovery", f"recovery:{recovery.number}", table=recovery_plan.table, detail=told)
    return _told_begun(run, recovery)


def _concerned(run: _Run, recovery_plan: RecoveryPlan) -> list[Step]:
    """Return the steps that were done and that a recovery changes: of its table, and of all that are made from it."""
    reports = read_reports(run.connection)
    if not recovery_plan.amendments:
        return []
    firsts = [_FIRST.get(amendment.kind, StepKind.CONFORM) for amendment in recovery_plan.amendments]
    return _after(run, recovery_plan.table, min(firsts, key=_KINDS.index), reports)


def _after(run: _Run, table: str, first: StepKind, reports: Mapping[str, StepReport]) -> list[Step]:
    """Return the steps on a table from a kind on, and those on what depends on it from where they look at it."""
    needs = references(run.contract)
    depending: set[str] = set()
    while more := {name for name, others in needs.items() if others & {table, *depending}} - depending - {table}:
        depending |= more
    begins = {table: _KINDS.index(first)} | dict.fromkeys(depending, _KINDS.index(StepKind.RESOLVE))
    return [
        step
        for step in run.plan.steps
        if step.table in begins and _KINDS.index(step.kind) >= begins[step.table] and step.step_id in reports
    ]


def _reference(recovery: Recovery) -> RecoveryRef:
    plan = recovery.plan
    return RecoveryRef(number=recovery.number, plan_id=plan.plan_id, table=plan.table, status=recovery.status)


def _ruling(run: _Run, recovery: Recovery, action: Strategy, reason: str, alternatives: tuple[str, ...]) -> Replan:
    reports = read_reports(run.connection)
    done = {step_id for step_id, report in reports.items() if report.status is StepStatus.DONE}
    left = [step.step_id for step in run.plan.steps if step.step_id not in done]
    failing = ", ".join(list(recovery.before.failing)[:5])
    return Replan(
        replan_id=f"verify#{recovery.number}" + ("" if action is Strategy.RECOVER else f":{action.value}"),
        step_id="verify",
        trigger=f"quality: {failing}",
        action=action,
        alternatives=alternatives,
        reason=reason,
        again=tuple(step.step_id for step in _concerned(run, recovery.plan)),
        completed=len(run.plan.steps) - len(left),
        remaining=tuple(left[:20]),
    )


def _stopped(run: _Run, recovery_plan: RecoveryPlan) -> Replan:
    number = sum(recovery.plan.table == recovery_plan.table for recovery in run.recoveries) + 1
    return Replan(
        replan_id=f"verify:{recovery_plan.table}#{number}",
        step_id="verify",
        trigger=f"quality: {recovery_plan.pattern.value} in {recovery_plan.table}",
        action=Strategy.STOP,
        alternatives=recovery_plan.alternatives,
        reason=recovery_plan.reason,
        completed=len(run.plan.steps),
    )
