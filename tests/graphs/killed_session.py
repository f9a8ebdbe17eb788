"""Works on runs in forked processes that end at a moment that is named: at the n-th checkpoint, before or after it is
written, at the n-th write of a task, when the n-th step has ended, between an effect and its receipt, when a source is
landed but not closed, before the n-th call of something that a recovery does, or at a point of publishing.

Started by the tests of kills, which send one order a line: home, destination, run id, moments (where, n, stride), a
person's answer, a folder for copies or none; for each the exit status of the process and the number of copies are
answered. Without copies the process kills itself with SIGKILL. With them it is stopped there, and with a stride at
every moment that many behind it, all its threads at once as a kill would end them; what lies in its folders is copied,
and it goes on: one life shows what kills at all these moments would have left.
"""

import json
import os
import shutil
import signal
import sys
import threading
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


class Moments:
    """The n-th tick, and with a stride every one that many behind it; then the process is killed, or stopped."""

    def __init__(self, first: int, stride: int, strike: signal.Signals) -> None:
        self.left, self.stride, self._strike = first, stride, strike

    def tick(self) -> bool:
        self.left -= 1
        if self.left:
            return False
        self.left = self.stride
        return True

    def strike(self) -> None:
        """End or stop all threads; this one goes no step further, as the signal is its own."""
        signal.pthread_kill(threading.get_ident(), self._strike)


def kill_at_checkpoint(moments: Moments, *, after: bool) -> None:
    put = AsyncSqliteSaver.aput

    @wraps(put)
    async def aput(self: AsyncSqliteSaver, *args: Any, **kwargs: Any) -> Any:
        last = moments.tick()
        if last and not after:
            moments.strike()
        config = await put(self, *args, **kwargs)
        if last and after:
            moments.strike()
        return config

    AsyncSqliteSaver.aput = aput  # type: ignore[method-assign]  the test stands between the graph and its saver


def kill_at_write(moments: Moments) -> None:
    """Kill after the n-th write of a task, such as an answer on its way to the node that asked."""
    put = AsyncSqliteSaver.aput_writes

    @wraps(put)
    async def aput_writes(self: AsyncSqliteSaver, *args: Any, **kwargs: Any) -> None:
        await put(self, *args, **kwargs)
        if moments.tick():
            moments.strike()

    AsyncSqliteSaver.aput_writes = aput_writes  # type: ignore[method-assign]  the test stands in between


def kill_at_receipt(moments: Moments) -> None:
    """Kill between an effect and the commit of its receipt."""

    def before_commit(content: Any) -> str:
        if moments.tick():
            moments.strike()
        return real(content)

    real: Callable[[Any], str] = tools.ledger.json.dumps
    fake = type("json", (), {"dumps": staticmethod(before_commit), "loads": staticmethod(tools.ledger.json.loads)})
    tools.ledger.json = fake  # type: ignore[assignment]


def kill_at_report(moments: Moments, *, after: bool) -> None:
    """Kill when the n-th step has ended, before or after that is on record; others may be running beside it."""
    real = nodes.execution.record_attempt

    def record_attempt(*args: Any) -> None:
        last = moments.tick()
        if last and not after:
            moments.strike()
        real(*args)
        if last and after:
            moments.strike()

    nodes.execution.record_attempt = record_attempt


def kill_at_publishing(moments: Moments) -> None:
    def hook(_point: str) -> None:
        if moments.tick():
            moments.strike()

    nodes.publish.Hooks = partial(Hooks, checkpoint=hook)  # type: ignore[attr-defined]


def kill_at_landing(moments: Moments) -> None:
    """Kill when the rows of a source are inserted and its books are not."""

    def close_books(*args: Any) -> None:
        if moments.tick():
            moments.strike()
        real(*args)

    real = transactions.close_books
    for reader in (careful, fast, parquet):
        reader.close_books = close_books  # type: ignore[attr-defined]


def kill_at_recovery(name: str, moments: Moments) -> None:
    """Kill before the n-th call of a function that puts recoveries in place, or takes them back."""
    real = getattr(nodes.recovering, name)

    def killed(*args: Any, **kwargs: Any) -> Any:
        if moments.tick():
            moments.strike()
        return real(*args, **kwargs)

    setattr(nodes.recovering, name, killed)


def plant(where: str, moments: Moments) -> None:
    if where in ("before", "after"):
        kill_at_checkpoint(moments, after=where == "after")
    elif where == "write":
        kill_at_write(moments)
    elif where == "receipt":
        kill_at_receipt(moments)
    elif where in ("unreported", "reported"):
        kill_at_report(moments, after=where == "reported")
    elif where == "land":
        kill_at_landing(moments)
    elif where.startswith("recovering."):
        kill_at_recovery(where.removeprefix("recovering."), moments)
    elif where == "publish":
        kill_at_publishing(moments)


def watch(child: int, folders: dict[str, str], copies: Path) -> tuple[int, int]:
    """Copy the folders whenever the process is stopped; return its exit status and the number of copies."""
    made = 0
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status), made
        made += 1
        for name, folder in folders.items():
            if Path(folder).exists():
                shutil.copytree(folder, copies / str(made) / name, symlinks=True)
        os.kill(child, signal.SIGCONT)


def main() -> None:
    for line in sys.stdin:
        home, out, run_id, moments, answer, copies = json.loads(line)
        child = os.fork()  # everything is loaded, and nothing is started yet
        if child == 0:
            for where, first, stride in moments:
                plant(where, Moments(first, stride, signal.SIGSTOP if copies else signal.SIGKILL))
            proceed(read_record(Path(home), run_id), answer=answer)
            os._exit(0)
        answered = watch(child, {"home": home, "out": out}, Path(copies))
        sys.stdout.write(json.dumps(answered) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
