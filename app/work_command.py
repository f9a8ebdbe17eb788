"""`millwright work`: worker processes that take runs from the queue, and the process that looks after them.

A worker process that dies is replaced, and its runs are free at once. SIGTERM or an interrupt drains: each worker
stops its run at the next checkpoint and puts it back. A second one stops at once, and the runs are free when their
leases end.
"""

import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Final

from app.duties import duties_of
from app.settings import load_settings
from app.work_process import WorkOptions, serve, tell
from graphs.worker import AWAY
from tools.database.shared import database_of
from tools.metrics.telemetry import telemetry
from tools.operation.rounds import Rounds
from tools.queue.queue import expire

_LOADED: Final = ["app.work_process", "graphs.supervisor"]
"""What is imported once, before the first worker: each is a fork of it and ready at once."""
_LOOK: Final = 0.2  # seconds between two looks at signals
_QUICK: Final = 2.0  # a process that lives for less is replaced later and later
_MOST_WAIT: Final = 30.0
_TERMINATED: Final = 128 + signal.SIGTERM


def work(*, processes: int, once: bool, as_json: bool) -> int:
    """Keep worker processes at work until told to stop, with `once` until the queue is empty; return the exit code."""
    settings = load_settings()
    home = Path(settings.home).absolute()
    database = database_of(home)
    operation = settings.operation
    options = WorkOptions(
        home=str(home),
        lease=operation.worker_lease_seconds,
        streams=operation.parallel_streams,
        once=once,
        as_json=as_json,
    )

    def told(duty: str, fault: str) -> None:
        tell({"event": "duty failed", "duty": duty, "problem": fault}, as_json=as_json)

    crew = Crew(options, lambda name: expire(database, name))
    with Rounds(duties_of(settings, home), told=told), telemetry(database), crew.listening():
        crew.keep(processes)
    return _TERMINATED if crew.signals > 1 else 0


@dataclass(slots=True)
class Crew:
    """The worker processes of one machine, by name; `freed` is called with the name of one that died."""

    options: WorkOptions
    freed: Callable[[str], object]
    signals: int = 0
    members: dict[str, BaseProcess] = field(default_factory=dict)
    _began: dict[str, float] = field(default_factory=dict)
    _quick: int = 0
    _held: "Connection[None, None] | None" = field(default=None, repr=False)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Let all processes drain at SIGTERM or an interrupt, and end at the second one."""
        before = {number: signal.signal(number, self._hear) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def keep(self, processes: int) -> None:
        """Start so many processes, replace those that die, and return when all have ended by themselves."""
        context = get_context("forkserver")
        context.set_forkserver_preload(_LOADED)
        alive, self._held = context.Pipe(duplex=False)  # it closes when this process is gone, however it ends
        missing, start_at = processes, 0.0
        while self.members or missing:
            while missing and not self.signals and time.monotonic() >= start_at:
                self._start(context.Process, alive)
                missing -= 1
            if self.signals:
                missing = 0
            wait([process.sentinel for process in self.members.values()], timeout=_LOOK)
            died = self._buried()
            missing += died
            if died:
                start_at = time.monotonic() + min(2.0**self._quick / 4 if self._quick > 1 else 0.0, _MOST_WAIT)

    def _start(self, make: Callable[..., BaseProcess], alive: "Connection[None, None]") -> None:
        name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        process = make(target=serve, args=(name, self.options, alive), name=name)
        process.start()
        self.members[name], self._began[name] = process, time.monotonic()
        if self.signals:  # one that came while it was started
            self._end(process)

    def _end(self, process: BaseProcess) -> None:
        if self.signals > 1:
            process.kill()
        else:
            process.terminate()

    def _buried(self) -> int:
        """Forget the processes that ended; return how many of them died and are to be replaced."""
        died = 0
        for name, process in list(self.members.items()):
            if process.is_alive():
                continue
            del self.members[name]
            process.join()
            if process.exitcode == 0:
                continue
            self._quick = self._quick + 1 if time.monotonic() - self._began.pop(name) < _QUICK else 0
            if self.signals < 2:  # noqa: PLR2004  stopped at once, nobody waits for the database
                self._free(name)
            tell({"event": "worker died", "worker": name, "exit_code": process.exitcode}, as_json=self.options.as_json)
            died += 1
        return died

    def _free(self, name: str) -> None:
        """Let others take the runs of a worker that died; where the database is away, its leases have to end."""
        try:
            self.freed(name)
        except AWAY as error:
            told = {"event": "leases not ended", "worker": name, "problem": f"{error}"[:500]}
            tell(told, as_json=self.options.as_json)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self.signals += 1
        for process in self.members.values():
            self._end(process)
