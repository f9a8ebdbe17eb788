"""Taking steps back: they are outdated, their receipts are gone and what they set aside is forgotten.

A step that makes a table replaces it when it is done again; what steps add to side tables must be taken out first.
"""

from collections.abc import Callable, Sequence

import duckdb

from state.plans import Step, StepKind
from state.reports import StepStatus
from tools.ledger import read_reports, record_report, revise

MAKING = (StepKind.CONFORM, StepKind.DERIVE)
"""Kinds of steps that make the table the later ones work on."""


def rewind(
    connection: duckdb.DuckDBPyConnection, steps: Sequence[Step], record: Callable[[], None] | None = None
) -> None:
    """Take the steps back in one transaction; with the step that makes a table go all that were done on it.

    What is put on `record` about it is written in the same transaction.
    """
    reports = read_reports(connection)
    connection.begin()
    try:
        for step in steps:
            _take_back(connection, step)
            if step.step_id in reports:
                outdated = reports[step.step_id].model_copy(update={"status": StepStatus.OUTDATED})
                record_report(connection, outdated)
        if record is not None:
            record()
        connection.commit()
    except BaseException:  # whatever ended it, a kill from the keyboard too: nothing is taken back, and it rises
        connection.rollback()
        raise


def _take_back(connection: duckdb.DuckDBPyConnection, step: Step) -> None:
    if step.kind in MAKING:
        for side in ("quarantine", "merged", "repairs"):
            connection.execute(f"delete from ops.{side} where table_name = ?", [step.table])
    if step.kind is StepKind.RESOLVE:
        connection.execute("delete from ops.value_map where table_name = ?", [step.table])
    if step.kind is StepKind.APPROVE:  # what a person settled is put in place again
        connection.execute("delete from ops.receipts where starts_with(step_key, ?)", [f"{step.step_id}@"])
    revise(connection, step.step_id, None)
