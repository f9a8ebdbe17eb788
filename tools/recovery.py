"""Recoveries in the ledger of a run: what was tried after a failed verification, and what of it is in place.

What lessons had put in place from the start stands beside them.
"""

import duckdb

from state.recovery import Amendment, Foreseen, Recovery, Threshold
from tools.ledger import receipts_of, revise

_PREFIX = "recovery:"
_FORESEEN = "foreseen:"


def read_recoveries(connection: duckdb.DuckDBPyConnection) -> tuple[Recovery, ...]:
    """Return all recoveries in the order they were tried."""
    return tuple(Recovery.model_validate(receipt) for receipt in receipts_of(connection, _PREFIX))


def write_recovery(connection: duckdb.DuckDBPyConnection, recovery: Recovery) -> None:
    """Keep a recovery; what is known of the same one before is replaced. Within the transaction of what it does."""
    revise(connection, f"{_PREFIX}{recovery.number:03d}", recovery.model_dump(mode="json"))


def amendments_of(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[Amendment, ...]:
    """Return what is in place about a table: first what lessons foresaw, then what recoveries amend."""
    foreseen = (each for each in read_foreseen(connection) if each.holds and each.table == table)
    held = (recovery.plan for recovery in read_recoveries(connection) if recovery.holds)
    recovered = (amendment for plan in held if plan.table == table for amendment in plan.amendments)
    return (*(amendment for each in foreseen for amendment in each.amendments), *recovered)


def read_foreseen(connection: duckdb.DuckDBPyConnection) -> tuple[Foreseen, ...]:
    """Return what lessons foresaw, that which was taken back as well."""
    return tuple(Foreseen.model_validate(receipt) for receipt in receipts_of(connection, _FORESEEN))


def write_foreseen(connection: duckdb.DuckDBPyConnection, foreseen: Foreseen) -> None:
    """Keep what a lesson foresaw; the last word on the same one counts. Within the transaction of what it does."""
    key = f"{_FORESEEN}{foreseen.table}:{foreseen.lesson_id}"
    revise(connection, key, foreseen.model_dump(mode="json"))


def thresholds_of(connection: duckdb.DuckDBPyConnection) -> dict[str, Threshold]:
    """Return the thresholds that the recoveries in place raised, by rule."""
    held = (recovery.plan.threshold for recovery in read_recoveries(connection) if recovery.holds)
    return {threshold.rule: threshold for threshold in held if threshold is not None}
