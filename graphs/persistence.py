"""LangGraph's own savers and stores, opened: SQLite in the home folder, or PostgreSQL by its URL (graphs/postgres.py).

A saver revives declared types alone (graphs/serialization.py), here as there, and encrypts where a key is set
(graphs/encryption.py).
"""

import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.store.base import BaseStore

from graphs.encryption import serializer
from state.errors import SetupError
from tools.database.address import checked, shown

if TYPE_CHECKING:
    from langgraph.store.sqlite import SqliteStore

CHECKPOINTS: Final = "checkpoints.sqlite"
STORE: Final = "store.sqlite"

PATIENCE: Final = 30.0
"""Seconds for a server that is gone, or for another process that writes."""

_PAUSE: Final = 0.05


@asynccontextmanager
async def open_saver(
    home: Path, url: str = "", *, pool_size: int = 2, patience: float = PATIENCE
) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """Open the checkpoint saver of a home folder, or of a PostgreSQL URL.

    Raises SetupError when the server does not answer or its driver is missing.
    """
    if address := checked(url):
        async with _driven(address).postgres_saver(address, pool_size, patience) as postgres:
            yield postgres
        return
    async with AsyncSqliteSaver.from_conn_string(str(home / CHECKPOINTS)) as saver:
        saver.serde = serializer()
        await saver.setup()
        yield saver


@contextmanager
def open_store(home: Path, url: str = "", *, pool_size: int = 2, patience: float = PATIENCE) -> Iterator[BaseStore]:
    """Open the store of a home folder (`store.sqlite`), or of a PostgreSQL URL; it keeps plain JSON.

    Raises SetupError when the server does not answer or its driver is missing.
    """
    if address := checked(url):
        with _driven(address).postgres_store(address, pool_size, patience) as postgres:
            yield postgres
        return
    from langgraph.store.sqlite import SqliteStore  # noqa: PLC0415  most runs need none

    home.absolute().mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(home / STORE, check_same_thread=False, isolation_level=None, timeout=patience)
    try:
        store = SqliteStore(connection)
        _set_up(store, connection, patience)
        yield store
    finally:
        connection.close()


def _driven(url: str) -> ModuleType:
    """Return what opens PostgreSQL; its driver is an extra, and takes time to import."""
    try:
        from graphs import postgres  # noqa: PLC0415
    except ModuleNotFoundError as error:
        hint = "install the extra: pip install 'millwright[postgres]'"
        raise SetupError("the driver of PostgreSQL is not installed", where=shown(url), hint=hint) from error
    return postgres


def _set_up(store: "SqliteStore", connection: sqlite3.Connection, patience: float) -> None:
    """Make the tables of a store; of two processes that do so at once, one begins again after the other.

    The store's own way is no transaction: each of its statements can be repeated but the note that it was done.
    """
    until = time.monotonic() + patience
    while _at(connection) != len(store.MIGRATIONS) - 1:
        try:
            connection.execute("pragma journal_mode = wal")
            store.setup()
        except (sqlite3.IntegrityError, sqlite3.OperationalError):
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE)


def _at(connection: sqlite3.Connection) -> int | None:
    try:
        return cast("int | None", connection.execute("select max(v) from store_migrations").fetchone()[0])
    except sqlite3.OperationalError:
        return None
