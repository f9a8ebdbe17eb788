"""Diagnosing what failed: which tables become cases, and how the diagnoses go on record."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.boundary import FAILURES, failure_line
from nodes.context import context_of, run_folder
from nodes.decide import Account, record
from nodes.events import emit
from state.checks import CheckResult
from state.decisions import DecidedBy, Decision
from state.diagnosing import DiagnoseOutput, DiagnoseState
from state.diagnosis import Cause, Diagnosis, RemedyKind
from state.plans import Plan
from state.react import Ending, ReactOutcome
from state.reasoning import ReasoningTask
from state.reports import FailureKind, StepReport, StepStatus
from state.run import RunContext, RunRequest
from state.values import digest
from tools.cases import case_log
from tools.diagnosis.complaint import complaint_of
from tools.disk import no_room
from tools.intake import read_contract
from tools.ledger import read_reports, record_decisions
from tools.plans import last_plan
from tools.verification import read_checks
from tools.workspace import open_workspace

KIND = "diagnosis"
MOST_TABLES = 5
_ABOUT_DATA = frozenset({FailureKind.DATA, FailureKind.SCHEMA})
_MOST_TOLD = 300


class ChooseInput(TypedDict):
    """Keys the choice reads."""

    request: RunRequest


class RecordInput(TypedDict):
    """Keys the record reads."""

    request: RunRequest
    cases: tuple[ReasoningTask, ...]
    outcomes: dict[str, ReactOutcome]


def choose_cases(state: ChooseInput, runtime: Runtime[RunContext]) -> DiagnoseState:
    """Make a case of every table with a failing check, or with a step that failed on its data; at most five."""
    context, folder = context_of(runtime), run_folder(runtime, state["request"])
    if context.patterns.react == "off":
        return {"cases": ()}
    try:
        return {"cases": _cases(folder, context)}
    except FAILURES as error:  # the run ends with what it has; why there is no diagnosis is told
        if no_room(error):
            raise
        emit(KIND, "diagnosis:none", detail=f"nothing was diagnosed: {failure_line(error)}"[:_MOST_TOLD])
        return {"cases": ()}


def record_diagnoses(state: RecordInput, runtime: Runtime[RunContext]) -> DiagnoseOutput:
    """Put every diagnosis on record as a decision, and hand it on."""
    folder, details = run_folder(runtime, state["request"]), {case.subject: case.details for case in state["cases"]}
    found: dict[str, Diagnosis] = {}
    decisions = []
    for outcome in state["outcomes"].values():
        diagnosis = Diagnosis.model_validate_json(outcome.answer)
        found[diagnosis.table] = diagnosis
        decisions.append(_decision(diagnosis, outcome, details.get(outcome.subject, "")))
        emit(
            KIND,
            f"diagnosis:{outcome.case_id}",
            table=diagnosis.table,
            cause=diagnosis.cause.value,
            rows=diagnosis.rows.count,
            confidence=diagnosis.confidence,
            remedy=diagnosis.remedy.kind.value,
            reason=diagnosis.reason[:_MOST_TOLD],
            detail=f"{diagnosis.table}: {in_words(diagnosis)}"[:_MOST_TOLD],
        )
    with open_workspace(folder) as connection:
        record_decisions(connection, decisions)
    return {"diagnoses": found}


def _cases(folder: Path, context: RunContext) -> tuple[ReasoningTask, ...]:
    blocking = [result for result in read_checks(folder) if result.blocking]
    with open_workspace(folder, threads=context.threads) as connection:
        reports = read_reports(connection)
        failing = {*_failing_tables(last_plan(folder), reports), *(result.table for result in blocking)}
        tables = [table.name for table in read_contract(folder).tables if table.name in failing and not table.derived]
        left = ", ".join(tables[MOST_TABLES:])
        if left:
            emit(KIND, "diagnosis:left", detail=f"at most {MOST_TABLES} tables are diagnosed, not {left}"[:_MOST_TOLD])
        return tuple(_case(connection, table, blocking, reports) for table in tables[:MOST_TABLES])


def _failing_tables(plan: Plan, reports: Mapping[str, StepReport]) -> Iterator[str]:
    for step in plan.steps:
        report = reports.get(step.step_id)
        failed = report is not None and report.status is StepStatus.FAILED and report.failure in _ABOUT_DATA
        if failed and step.table is not None:
            yield step.table


def _case(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    blocking: list[CheckResult],
    reports: Mapping[str, StepReport],
) -> ReasoningTask:
    """Return the task of a table; the goal names the state it is in, so that a table made anew is a case of its own."""
    mine = [result for result in blocking if result.table == table]
    made = digest([mine, {step_id: report.attempt for step_id, report in reports.items()}])[:8]
    return ReasoningTask(
        kind="diagnose",
        goal=f"find out what is wrong with {table}, which rows it concerns and what can be done (state {made})",
        subject=table,
        details=complaint_of(connection, table, mine),
    )


def _decision(diagnosis: Diagnosis, outcome: ReactOutcome, complaint: str) -> Decision:
    steps = case_log(outcome.path).steps()
    who = steps[-1].decided_by if steps and outcome.ended_by is Ending.FINAL_RESULT else "expert"
    account = Account(
        subject=diagnosis.table,
        answer=in_words(diagnosis),
        confidence=diagnosis.confidence,
        reason=diagnosis.reason or outcome.reason,
        evidence=f"{outcome.steps} steps, {outcome.calls} actions, ended by {outcome.ended_by.value}; {complaint}",
    )
    by = DecidedBy.EXPERT if who == "expert" else DecidedBy.MODEL
    made = record(KIND, account, outcome.case_id, method=f"reasoning in steps by {who}", decided_by=by)
    fallback = next((step.metadata["fallback"] for step in steps if "fallback" in step.metadata), None)
    return made.model_copy(update={"fallback": fallback, "cost_tokens": sum(step.tokens for step in steps)})


def in_words(diagnosis: Diagnosis) -> str:
    """Return cause, columns, rows and remedy in a line."""
    cause = diagnosis.cause.value.replace("_", " ")
    if diagnosis.cause in (Cause.UNKNOWN, Cause.NOTHING_WRONG):
        return cause
    where = f" in {', '.join(diagnosis.columns)}" if diagnosis.columns else ""
    rows = f", {diagnosis.rows.count} rows" if diagnosis.rows.count else ""
    remedy = diagnosis.remedy
    what = f"; {remedy.kind.value.replace('_', ' ')}: {remedy.reason}" if remedy.kind is not RemedyKind.NONE else ""
    return f"{cause}{where}{rows}{what}"
