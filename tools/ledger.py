"""The ledger of a run in its workspace: decisions, reports, and receipts written in the transaction of their effect."""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import duckdb

from state.decisions import Decision
from state.orders import Heard
from state.reports import StepReport, TraceEntry
from tools.hub.effects import is_new
from tools.sql.quote import literal

Receipt = dict[str, Any]

PROCESSED = "ops.processed_messages"
"""Ids of messages, recorded in the transaction of the effect that each caused."""


def find_receipt(connection: duckdb.DuckDBPyConnection, step_key: str) -> Receipt | None:
    """Return the receipt of a step that was done, else None."""
    row = connection.execute("select receipt from ops.receipts where step_key = ?", [step_key]).fetchone()
    return dict(json.loads(row[0])) if row else None


def once(connection: duckdb.DuckDBPyConnection, step_key: str, effect: Callable[[], Receipt]) -> Receipt:
    """Run `effect` and write its receipt in one transaction, or return the receipt when it was done before."""
    done = find_receipt(connection, step_key)
    if done is not None:
        return done
    connection.begin()
    try:
        receipt = effect()
        connection.execute("insert into ops.receipts values (?, ?)", [step_key, json.dumps(receipt)])
        connection.commit()
    except BaseException:  # rolls back whatever ended the effect, a kill from the keyboard too, and lets it rise
        with suppress(duckdb.TransactionException):  # a commit that failed has ended the transaction itself
            connection.rollback()
        raise
    return receipt


def revise(connection: duckdb.DuckDBPyConnection, step_key: str, receipt: Receipt | None) -> None:
    """Put another receipt in place of a step's, or take it away; within the transaction of what it proves."""
    if receipt is None:
        connection.execute("delete from ops.receipts where step_key = ?", [step_key])
    else:
        connection.execute("insert or replace into ops.receipts values (?, ?)", [step_key, json.dumps(receipt)])


def receipts_of(connection: duckdb.DuckDBPyConnection, prefix: str) -> tuple[Receipt, ...]:
    """Return the receipts whose keys begin with `prefix`, by key."""
    rows = connection.execute(
        "select receipt from ops.receipts where starts_with(step_key, ?) order by step_key", [prefix]
    ).fetchall()
    return tuple(dict(json.loads(row[0])) for row in rows)


def receipt_statement(step_key: str, receipt: Receipt) -> str:
    """Return the SQL that writes a receipt, for effects that run in another process."""
    return f"insert into ops.receipts values ({literal(step_key)}, {literal(json.dumps(receipt))})"


def record_decisions(
    connection: duckdb.DuckDBPyConnection, decisions: Iterable[Decision], *, step_id: str = ""
) -> None:
    """Add decisions of a step (of none: intake) to the ledger; one that is there already stays as it was."""
    for decision in decisions:
        connection.execute(
            "insert or ignore into ops.decisions select ?, (select count(*) from ops.decisions), ?, ?",
            [decision.decision_id, step_id, decision.model_dump_json()],
        )


def read_decisions(connection: duckdb.DuckDBPyConnection, steps: Sequence[str] = ()) -> tuple[Decision, ...]:
    """Return all decisions: those of no step, those of `steps` in their order, then the others in the order of time.

    Steps side by side decide in any order of time; each makes its own decisions one after the other.
    """
    rows = connection.execute("select step_id, record from ops.decisions order by seq, decision_id").fetchall()
    place = {step_id: index for index, step_id in enumerate(("", *steps))}
    ordered = sorted(rows, key=lambda row: place.get(row[0], len(place)))
    return tuple(Decision.model_validate_json(record) for _, record in ordered)


def first_decisions(connection: duckdb.DuckDBPyConnection, step_id: str, most: int) -> tuple[Decision, ...]:
    """Return the first decisions of a step, at most so many."""
    query = "select record from ops.decisions where step_id = ? order by seq, decision_id limit ?"
    rows = connection.execute(query, [step_id, most]).fetchall()
    return tuple(Decision.model_validate_json(record) for (record,) in rows)


def decided_in(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the step in which each decision was made, by its id; those of no step are not among them."""
    return dict(connection.execute("select decision_id, step_id from ops.decisions where step_id <> ''").fetchall())


def record_report(connection: duckdb.DuckDBPyConnection, report: StepReport) -> None:
    """Keep the report of a step; that of a later attempt takes the place of the earlier one."""
    connection.execute("insert or replace into ops.reports values (?, ?)", [report.step_id, report.model_dump_json()])


def read_reports(connection: duckdb.DuckDBPyConnection) -> dict[str, StepReport]:
    """Return the last report of every step that was tried, by its id."""
    rows = connection.execute("select step_id, record from ops.reports").fetchall()
    return {row[0]: StepReport.model_validate_json(row[1]) for row in rows}


def record_attempt(
    connection: duckdb.DuckDBPyConnection, report: StepReport, entry: TraceEntry, heard: Sequence[Heard] = ()
) -> None:
    """Keep the report of a step and add the attempt to the trace of the run; the same attempt is told once.

    The messages that brought it are recorded in the same transaction, and one that is on record has no effect again.
    """
    connection.begin()
    try:
        if _record_messages(connection, heard):
            record_report(connection, report)
            connection.execute(
                "insert into ops.trace select (select count(*) from ops.trace), ?, ?, ? "
                "where not exists (select 1 from ops.trace where step_id = ? and attempt = ?)",
                [entry.step_id, entry.attempt, entry.model_dump_json(), entry.step_id, entry.attempt],
            )
        connection.commit()
    except BaseException:  # a kill from the keyboard too: neither is on record, and it rises
        with suppress(duckdb.TransactionException):
            connection.rollback()
        raise


def read_messages(connection: duckdb.DuckDBPyConnection) -> tuple[Heard, ...]:
    """Return the messages of the run in their order."""
    rows = connection.execute("select record from ops.messages order by seq").fetchall()
    return tuple(Heard.model_validate_json(row[0]) for row in rows)


def read_trace(connection: duckdb.DuckDBPyConnection) -> tuple[TraceEntry, ...]:
    """Return the attempts of all steps in the order they were made."""
    rows = connection.execute("select record from ops.trace order by seq").fetchall()
    return tuple(TraceEntry.model_validate_json(row[0]) for row in rows)


def _record_messages(connection: duckdb.DuckDBPyConnection, heard: Sequence[Heard]) -> bool:
    """Add messages to the conversation of the run; return whether none of the replies had its effect before."""
    if not heard:
        return True
    rows = [value for each in heard for value in (each.message.message_id, each.model_dump_json())]
    told = ", ".join(f"((select count(*) from ops.messages) + {place}, ?, ?)" for place in range(len(heard)))
    connection.execute(f"insert or ignore into ops.messages values {told}", rows)
    new = True
    for each in heard:
        if each.message.in_reply_to:
            new = is_new(connection, each.message.message_id, PROCESSED) and new
    return new
