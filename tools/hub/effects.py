"""Effects once: the id of a message is recorded in the transaction of the effect that it caused.

Delivery is at least once. A consumer that dies between effect and acknowledgement gets the message again, finds its id
and does nothing. Works on the workspace of a run (DuckDB) and on SQLite alike.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol


class Rows(Protocol):
    """What a statement answers."""

    def fetchone(self) -> Sequence[object] | None:
        """Return the next row, if there is one."""


class Database(Protocol):
    """A connection without a transaction of its own accord: DuckDB's, or SQLite's with isolation level None."""

    def execute(self, sql: str, parameters: Sequence[object] = ..., /) -> Rows:
        """Execute a statement."""


TABLE = "create table if not exists processed_messages (message_id varchar primary key)"
"""Makes the table where it is not there; in the workspace of a run it lies in the schema `ops`."""


def once(database: Database, message_id: str, effect: Callable[[], None], table: str = "processed_messages") -> bool:
    """Run `effect` in one transaction with the record of the message; False where it was done before."""
    database.execute("begin")
    try:
        new = is_new(database, message_id, table)
        if new:
            effect()
        database.execute("commit")
    except BaseException:  # a kill from the keyboard too: neither effect nor record, and it rises
        with suppress(Exception):
            database.execute("rollback")
        raise
    return new


def is_new(database: Database, message_id: str, table: str = "processed_messages") -> bool:
    """Record a message within the transaction of its effect; False where it is on record."""
    sql = f"insert into {table} values (?) on conflict do nothing returning message_id"
    return database.execute(sql, [message_id]).fetchone() is not None
