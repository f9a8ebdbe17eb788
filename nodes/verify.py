"""Verification: every rule of the contract on the staged tables. The only judge of "done"."""

import time
from collections.abc import Mapping
from pathlib import Path

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.usual_shares import unusual_shares
from nodes.boundary import FAILURES, failure_line
from nodes.context import context_of, run_folder
from nodes.events import emit
from state.budget import Spent
from state.checks import CheckResult, Verdict
from state.contract import Contract
from state.experience import LessonUse
from state.lessons import LessonKind
from state.run import CheckSummary, RunContext, RunRequest, RunStatus, TableAccount
from state.supervisor import SupervisorState
from tools.accounting import account_table
from tools.disk import no_room
from tools.intake import Intake, read_contract, read_intake
from tools.lessons_used import lessons_of, record_use
from tools.recovery import thresholds_of
from tools.sql.sandbox import SandboxLimits
from tools.verification import (
    deliverable,
    judge_drift,
    judge_quarantine,
    reasons_not_met,
    run_contract_rules,
    write_checks,
)
from tools.workspace import open_workspace


class VerifyInput(TypedDict):
    """Keys verification reads."""

    request: RunRequest
    warnings: tuple[str, ...]


def verify(state: VerifyInput, runtime: Runtime[RunContext]) -> SupervisorState:
    """Judge every table and count its rows; what is to be published is settled here."""
    started = time.monotonic()
    context, folder = context_of(runtime), run_folder(runtime, state["request"])
    contract, intake = read_contract(folder), read_intake(folder)
    try:
        results, accounts = _judge(folder, contract, intake, context)
    except FAILURES as error:
        if no_room(error):
            raise
        return {"status": RunStatus.FAILED, "problem": f"verification failed: {failure_line(error)}"}
    summary = _summary(contract, results, str(write_checks(folder, results)))
    emit("verified", "verify", passed=summary.passed, failed=summary.failed + summary.error)
    update: SupervisorState = {
        "checks": summary,
        "accounts": accounts,
        "spent": {"verify": Spent(steps=1, seconds=time.monotonic() - started)},
    }
    told = _unusual(folder, accounts)
    if told:
        known = state.get("warnings", ())
        update["warnings"] = (*known, *(text for text in told if text not in known))
    if not summary.met:
        update["status"] = RunStatus.NOT_MET
        update["problem"] = f"the contract is not met: {summary.reasons[0]}"
    return update


def _judge(
    folder: Path, contract: Contract, intake: Intake, context: RunContext
) -> tuple[tuple[CheckResult, ...], dict[str, TableAccount]]:
    limits = SandboxLimits(seconds=context.sql_seconds, memory=context.memory, threads=context.threads)
    results = run_contract_rules(folder, contract, limits=limits)
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        accounts = {
            table.name: account_table(connection, table, intake.table_files.get(table.name, ()))
            for table in contract.tables
        }
        results += judge_drift(connection, contract, intake)
        raised = thresholds_of(connection)
    return results + judge_quarantine(contract, accounts, raised), accounts


def _unusual(folder: Path, accounts: Mapping[str, TableAccount]) -> list[str]:
    """Return where more rows are set aside than lessons say is usual, and put these uses on record."""
    found = list(unusual_shares(accounts, lessons_of(folder)))
    if found:
        with open_workspace(folder) as connection:
            for each in found:
                kind = LessonKind.USUAL_SHARE.value
                record_use(
                    connection, LessonUse(lesson_id=each.lesson_id, kind=kind, steps=("verify",), effect=each.told)
                )
    return [each.told for each in found]


def _summary(contract: Contract, results: tuple[CheckResult, ...], path: str) -> CheckSummary:
    counts = {verdict: sum(1 for result in results if result.result is verdict) for verdict in Verdict}
    reasons = reasons_not_met(results)
    return CheckSummary(
        path=path,
        passed=counts[Verdict.PASSED],
        failed=counts[Verdict.FAILED],
        warning=counts[Verdict.WARNING],
        error=counts[Verdict.ERROR],
        met=not reasons,
        reasons=reasons[:20],
        deliverable=deliverable(contract, results),
    )
