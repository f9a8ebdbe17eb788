"""Bulkheads: work of an agent in a thread of its own, within a time; whatever it does, its caller goes on."""

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from nodes.boundary import failure_line

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no answer: it is late, or what it raised."""

    reason: str
    late: bool = False


@dataclass(frozen=True, slots=True)
class Given(Generic[Answer]):
    """What was answered."""

    answer: Answer


def within(work: Callable[[], Answer], seconds: float, name: str) -> Given[Answer] | Failed:
    """Return what `work` answers within a time. One that is late is left to itself: its thread ends with it."""
    answers: SimpleQueue[Given[Answer] | Failed] = SimpleQueue()

    def run() -> None:
        try:
            answers.put(Given(work()))
        except Exception as error:  # noqa: BLE001  the worker boundary: whatever an agent raises is its failure
            answers.put(Failed(failure_line(error)[:300]))

    context = contextvars.copy_context()
    threading.Thread(target=lambda: context.run(run), name=name, daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except Empty:
        return Failed(f"no answer within {seconds:g} s", late=True)


def in_thread(work: Callable[[], Answer], name: str) -> "Future[Answer]":
    """Begin work in a thread of its own that does not keep the process from ending where it hangs."""
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001  it rises where the result is asked for
            future.set_exception(error)

    context = contextvars.copy_context()
    threading.Thread(target=lambda: context.run(run), name=name, daemon=True).start()
    return future
