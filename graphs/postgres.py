"""LangGraph's saver on PostgreSQL, over psycopg's pool. Needs the extra `postgres`; opened by persistence.

Its tables are made by its own `setup`, under the lock of the database's migrations and only where they are behind.
The lock is asked for again and again: an index that is built concurrently waits for every statement that runs, and so
for one that waits for a lock.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from graphs.encryption import serializer
from graphs.lasting_saver import LastingSaver
from tools.database.address import UPGRADE_LOCK
from tools.postgres_store import LOCK, LOST, OPTIONS, PAUSE, UNLOCK, gone, occupied, reason, there

_Asynchronous: TypeAlias = AsyncConnection[DictRow]


@asynccontextmanager
async def postgres_saver(url: str, pool_size: int, patience: float) -> AsyncIterator[LastingSaver]:
    """Open the saver; SetupError when the server does not answer, or is gone for more than `patience` seconds."""
    pool: AsyncConnectionPool[_Asynchronous] = AsyncConnectionPool(
        url, min_size=1, max_size=pool_size, open=False, kwargs=OPTIONS
    )
    try:
        await pool.open(wait=True, timeout=patience)
    except PoolTimeout:
        await pool.close()
        raise await asyncio.to_thread(reason, url) from None
    async with pool:
        try:
            await _set_up_saver(pool, url, patience)
            yield LastingSaver(pool, serializer(), patience=patience)
        except LOST as error:
            raise gone(url, error) from None


async def _set_up_saver(pool: AsyncConnectionPool[_Asynchronous], url: str, patience: float) -> None:
    until = time.monotonic() + patience
    known = len(LastingSaver.MIGRATIONS) - 1
    async with pool.connection() as connection:
        known_there = await (await connection.execute(there("checkpoint_migrations"))).fetchone()
        if known_there and known_there["found"]:
            row = await (await connection.execute("select max(v) as v from checkpoint_migrations")).fetchone()
            if row and row["v"] == known:
                return
        while True:
            held = await (await connection.execute(LOCK, [UPGRADE_LOCK])).fetchone()
            if held and held["held"]:
                break
            if time.monotonic() > until:
                raise occupied(url)
            await asyncio.sleep(PAUSE)
        try:
            await LastingSaver(connection, serializer(), patience=0).setup()
        finally:
            await connection.execute(UNLOCK, [UPGRADE_LOCK])
