"""The quality planner in a run: a verification that is not met is followed by a recovery, which the next one judges.

A verification that is met is followed by a critique of the tables below their quality bar, and a recovery goes on only
while each leaves fewer rows in quarantine than the one before.

What a recovery does is recorded in the ledger in the transaction that takes back the steps it concerns; the steps read
it there. One that did not help is taken back the same way, so that the better result before is made again
(`nodes.recovering`).
"""

import time

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.recovery_judging import Judgement, judge_recovery
from nodes.amendments import measure_amendments
from nodes.boundary import FAILURES, failure_line
from nodes.context import context_of, run_folder
from nodes.criticising import criticised, critique_of
from nodes.decide import decide
from nodes.decisions.quality_recovery import QUALITY_RECOVERY, QualityFailure
from nodes.plan_record import steps_given_up
from nodes.planning_state import tell
from nodes.recovering import QualityRun, concerned, planned_anew, put_in_place, settle, steps_from, take_back
from nodes.steps.work import Work
from state.budget import Spent, total
from state.diagnosis import Diagnosis
from state.planning import PlanningState
from state.plans import PlanRef, StepKind
from state.recovery import Foreseen, QualityMetrics, Recovery, RecoveryPlan, RecoveryRef, RecoveryStatus, RecoveryTask
from state.reports import Replan, StepStatus, Strategy
from state.run import CheckSummary, RunContext, RunRequest, RunStatus, TableAccount
from state.sources import SourcesRef
from state.supervisor import SupervisorState
from tools.disk import no_room
from tools.intake import read_contract
from tools.ledger import read_reports, record_decisions
from tools.plans import read_plan
from tools.quality_metrics import measure_failure, standing_of
from tools.recovery import read_foreseen, read_recoveries
from tools.rereads import counted_sources, find_reread, settled_intake
from tools.verification import read_checks
from tools.workspace import open_workspace


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
    replans: dict[str, Replan]
    sources: SourcesRef
    spent: dict[str, Spent]


def recover(state: QualityInput, runtime: Runtime[RunContext]) -> SupervisorState:
    """Judge the recovery in place, then plan the next where the contract is still not met."""
    started, context, folder = time.monotonic(), context_of(runtime), run_folder(runtime, state["request"])
    try:
        with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
            run = QualityRun(
                connection,
                context,
                folder,
                read_contract(folder),
                settled_intake(connection, folder),
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


def _recovered(state: QualityInput, run: QualityRun) -> SupervisorState:
    last, known = run.recoveries[-1] if run.recoveries else None, state.get("recovery")
    judged: SupervisorState = {}
    if last is not None and (known is None or known.number < last.number):
        return _told_begun(state, run, last)  # killed after it was put in place: the graph does not know of it yet
    if last is not None and known is not None and known.status is RecoveryStatus.TRIED:
        if last.status is RecoveryStatus.TRIED:
            last = settle(run, last, _judge(state, run, last))
        if last.status is RecoveryStatus.TAKEN_BACK:
            return _told_taken_back(state, run, last)
        judged = {"recovery": _reference(last)}
        if state["status"] is RunStatus.RUNNING and not criticised(state["checks"], run.context):
            return judged
        run = run._replace(recoveries=read_recoveries(run.connection))
    return _planned(state, run, judged)


def _judge(state: QualityInput, run: QualityRun, recovery: Recovery) -> Judgement:
    if state["status"] is RunStatus.FAILED:
        return Judgement(kept=False, why=state["problem"])
    after = standing_of(
        run.connection, run.contract, read_checks(run.folder), state["accounts"], run.intake.table_files
    )
    return judge_recovery(recovery.plan, recovery.before, after)


def _told_taken_back(state: QualityInput, run: QualityRun, recovery: Recovery) -> SupervisorState:
    kept = ("keep: what was there before is better",)
    ruling = _ruling(run, recovery, Strategy.TAKE_BACK, recovery.outcome, kept)
    return _going_on(state, run, recovery, ruling)


def _told_begun(state: QualityInput, run: QualityRun, recovery: Recovery) -> SupervisorState:
    plan = recovery.plan
    return _going_on(state, run, recovery, _ruling(run, recovery, Strategy.RECOVER, plan.reason, plan.alternatives))


def _going_on(state: QualityInput, run: QualityRun, recovery: Recovery, ruling: Replan) -> SupervisorState:
    """Tell the graph what was put in place, or taken back, with the plan and the counts that follow from it."""
    given_up = steps_given_up(state.get("replans", {}))
    anew = planned_anew(run, recovery, state["request"], given_up, f"verify, {ruling.action.value}: {ruling.reason}")
    if "plan" in anew:
        ruling = ruling.model_copy(update={"revision": run.plan.revision + 1})
    replans = {ruling.replan_id: ruling}
    update: SupervisorState = {
        "recovery": _reference(recovery),
        "replans": replans,
        "planning": tell(PlanningState.REPLANNING, replans),
        "status": RunStatus.RUNNING,
        "problem": "",
    }
    update |= anew
    if find_reread(run.connection, recovery.number) is not None:
        update["sources"] = counted_sources(
            run.connection, settled_intake(run.connection, run.folder), state["sources"]
        )
    return update


def _planned(state: QualityInput, run: QualityRun, judged: SupervisorState) -> SupervisorState:
    """Put the first plan in place that some table has; where none has one, the run stays as it is."""
    improving = state["status"] is RunStatus.RUNNING
    for table in criticised(state["checks"], run.context) if improving else _failing_first(state, run):
        metrics = _metrics(state, run, table)
        recovery_plan = _decide(state, run, table, metrics)
        if improving:
            told = critique_of(run, metrics, recovery_plan)
            judged = {**judged, "critiques": {**judged.get("critiques", {}), told.critique_id: told}}
            if recovery_plan.stops:
                continue
        elif recovery_plan.stops:
            back = _foreseen_back(state, run, table)
            if back is not None:
                return back
            ruling = _stopped(run, recovery_plan)
            judged = {**judged, "replans": {**judged.get("replans", {}), ruling.replan_id: ruling}}
            continue
        checks = read_checks(run.folder)
        before = standing_of(run.connection, run.contract, checks, state["accounts"], run.intake.table_files)
        recovery = Recovery(number=len(run.recoveries) + 1, plan=recovery_plan, before=before)
        put_in_place(run, recovery)
        return {**judged, **_told_begun(state, run, recovery)}
    return judged


def _foreseen_back(state: QualityInput, run: QualityRun, table: str) -> SupervisorState | None:
    """Take back what a lesson foresaw for a table for which nothing else is left; None where there is no such thing.

    What was taken back by a run that was killed before it told so is told now.
    """
    foreseen = next(
        (each for each in read_foreseen(run.connection) if each.table == table and _is_open(state, each)), None
    )
    if foreseen is None:
        return None
    why = foreseen.refuted or "the table does not meet the contract with it, and nothing else is left to try"
    steps = take_back(run, foreseen, why) if foreseen.holds else []
    ruling = Replan(
        replan_id=_foreseen_id(foreseen),
        step_id="verify",
        trigger=f"quality: {table} with what lesson {foreseen.lesson_id} foresaw",
        action=Strategy.TAKE_BACK,
        alternatives=("keep: without it more may be left to try",),
        reason=why,
        again=tuple(step.step_id for step in steps),
        completed=len(run.plan.steps) - len(steps),
    )
    replans = {ruling.replan_id: ruling}
    return {
        "recovery": RecoveryRef(number=0, plan_id="", table=table, status=RecoveryStatus.TAKEN_BACK),
        "replans": replans,
        "planning": tell(PlanningState.REPLANNING, replans),
        "status": RunStatus.RUNNING,
        "problem": "",
    }


def _is_open(state: QualityInput, foreseen: Foreseen) -> bool:
    """Return whether it is in place, or was taken back and not told yet."""
    return foreseen.holds or _foreseen_id(foreseen) not in state.get("replans", {})


def _foreseen_id(foreseen: Foreseen) -> str:
    return f"verify:{foreseen.table}:{foreseen.lesson_id}"


def _failing_first(state: QualityInput, run: QualityRun) -> list[str]:
    """Return the tables with a blocking result in the order in which the plan settles them: causes before symptoms."""
    failing = {result.table for result in read_checks(run.folder) if result.blocking}
    order = [step.table for step in run.plan.steps if step.table is not None]
    return [name for name in dict.fromkeys(order) if name in failing and name in state["accounts"]]


def _work(run: QualityRun, table: str) -> Work:
    step = next(step for step in run.plan.steps if step.table == table)
    return Work(step=step, contract=run.contract, intake=run.intake, folder=run.folder, context=run.context)


def _metrics(state: QualityInput, run: QualityRun, table: str) -> QualityMetrics:
    results, account = read_checks(run.folder), state["accounts"][table]
    metrics = measure_failure(run.connection, run.contract, run.contract.table(table), run.intake, results, account)
    diagnosis = state.get("diagnoses", {}).get(table)
    improving = state["status"] is RunStatus.RUNNING
    amendments = measure_amendments(run.connection, _work(run, table), metrics, diagnosis, improving=improving)
    return metrics.model_copy(update={"amendments": amendments})


def _decide(state: QualityInput, run: QualityRun, table: str, metrics: QualityMetrics) -> RecoveryPlan:
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
        improving=state["status"] is RunStatus.RUNNING,
        seconds_needed=sum(reports[step.step_id].seconds for step in steps_from(run, {table: StepKind.MAP}, reports)),
    )
    evidence = QualityFailure(task=task, metrics=metrics, diagnosis=state.get("diagnoses", {}).get(table))
    recovery_plan, decisions = decide(QUALITY_RECOVERY, evidence)
    record_decisions(run.connection, decisions)
    return recovery_plan


def _reference(recovery: Recovery) -> RecoveryRef:
    plan = recovery.plan
    return RecoveryRef(number=recovery.number, plan_id=plan.plan_id, table=plan.table, status=recovery.status)


def _ruling(
    run: QualityRun, recovery: Recovery, action: Strategy, reason: str, alternatives: tuple[str, ...]
) -> Replan:
    reports = read_reports(run.connection)
    done = {step_id for step_id, report in reports.items() if report.status is StepStatus.DONE}
    left = [step.step_id for step in run.plan.steps if step.step_id not in done]
    failing = ", ".join(list(recovery.before.failing)[:5])
    trigger = f"quality: {failing}" if failing else f"critique: {recovery.plan.table} is below its quality bar"
    return Replan(
        replan_id=f"verify#{recovery.number}" + ("" if action is Strategy.RECOVER else f":{action.value}"),
        step_id="verify",
        trigger=trigger,
        action=action,
        alternatives=alternatives,
        reason=reason,
        again=tuple(step.step_id for step in concerned(run, recovery.plan)),
        completed=len(run.plan.steps) - len(left),
        remaining=tuple(left[:20]),
    )


def _stopped(run: QualityRun, recovery_plan: RecoveryPlan) -> Replan:
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
