"""Recoveries in the ledger of a run: what was tried after a failed verification, and what of it is in place."""

import duckdb

from state.recovery import Amendment, Recovery, Threshold
from tools.ledger import receipts_of, revise

_PREFIX = "recovery:"


def read_recoveries(connection: duckdb.DuckDBPyConnection) -> tuple[Recovery, ...]:
    """Return all recoveries in the order they were tried."""
    return tuple(Recovery.model_validate(receipt) for receipt in receipts_of(connection, _PREFIX))


def write_recovery(connection: duckdb.DuckDBPyConnection, recovery: Recovery) -> None:
    """Keep a recovery; what is known of the same one before is replaced. Within the transaction of what it does."""
    revise(connection, f"{_PREFIX}{recovery.number:03d}", recovery.model_dump(mode="json"))


def amendments_of(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[Amendment, ...]:
    """Return what the recoveries in place amend about a table."""
    held = (recovery.plan for recovery in read_recoveries(connection) if recovery.holds)
    return tuple(amendment for plan in held if plan.table == table for amendment in plan.amendments)


def thresholds_of(connection: duckdb.DuckDBPyConnection) -> dict[str, Threshold]:
    """Return the thresholds that the recoveries in place raised, by rule."""
    held = (recovery.plan.threshold for recovery in read_recoveries(connection) if recovery.holds)
    return {threshold.rule: threshold for threshold in held if threshold is not None}
