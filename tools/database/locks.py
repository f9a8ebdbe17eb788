"""Locks of the database that hold across processes and machines, one way for each dialect."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from state.errors import SetupError
from tools.database.address import REGISTRY_LOCK, UPGRADE_LOCK
from tools.database.database import Database, Dialect

_PAUSE = 0.05


@contextmanager
def upgrading(database: Database) -> Iterator[Connection]:
    """Give a transaction in which alone tables are changed; others wait for it.

    SQLite has one writer; PostgreSQL gets an advisory lock. It is asked for again and again instead of waited for
    within the server: building an index concurrently waits for every statement that runs, and so for whoever waits.
    """
    with database.writing() as connection:
        if database.dialect is Dialect.POSTGRESQL:
            until = time.monotonic() + database.patience
            while not connection.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK}):
                if time.monotonic() > until:
                    what = "another process has been changing its tables for too long"
                    raise SetupError(what, where=database.place, hint="wait, or end that process")
                time.sleep(_PAUSE)
        yield connection


def alone(connection: Connection) -> None:
    """Be the only one that changes the registry of agents until the transaction ends; others wait for it.

    What is read after it is still so when the transaction writes. On SQLite whoever writes is alone from the beginning.
    """
    if Dialect(connection.dialect.name) is Dialect.POSTGRESQL:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": REGISTRY_LOCK})
