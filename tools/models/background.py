"""One event loop in a thread of its own, for all requests to models: whoever asks, sync or async, shares its clients.

Context variables of the caller are carried over, so that traces nest.
"""

import asyncio
import threading
from collections.abc import Coroutine
from functools import lru_cache
from typing import Any, TypeVar

Result = TypeVar("Result")

_STARTING = threading.Lock()


def wait_for(work: Coroutine[Any, Any, Result]) -> Result:
    """Run work on the loop and return its result; for callers that may block. Its exception rises here."""
    future = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        return future.result()
    except BaseException:  # an interrupt of the caller ends the work too, and rises
        future.cancel()
        raise


async def awaited(work: Coroutine[Any, Any, Result]) -> Result:
    """Run work on the loop and await its result from another loop; cancelling the caller cancels the work."""
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, _loop()))


def begin(work: Coroutine[Any, Any, object]) -> None:
    """Let work run on the loop; nobody waits for its end."""
    asyncio.run_coroutine_threadsafe(work, _loop())


def _loop() -> asyncio.AbstractEventLoop:
    """Return the loop; threads that ask for it first at the same time get the same one."""
    with _STARTING:
        return _started()


@lru_cache(maxsize=1)
def _started() -> asyncio.AbstractEventLoop:
    """Start the loop; its thread ends with the process."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="models", daemon=True).start()
    return loop
