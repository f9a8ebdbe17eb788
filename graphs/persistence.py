"""LangGraph's own savers, opened: SQLite in the home folder, or PostgreSQL by its URL (graphs/postgres.py).

The store is opened by `tools/store.py`: nodes and commands need it, too.

A saver revives declared types alone (graphs/serialization.py), here as there, and encrypts where a key is set
(graphs/encryption.py).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from graphs.encryption import serializer
from state.errors import SetupError
from tools.database.address import checked, shown
from tools.store import PATIENCE

CHECKPOINTS: Final = "checkpoints.sqlite"


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


@asynccontextmanager
async def without_saver() -> AsyncIterator[BaseCheckpointSaver[str]]:
    """Keep checkpoints in memory, where nothing is to be kept: a run that is killed then begins anew when resumed."""
    yield InMemorySaver(serde=serializer())


def _driven(url: str) -> ModuleType:
    """Return what opens PostgreSQL; its driver is an extra, and takes time to import."""
    try:
        from graphs import postgres  # noqa: PLC0415
    except ModuleNotFoundError as error:
        hint = "install the extra: pip install 'millwright[postgres]'"
        raise SetupError("the driver of PostgreSQL is not installed", where=shown(url), hint=hint) from error
    return postgres
