"""Works on runs in forked processes that kill themselves with SIGKILL: at the n-th checkpoint, before or after it is
written, at the n-th write of a task, when the n-th step has ended, between an effect and its receipt, when a source is
landed but not closed, before the n-th call of something that a recovery does, or at a point of publishing. Started by
the tests of kills, which send one order a line: home, run id, where, n, a person's answer; for each the exit status of
the process is answered."""

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

import nodes.execution
import nodes.publish
import nodes.recovering
import nodes.steps.conforming
import tools.ledger
from graphs.session import proceed
from tools.outputs.publish import Hooks
from tools.records import read_record
from tools.sources import careful, fast, parquet, transactions


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Countdown:
    def __init__(self, count: int) -> None:
        self.left = count

    def tick(self) -> bool:
        self.left -= 1
        return self.left == 0


def kill_at_checkpoint(count: int, *, after: bool) -> None:
    countdown, put = Countdown(count), AsyncSqliteSaver.aput

    @wraps(put)
    async def aput(self: AsyncSqliteSaver, *args: Any, **kwargs: Any) -> Any:
        last = countdown.tick()
        if last and not after:
            kill()
        config = await put(self, *args, **kwargs)
        if last:
            kill()
        return config

    AsyncSqliteSaver.aput = aput  # type: ignore[method-assign]  the test stands between the graph and its saver


def kill_at_write(count: int) -> None:
    """Kill after the n-th write of a task, such as an answer on its way to the node that asked."""
    countdown, put = Countdown(count), AsyncSqliteSaver.aput_writes

    @wraps(put)
    async def aput_writes(self: AsyncSqliteSaver, *args: Any, **kwargs: Any) -> None:
        await put(self, *args, **kwargs)
        if countdown.tick():
            kill()

    AsyncSqliteSaver.aput_writes = aput_writes  # type: ignore[method-assign]  the test stands in between


def kill_at_receipt(count: int) -> None:
    """Kill between an effect and the commit of its receipt."""
    countdown = Countdown(count)

    def before_commit(content: Any) -> str:
        if countdown.tick():
            kill()
        return real(content)

    real: Callable[[Any], str] = tools.ledger.json.dumps
    fake = type("json", (), {"dumps": staticmethod(before_commit), "loads": staticmethod(tools.ledger.json.loads)})
    tools.ledger.json = fake  # type: ignore[assignment]


def kill_at_report(count: int, *, after: bool) -> None:
    """Kill when the n-th step has ended, before or after that is on record; others may be running beside it."""
    countdown, real = Countdown(count), nodes.execution.record_attempt

    def record_attempt(*args: Any) -> None:
        last = countdown.tick()
        if last and not after:
            kill()
        real(*args)
        if last:
            kill()

    nodes.execution.record_attempt = record_attempt


def kill_at_publishing(count: int) -> None:
    countdown = Countdown(count)

    def hook(_point: str) -> None:
        if countdown.tick():
            kill()

    nodes.publish.Hooks = partial(Hooks, checkpoint=hook)  # type: ignore[attr-defined]


def kill_at_landing(count: int) -> None:
    """Kill when the rows of a source are inserted and its books are not."""
    countdown = Countdown(count)

    def close_books(*args: Any) -> None:
        if countdown.tick():
            kill()
        real(*args)

    real = transactions.close_books
    for reader in (careful, fast, parquet):
        reader.close_books = close_books  # type: ignore[attr-defined]


def kill_at_recovery(name: str, count: int) -> None:
    """Kill before the n-th call of a function that puts recoveries in place, or takes them back."""
    countdown, real = Countdown(count), getattr(nodes.recovering, name)

    def killed(*args: Any, **kwargs: Any) -> Any:
        if countdown.tick():
            kill()
        return real(*args, **kwargs)

    setattr(nodes.recovering, name, killed)


def work(home: str, run_id: str, where: str, number: int, answer: Any) -> None:
    if where in ("before", "after"):
        kill_at_checkpoint(number, after=where == "after")
    elif where == "write":
        kill_at_write(number)
    elif where == "receipt":
        kill_at_receipt(number)
    elif where in ("unreported", "reported"):
        kill_at_report(number, after=where == "reported")
    elif where == "land":
        kill_at_landing(number)
    elif where.startswith("recovering."):
        kill_at_recovery(where.removeprefix("recovering."), number)
    elif where == "publish":
        kill_at_publishing(number)
    proceed(read_record(Path(home), run_id), answer=answer)


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()  # everything is loaded, and nothing is started yet
        if child == 0:
            work(*order)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
