"""Values of event loops: one each, closed with the loop or with the object that keeps them."""

import asyncio
import gc
import threading
from typing import Any

import pytest

from tools.models.background import wait_for
from tools.models.loops import PerLoop


class Connection:
    """Something that belongs to a loop and must be closed there."""

    def __init__(self) -> None:
        self.closed_on: list[asyncio.AbstractEventLoop] = []
        self.closed = threading.Event()

    async def close(self) -> None:
        self.closed_on.append(asyncio.get_running_loop())
        self.closed.set()


def test_callers_of_a_loop_share_a_value_and_it_is_closed_with_the_loop() -> None:
    kept: PerLoop[Connection] = PerLoop(Connection, Connection.close)

    async def several() -> tuple[Any, ...]:
        found = await asyncio.gather(*(kept.get() for _ in range(5)))
        assert len(set(map(id, found))) == 1
        assert await kept.get() is found[0]
        assert not found[0].closed_on
        return found[0], asyncio.get_running_loop()

    (first, one), (second, two) = asyncio.run(several()), asyncio.run(several())
    assert first is not second
    assert (first.closed_on, second.closed_on) == ([one], [two])


def test_a_value_of_a_loop_that_goes_on_is_closed_there_once_nobody_keeps_it() -> None:
    kept: PerLoop[Connection] = PerLoop(Connection, Connection.close)
    connection = wait_for(kept.get())
    assert wait_for(kept.get()) is connection
    del kept
    gc.collect()
    assert connection.closed.wait(60)


def test_loops_that_are_closed_are_let_go_of() -> None:
    kept: PerLoop[Connection] = PerLoop(Connection, Connection.close)
    for _ in range(3):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(kept.get())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    assert len(kept._made) == len(kept._ends) == 1


def test_a_value_that_cannot_be_made_says_so_to_everyone() -> None:
    def fail() -> Connection:
        raise ValueError("no")

    kept = PerLoop(fail, Connection.close)

    async def twice() -> list[Any]:
        return await asyncio.gather(kept.get(), kept.get(), return_exceptions=True)

    assert [str(each) for each in asyncio.run(twice())] == ["no", "no"]
    with pytest.raises(ValueError, match="no"):
        asyncio.run(kept.get())
