"""LangGraph's saver for PostgreSQL, made to last: it outlives a restart of the server and keeps values as they were.

What it repeats can be repeated: checkpoints and writes are put by key, and put again they stay the same.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.base import SerializerProtocol
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from tools.postgres_store import LOST

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A plain value on its way to the serialiser."""

    value: object


class _Opening(SerializerProtocol):
    """Lets the serialiser see plain values as they are."""

    def __init__(self, inner: SerializerProtocol) -> None:
        self._inner = inner

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:  # noqa: ANN401  the protocol's own
        return self._inner.dumps_typed(obj.value if isinstance(obj, _Kept) else obj)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:  # noqa: ANN401
        return self._inner.loads_typed(data)


class LastingSaver(AsyncPostgresSaver):
    """Saver that tries again while the server is gone, and lets every value pass the serialiser.

    The saver it is made of writes texts and numbers of channels as JSON beside the checkpoint: past the serialiser, so
    that an enumeration comes back as text, and in clear even where the rest is encrypted.
    """

    def __init__(
        self,
        connection: AsyncConnectionPool[AsyncConnection[DictRow]] | AsyncConnection[DictRow],
        serde: SerializerProtocol,
        *,
        patience: float,
    ) -> None:
        super().__init__(connection, serde=_Opening(serde))
        self._patience = patience

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint."""
        values = {
            name: _Kept(value) if isinstance(value, str | int | float) else value
            for name, value in checkpoint["channel_values"].items()
        }
        kept = checkpoint.copy()
        kept["channel_values"] = values
        put = super().aput
        return await self._again(lambda: put(config, kept, metadata, new_versions))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a task wrote before the next checkpoint."""
        put = super().aput_writes
        await self._again(lambda: put(config, writes, task_id, task_path))

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint; the last one of the thread where none is named."""
        get = super().aget_tuple
        return await self._again(lambda: get(config))

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete all checkpoints of a thread."""
        delete = super().adelete_thread
        await self._again(lambda: delete(thread_id))

    async def _again(self, act: Callable[[], Awaitable[Result]]) -> Result:
        tries = AsyncRetrying(
            retry=retry_if_exception_type(LOST),
            stop=stop_after_delay(self._patience),
            wait=wait_random_exponential(multiplier=0.05, max=1.0),
            reraise=True,
        )
        async for attempt in tries:
            with attempt:
                return await act()
        raise AssertionError  # the last attempt raises
