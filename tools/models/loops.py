"""One value for each event loop that asks for it, closed with the loop: connections belong to the loop that made them.

Callers are served where they are. A loop of its own for all requests costs each of them two changes of thread, and with
ten callers a third of the processor went into handing the interpreter from thread to thread.
"""

import asyncio
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Generic, TypeVar

Kept = TypeVar("Kept")
Ends = dict[asyncio.AbstractEventLoop, AsyncGenerator[None, None]]


class PerLoop(Generic[Kept]):
    """Values by event loop: made in a thread, as making blocks, when they are first asked for.

    A value is closed where its loop ends its generators (`asyncio.run` does), or once nobody has this object any more.
    """

    def __init__(self, make: Callable[[], Kept], close: Callable[[Kept], Awaitable[None]]) -> None:
        self._make, self._close = make, close
        self._made: dict[asyncio.AbstractEventLoop, asyncio.Task[Kept]] = {}
        self._ends: Ends = {}
        weakref.finalize(self, _end_all, self._ends).atexit = False  # holds the values until they are closed

    async def get(self) -> Kept:
        """Return the value of the running loop."""
        loop = asyncio.get_running_loop()
        making = self._made.get(loop)
        if making is None:
            self._forget_closed()
            making = self._made[loop] = loop.create_task(self._make_on(loop))
        return making.result() if making.done() else await asyncio.shield(making)

    async def _make_on(self, loop: asyncio.AbstractEventLoop) -> Kept:
        value = await asyncio.to_thread(self._make)
        self._ends[loop] = end = _end(loop, value, self._close, self._made)
        await anext(end)  # from here on the loop knows of it
        return value

    def _forget_closed(self) -> None:
        """Let go of loops that are closed."""
        for loop in [loop for loop in tuple(self._made | self._ends) if loop.is_closed()]:
            self._made.pop(loop, None)
            self._ends.pop(loop, None)


async def _end(
    loop: asyncio.AbstractEventLoop,
    value: Kept,
    close: Callable[[Kept], Awaitable[None]],
    made: dict[asyncio.AbstractEventLoop, Any],
) -> AsyncGenerator[None, None]:
    """Wait for the end of the loop, or of the object that keeps the value, and close the value."""
    try:
        yield
    finally:
        made.pop(loop, None)
        await close(value)


def _end_all(ends: Ends) -> None:
    for loop, end in ends.items():
        if not loop.is_closed():
            asyncio.run_coroutine_threadsafe(_finish(end), loop)


async def _finish(end: AsyncGenerator[None, None]) -> None:
    await end.aclose()
