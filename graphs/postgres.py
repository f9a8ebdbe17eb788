"""LangGraph's saver and store on PostgreSQL, over psycopg's pools. Needs the extra `postgres`; opened by persistence.

Their tables are made by their own `setup`, under the lock of the database's migrations and only where they are behind.
The lock is asked for again and again: an index that is built concurrently waits for every statement that runs, and so
for one that waits for a lock.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeAlias

from langgraph.store.postgres import PostgresStore
from psycopg import AsyncConnection, Connection, OperationalError, connect
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, ConnectionPool, PoolTimeout

from graphs.encryption import serializer
from graphs.lasting_saver import LOST, LastingSaver
from state.errors import SetupError
from tools.database.address import UPGRADE_LOCK, shown

_PAUSE: Final = 0.05
_LOCK: Final = "select pg_try_advisory_lock(%s) as held"
_UNLOCK: Final = "select pg_advisory_unlock(%s)"
_OPTIONS: Final[dict[str, Any]] = {
    "autocommit": True,
    "prepare_threshold": 0,
    "connect_timeout": 10,
    "application_name": "millwright",
    "row_factory": dict_row,
}

_Asynchronous: TypeAlias = AsyncConnection[DictRow]
_Synchronous: TypeAlias = Connection[DictRow]

# What becomes of the pool's warnings is told by the errors raised here: keep them off standard error.
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())


@asynccontextmanager
async def postgres_saver(url: str, pool_size: int, patience: float) -> AsyncIterator[LastingSaver]:
    """Open the saver; SetupError when the server does not answer, or is gone for more than `patience` seconds."""
    pool: AsyncConnectionPool[_Asynchronous] = AsyncConnectionPool(
        url, min_size=1, max_size=pool_size, open=False, kwargs=_OPTIONS
    )
    try:
        await pool.open(wait=True, timeout=patience)
    except PoolTimeout:
        await pool.close()
        raise await asyncio.to_thread(_reason, url) from None
    async with pool:
        try:
            await _set_up_saver(pool)
            yield LastingSaver(pool, serializer(), patience=patience)
        except LOST as error:
            raise _gone(url, error) from None


@contextmanager
def postgres_store(url: str, pool_size: int, patience: float) -> Iterator[PostgresStore]:
    """Open the store; SetupError when the server does not answer."""
    pool: ConnectionPool[_Synchronous] = ConnectionPool(
        url,
        min_size=1,
        max_size=pool_size,
        open=False,
        check=ConnectionPool.check_connection,
        kwargs=_OPTIONS,
    )
    try:
        pool.open(wait=True, timeout=patience)
    except PoolTimeout:
        pool.close()
        raise _reason(url) from None
    with pool:
        try:
            _set_up_store(pool)
            yield PostgresStore(pool)
        except LOST as error:
            raise _gone(url, error) from None


async def _set_up_saver(pool: AsyncConnectionPool[_Asynchronous]) -> None:
    known = len(LastingSaver.MIGRATIONS) - 1
    async with pool.connection() as connection:
        there = await (await connection.execute(_there("checkpoint_migrations"))).fetchone()
        if there and there["found"]:
            row = await (await connection.execute("select max(v) as v from checkpoint_migrations")).fetchone()
            if row and row["v"] == known:
                return
        while True:
            held = await (await connection.execute(_LOCK, [UPGRADE_LOCK])).fetchone()
            if held and held["held"]:
                break
            await asyncio.sleep(_PAUSE)
        try:
            await LastingSaver(connection, serializer(), patience=0).setup()
        finally:
            await connection.execute(_UNLOCK, [UPGRADE_LOCK])


def _set_up_store(pool: ConnectionPool[_Synchronous]) -> None:
    with pool.connection() as connection:
        store = PostgresStore(connection)
        there = connection.execute(_there("store_migrations")).fetchone()
        if there and there["found"]:
            row = connection.execute("select max(v) as v from store_migrations").fetchone()
            if row and row["v"] == len(store.MIGRATIONS) - 1:
                return
        while True:
            held = connection.execute(_LOCK, [UPGRADE_LOCK]).fetchone()
            if held and held["held"]:
                break
            time.sleep(_PAUSE)
        try:
            store.setup()
        finally:
            connection.execute(_UNLOCK, [UPGRADE_LOCK])


def _there(table: str) -> bytes:
    return f"select to_regclass('{table}') as found".encode()


def _reason(url: str) -> SetupError:
    """Return why no connection could be made; the pool only knows that it took too long."""
    try:
        connect(url, connect_timeout=5).close()
    except OperationalError as error:
        return _gone(url, error)
    return SetupError("the database answers too slowly", where=shown(url), hint="try again")


def _gone(url: str, error: Exception) -> SetupError:
    told = str(error).strip().splitlines()
    what = f"the database does not answer: {told[0] if told else type(error).__name__}"
    return SetupError(what, where=shown(url), hint="start it, or correct MILLWRIGHT_DATABASE_URL")
