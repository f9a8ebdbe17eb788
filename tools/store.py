"""The store of a home folder: LangGraph's, in one SQLite file beside the checkpoints.

What outlives a run and is no artefact of it lies here: experiences and lessons.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from langgraph.store.base import BaseStore

STORE: Final = "store.sqlite"

_WAIT: Final = 10.0  # seconds for another run that writes


def has_store(home: Path) -> bool:
    """Return whether anything was ever kept; where not, the library of the store need not be loaded."""
    return (home / STORE).is_file()


@contextmanager
def opened_store(home: Path) -> "Iterator[BaseStore]":
    """Open the store of a home folder, made where it is missing; several processes may have it open."""
    from langgraph.store.sqlite import SqliteStore  # noqa: PLC0415  only where something is kept

    home.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(home / STORE, timeout=_WAIT, check_same_thread=False, isolation_level=None)
    with closing(connection):
        connection.execute("pragma journal_mode = wal")
        store = SqliteStore(connection)
        store.setup()
        yield store
