"""Solving tasks: one after the other in this process, or several at once, each in a process of its own.

A process that crashes or is killed is a failed task. The processes are forked from a server that has the house
imported; they end when the process of the suite does, however it ends.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from evals.journal import Solved
from evals.protocol import Suite, Task
from nodes.boundary import FAILURES, failure_line

_PRELOADED = ["__main__", "evals.suites"]
_STOPPED = 130


def solve(suite: Suite, task: Task, out: Path) -> Solved:
    """Solve one task into its folder; a failure is an outcome, a fault of the program rises."""
    folder = out / task.task_id
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    try:
        suite.solve(task, folder)
    except FAILURES as error:
        return Solved(task_id=task.task_id, seconds=time.perf_counter() - started, error=failure_line(error))
    return Solved(task_id=task.task_id, seconds=time.perf_counter() - started)


def solve_all(suite: Suite, tasks: Sequence[Task], out: Path, workers: int) -> Iterator[Solved]:
    """Yield how each task ended: in order with one worker, as they end with several."""
    if workers == 1 or len(tasks) == 1:
        yield from (solve(suite, task, out) for task in tasks)
    else:
        yield from _Pool(suite, out, workers).solve_all(tasks)


class _Pool:
    """At most `workers` processes at once."""

    def __init__(self, suite: Suite, out: Path, workers: int) -> None:
        self._suite, self._out, self._workers = suite, out, workers
        self._running: dict[int, tuple[ForkServerProcess, Connection, Task, float]] = {}
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_PRELOADED)

    def solve_all(self, tasks: Sequence[Task]) -> Iterator[Solved]:
        waiting = list(reversed(tasks))
        try:
            while waiting or self._running:
                while waiting and len(self._running) < self._workers:
                    self._start(waiting.pop())
                for sentinel in [each for each in wait(list(self._running)) if isinstance(each, int)]:
                    yield self._ended(sentinel)
        finally:
            for process, _, _, _ in self._running.values():
                process.terminate()
                process.join()

    def _start(self, task: Task) -> None:
        receiver, sender = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_work, args=(self._suite, task, self._out, sender))
        process.start()
        sender.close()
        self._running[process.sentinel] = (process, receiver, task, time.perf_counter())

    def _ended(self, sentinel: int) -> Solved:
        process, receiver, task, started = self._running.pop(sentinel)
        process.join()
        try:
            told = receiver.recv() if receiver.poll() else None
        except EOFError:  # it was killed before it could answer
            told = None
        receiver.close()
        if isinstance(told, Solved):
            return told
        return Solved(task_id=task.task_id, seconds=time.perf_counter() - started, error=_death(process.exitcode))


def _death(code: int | None) -> str:
    """Return in words how a process ended that gave no answer."""
    if code is not None and code < 0:
        return f"the process of the task was ended by {signal.Signals(-code).name}"
    return f"the process of the task ended with exit code {code} (its traceback is on standard error)"


def _work(suite: Suite, task: Task, out: Path, sender: Connection) -> None:
    """Solve one task in this process and send how it ended."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(_STOPPED))  # the process of the suite tells of it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sender.send(solve(suite, task, out))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(_STOPPED)
