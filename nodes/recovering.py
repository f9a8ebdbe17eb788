"""Putting a recovery in place and taking it back: what it changes is taken back with it in one transaction.

Where files are read again, or their columns mapped otherwise, what is known of the tables changes, so that the delivery
is planned anew; what is executed and not concerned stays.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import duckdb

from algorithms.recovery_judging import Judgement
from nodes.events import emit
from nodes.plan import plan_run
from nodes.plan_revision import completed
from nodes.rereads import prepare_reread
from state.contract import Contract
from state.diagnosis import RemedyKind
from state.experience import LessonUse
from state.plans import Plan, Step, StepKind
from state.recovery import Foreseen, Recovery, RecoveryPlan, RecoveryStatus
from state.reports import StepReport
from state.run import RunContext, RunRequest
from state.supervisor import SupervisorState
from tools.contract.order import references
from tools.intake import Intake, replace_intake
from tools.ledger import read_reports
from tools.lessons_used import record_use
from tools.recovery import write_foreseen, write_recovery
from tools.rereads import begin_reread, end_reread, find_reread, settled_intake
from tools.rewind import rewind

_FIRST = {
    RemedyKind.REREAD: StepKind.MAP,
    RemedyKind.REMAP: StepKind.MAP,
    RemedyKind.REFORMAT: StepKind.FORMAT,
    RemedyKind.RESOLVE: StepKind.FORMAT,
}
"""The first kind of step that a remedy concerns; of the others it is the one that makes the table."""

_KINDS = (
    *(StepKind.MAP, StepKind.FORMAT, StepKind.RESOLVE, StepKind.APPROVE),
    *(StepKind.CONFORM, StepKind.DERIVE, StepKind.REPAIR, StepKind.DEDUPE, StepKind.QUARANTINE),
)
"""Kinds of steps on a table in their order."""

_PLANNED_ANEW = frozenset({RemedyKind.REREAD, RemedyKind.REMAP})


class QualityRun(NamedTuple):
    """What the quality planner works on."""

    connection: duckdb.DuckDBPyConnection
    context: RunContext
    folder: Path
    contract: Contract
    intake: Intake
    plan: Plan
    recoveries: tuple[Recovery, ...]


def put_in_place(run: QualityRun, recovery: Recovery) -> None:
    """Put a recovery on record and do what it says: steps are taken back, files landed anew, in one transaction."""
    reread = prepare_reread(recovery, run.intake, run.folder)

    def record() -> None:
        if reread is not None:
            begin_reread(run.connection, reread)
        write_recovery(run.connection, recovery)

    rewind(run.connection, concerned(run, recovery.plan), record)
    if reread is not None:
        replace_intake(run.folder, reread.after)
    told = f"{recovery.plan.table}: {recovery.plan.reason}"
    emit("recovery", f"recovery:{recovery.number}", table=recovery.plan.table, detail=told)


def settle(run: QualityRun, recovery: Recovery, judgement: Judgement) -> Recovery:
    """Keep a recovery, or take it back: then what was there before is made again."""
    status = RecoveryStatus.KEPT if judgement.kept else RecoveryStatus.TAKEN_BACK
    settled = recovery.model_copy(update={"status": status, "outcome": judgement.why})
    told = f"{recovery.plan.table}: {status.value.replace('_', ' ')}, {judgement.why}"
    emit("recovery", f"recovery:{recovery.number}:{status.value}", table=recovery.plan.table, detail=told)

    def record() -> None:
        end_reread(run.connection, recovery.number, kept=judgement.kept)
        write_recovery(run.connection, settled)

    rewind(run.connection, [] if judgement.kept else concerned(run, recovery.plan), record)
    settled_intake(run.connection, run.folder)
    return settled


def take_back(run: QualityRun, foreseen: Foreseen, why: str) -> list[Step]:
    """Take back what a lesson foresaw, with the steps it concerns; return these."""
    steps = steps_from(run, {foreseen.table: StepKind.FORMAT}, read_reports(run.connection))

    def record() -> None:
        write_foreseen(run.connection, foreseen.model_copy(update={"refuted": why}))
        told = f"taken back: {why}"
        record_use(
            run.connection,
            LessonUse(
                lesson_id=foreseen.lesson_id,
                kind=foreseen.kind,
                steps=(f"{StepKind.FORMAT.value}:{foreseen.table}",),
                effect=told,
                held=False,
            ),
        )

    rewind(run.connection, steps, record)
    emit(
        "recovery", f"foreseen:{foreseen.table}:{foreseen.lesson_id}", table=foreseen.table, detail=f"taken back: {why}"
    )
    return steps


def concerned(run: QualityRun, recovery_plan: RecoveryPlan) -> list[Step]:
    """Return the steps that were done and that a recovery changes: of its table, and of all that are made from it.

    A file that is read again, or gets a header variant of its own, may feed other tables; these begin anew as well.
    """
    if not recovery_plan.amendments:
        return []
    firsts = [_FIRST.get(amendment.kind, StepKind.CONFORM) for amendment in recovery_plan.amendments]
    begins = {recovery_plan.table: min(firsts, key=_KINDS.index)}
    again = {file for each in recovery_plan.amendments if each.kind in _PLANNED_ANEW for file in each.files}
    fed = [name for name, files in run.intake.table_files.items() if again & set(files)]
    return steps_from(run, begins | dict.fromkeys(fed, StepKind.MAP), read_reports(run.connection))


def steps_from(run: QualityRun, begins: Mapping[str, StepKind], reports: Mapping[str, StepReport]) -> list[Step]:
    """Return the steps on tables from a kind on, and those on what depends on them from where they look at them."""
    needs = references(run.contract)
    depending: set[str] = set()
    while more := {name for name, others in needs.items() if others & {*begins, *depending}} - depending - set(begins):
        depending |= more
    places = dict.fromkeys(depending, _KINDS.index(StepKind.RESOLVE))
    places |= {name: _KINDS.index(kind) for name, kind in begins.items()}
    return [
        step
        for step in run.plan.steps
        if step.table in places and _KINDS.index(step.kind) >= places[step.table] and step.step_id in reports
    ]


def planned_anew(
    run: QualityRun, recovery: Recovery, request: RunRequest, given_up: frozenset[str], trigger: str
) -> SupervisorState:
    """Return the delivery as it is planned on what is known now, where the recovery may have changed that."""
    kinds = {amendment.kind for amendment in recovery.plan.amendments}
    if not kinds & _PLANNED_ANEW and find_reread(run.connection, recovery.number) is None:
        return {}
    found = plan_run(request, run.context, given_up)
    if not isinstance(found, Plan) or found.plan_id == run.plan.plan_id:
        return {}
    plan = found.model_copy(update={"revision": run.plan.revision + 1})
    anew = completed(plan, run.plan, request, run.context, given_up, trigger)
    return {"plan": anew.plan, "revisions": anew.revisions}
