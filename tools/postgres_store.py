"""LangGraph's store on PostgreSQL, over psycopg's pool, and what went wrong with a connection in one line.

Needs the extra `postgres`; opened by `tools.store`. Its tables are made by its own `setup`, under the lock of the
database's migrations and only where they are behind.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from langgraph.store.postgres import PostgresStore
from psycopg import Connection, InterfaceError, OperationalError, connect
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from state.errors import SetupError
from tools.database.address import UPGRADE_LOCK, shown

LOST: Final = (OperationalError, InterfaceError)
"""What the driver raises when the connection or the server is gone."""

PAUSE: Final = 0.05
LOCK: Final = "select pg_try_advisory_lock(%s) as held"
UNLOCK: Final = "select pg_advisory_unlock(%s)"
OPTIONS: Final[dict[str, Any]] = {
    "autocommit": True,
    "prepare_threshold": 0,
    "connect_timeout": 10,
    "application_name": "millwright",
    "row_factory": dict_row,
}

_Synchronous: TypeAlias = Connection[DictRow]

# What becomes of the pool's warnings is told by the errors raised here: keep them off standard error.
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())


@contextmanager
def postgres_store(url: str, pool_size: int, patience: float) -> Iterator[PostgresStore]:
    """Open the store; SetupError when the server does not answer."""
    pool: ConnectionPool[_Synchronous] = ConnectionPool(
        url,
        min_size=1,
        max_size=pool_size,
        open=False,
        check=ConnectionPool.check_connection,
        kwargs=OPTIONS,
    )
    try:
        pool.open(wait=True, timeout=patience)
    except PoolTimeout:
        pool.close()
        raise reason(url) from None
    with pool:
        try:
            _set_up_store(pool, url, patience)
            yield PostgresStore(pool)
        except LOST as error:
            raise gone(url, error) from None


def _set_up_store(pool: ConnectionPool[_Synchronous], url: str, patience: float) -> None:
    until = time.monotonic() + patience
    with pool.connection() as connection:
        store = PostgresStore(connection)
        known_there = connection.execute(there("store_migrations")).fetchone()
        if known_there and known_there["found"]:
            row = connection.execute("select max(v) as v from store_migrations").fetchone()
            if row and row["v"] == len(store.MIGRATIONS) - 1:
                return
        while True:
            held = connection.execute(LOCK, [UPGRADE_LOCK]).fetchone()
            if held and held["held"]:
                break
            if time.monotonic() > until:
                raise occupied(url)
            time.sleep(PAUSE)
        try:
            store.setup()
        finally:
            connection.execute(UNLOCK, [UPGRADE_LOCK])


def occupied(url: str) -> SetupError:
    """Return that another process holds the lock for changing tables, and does not give it back."""
    what = "another process has been changing its tables for too long"
    return SetupError(what, where=shown(url), hint="wait, or end that process")


def there(table: str) -> bytes:
    """Return the query for whether a table is there, as `found`."""
    return f"select to_regclass('{table}') as found".encode()


def reason(url: str) -> SetupError:
    """Return why no connection could be made; the pool only knows that it took too long."""
    try:
        connect(url, connect_timeout=5).close()
    except OperationalError as error:
        return gone(url, error)
    return SetupError("the database answers too slowly", where=shown(url), hint="try again")


def gone(url: str, error: Exception) -> SetupError:
    """Return that the server does not answer, and why, without anything secret of its URL."""
    told = str(error).strip().splitlines()
    what = f"the database does not answer: {told[0] if told else type(error).__name__}"
    return SetupError(what, where=shown(url), hint="start it, or correct MILLWRIGHT_DATABASE_URL")
