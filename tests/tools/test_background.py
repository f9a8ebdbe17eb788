"""The loop of models: threads that want it at the same time share one."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tools.models import background


async def here() -> int:
    return id(asyncio.get_running_loop())


def test_threads_that_come_first_together_get_the_same_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    made = asyncio.new_event_loop

    def slowly() -> asyncio.AbstractEventLoop:
        time.sleep(0.05)
        return made()

    monkeypatch.setattr(background.asyncio, "new_event_loop", slowly)
    background._started.cache_clear()
    barrier = threading.Barrier(4)

    def work(_: int) -> int:
        barrier.wait()
        return background.wait_for(here())

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(work, range(4)))) == 1
