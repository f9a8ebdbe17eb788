"""One event loop in a thread of its own, for callers in threads that have none: they share it and its connections.

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
