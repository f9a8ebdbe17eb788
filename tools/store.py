"""LangGraph's store, opened: in the home folder (SQLite), or in a PostgreSQL database by its URL.

What outlives a run and is no artefact of it lies here as plain JSON: experiences and lessons. Of a home folder that
has never kept anything the library is not loaded.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from state.errors import SetupError
from tools.database.address import checked, database_url, shown

if TYPE_CHECKING:
    from langgraph.store.base import BaseStore
    from langgraph.store.sqlite import SqliteStore

STORE: Final = "store.sqlite"

PATIENCE: Final = 30.0
"""Seconds for a server that is gone, or for another process that writes."""

_PAUSE: Final = 0.05


def has_store(home: Path) -> bool:
    """Return whether anything may have been kept for a home folder: its file is there, or a database is in use."""
    return (home / STORE).is_file() or bool(database_url())


@contextmanager
def opened_store(home: Path) -> "Iterator[BaseStore]":
    """Open the store that goes with a home folder, wherever the settings say that it lies."""
    with open_store(home, database_url()) as store:
        yield store


@contextmanager
def open_store(home: Path, url: str = "", *, pool_size: int = 2, patience: float = PATIENCE) -> "Iterator[BaseStore]":
    """Open the store of a home folder (`store.sqlite`), or of a PostgreSQL URL; it keeps plain JSON.

    Raises SetupError when the server does not answer or its driver is missing.
    """
    if address := checked(url):
        try:
            from tools.postgres_store import postgres_store  # noqa: PLC0415  its driver is an extra
        except ModuleNotFoundError as error:
            hint = "install the extra: pip install 'millwright[postgres]'"
            raise SetupError("the driver of PostgreSQL is not installed", where=shown(url), hint=hint) from error
        with postgres_store(address, pool_size, patience) as postgres:
            yield postgres
        return
    from langgraph.store.sqlite import SqliteStore  # noqa: PLC0415  most commands need none

    home.absolute().mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(home / STORE, check_same_thread=False, isolation_level=None, timeout=patience)
    with closing(connection):
        store = SqliteStore(connection)
        _set_up(store, connection, patience)
        yield store


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
