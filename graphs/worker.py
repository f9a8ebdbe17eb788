"""A worker: takes runs from the queue one after the other and works on each under a lease that it renews.

What becomes of a job: its run ended or waits for a person: `ended`. The worker was told to drain, or another process
has the run's lock: back into the queue, and the attempt does not count. The machine or the database failed: back, a
little later, and it counts. What no other worker could do either: set aside. The claim was lost: nothing, as another
worker has the run.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from langgraph.runtime import RunControl
from sqlalchemy.exc import SQLAlchemyError

from graphs.session import Hold, SessionOutput, proceed
from state.errors import (
    AnswerError,
    ClaimLost,
    ContractError,
    MillwrightError,
    RunBusy,
    RunDrained,
    RunError,
    SetupError,
    SourceError,
    StateVersionError,
)
from state.jobs import Claim, Fence, JobState
from state.operation import OperationSettings
from tools.database.database import Database
from tools.lineage.target import LineageTarget
from tools.queue.queue import claim, finish, heartbeat, held, jobs, release, set_aside
from tools.records import read_record

HOPELESS: Final = (ContractError, SourceError, StateVersionError, AnswerError, RunError)
"""What fails in the same way at every worker."""

POLL: Final = 0.5
"""Seconds between two looks into an empty queue."""

AWAY: Final = (SetupError, SQLAlchemyError, sqlite3.Error)
"""What is raised for a database that cannot be reached or written to, e.g. as its disk is full."""

AWAY_POLL: Final = 5.0
"""Seconds before such a database is tried again."""

_FIRST_DELAY: Final = 1.0  # seconds before another attempt; doubled for each more
_MOST_DELAY: Final = 300.0

Told = Callable[[Mapping[str, Any]], None]
"""Hears what becomes of runs, as plain data with `event` and `run_id`."""


@dataclass(slots=True)
class Worker:
    """Works until the queue is empty, or until it is told to drain. `work` may run in several threads at once.

    Attributes:
        name: unique among all workers that share the database.
        lease: seconds without a heartbeat after which another worker takes the run.
        told: hears when a run is taken and left.
        lineage: where lineage is sent.
        operation: how the figures of its runs are taken; None: they are not.

    """

    database: Database
    name: str
    lease: float
    told: Told
    lineage: LineageTarget = field(default_factory=LineageTarget)
    operation: OperationSettings | None = None
    poll: float = POLL
    _stopped: threading.Event = field(default_factory=threading.Event, init=False)
    _controls: dict[str, RunControl] = field(default_factory=dict, init=False)

    def drain(self, reason: str) -> None:
        """Take no more runs, and stop those in work at their next checkpoint; safe in a signal handler."""
        self._stopped.set()
        for control in list(self._controls.values()):
            control.request_drain(reason)

    def work(self, *, once: bool = False) -> int:
        """Take runs until told to drain, with `once` until no run waits or is worked on; return how many were taken.

        A database that is away is told of and waited for, with `once` it is raised; a run whose end could not be noted
        is free when its lease ends.
        """
        taken = 0
        while not self._stopped.is_set():
            try:
                claimed = claim(self.database, self.name, self.lease)
                if claimed is not None:
                    taken += 1
                    self.perform(claimed)
                elif once and not jobs(self.database, JobState.QUEUED, JobState.LEASED):
                    break
                else:
                    self._stopped.wait(self.poll)
            except AWAY as error:
                if once:
                    raise
                self.told({"event": "waits", "at": round(time.time(), 3), "worker": self.name, "problem": _line(error)})
                self._stopped.wait(AWAY_POLL)
        return taken

    def perform(self, claimed: Claim) -> None:
        """Work on a claimed run and say in the queue what became of it."""
        began = time.monotonic()
        self._tell("taken", claimed, waited=round(claimed.waited, 3))
        outcome = "lost"
        more: dict[str, str] = {}
        with suppress(ClaimLost):
            outcome, more = self._attempt(claimed)
        self._tell(outcome, claimed, seconds=round(time.monotonic() - began, 3), **more)

    def _attempt(self, claimed: Claim) -> tuple[str, dict[str, str]]:
        """Return what became of the run; ClaimLost when another worker has it."""
        try:
            output = self._run(claimed)
        except RunDrained:
            release(self.database, claimed)
            return "drained", {}
        except RunBusy as busy:
            release(self.database, claimed, busy.line(), delay=self.lease / 2)
            return "busy", {"problem": busy.line()}
        except ClaimLost:
            raise
        except HOPELESS as error:
            set_aside(self.database, claimed, error.line())
            return "set aside", {"problem": error.line()}
        except Exception as error:  # noqa: BLE001  the worker boundary: the run is tried again, the worker goes on
            problem = _line(error)
            delay = min(_FIRST_DELAY * 2 ** (claimed.attempt - 1), _MOST_DELAY)
            release(self.database, claimed, problem, delay=delay, counts=True)
            return "failed", {"problem": problem}
        finish(self.database, claimed, output.get("problem", ""))
        return "ended", {"status": output["status"].value}

    def _run(self, claimed: Claim) -> SessionOutput:
        record = read_record(Path(claimed.home), claimed.run_id)
        with self._beating(claimed) as control:
            fence = Fence(lambda: held(self.database, claimed))
            return proceed(record, lineage=self.lineage, operation=self.operation, hold=Hold(control, fence))

    @contextmanager
    def _beating(self, claimed: Claim) -> Iterator[RunControl]:
        """Renew the lease while the run is worked on; when it is lost, the run is stopped at its next checkpoint."""
        control, done = RunControl(), threading.Event()

        def beat() -> None:
            while not done.wait(self.lease / 3):
                try:
                    heartbeat(self.database, claimed, self.lease)
                except ClaimLost:
                    control.request_drain("the claim was lost")
                    return
                except AWAY:
                    continue  # nobody can claim the run either; a lease that ended meanwhile is renewed if it can be

        thread = threading.Thread(target=beat, name=f"heartbeat-{claimed.run_id}", daemon=True)
        self._controls[claimed.run_id] = control
        thread.start()
        try:
            if self._stopped.is_set():
                control.request_drain("shutdown")
            yield control
        finally:
            done.set()
            self._controls.pop(claimed.run_id, None)
            thread.join()

    def _tell(self, event: str, claimed: Claim, **more: object) -> None:
        run = {"run_id": claimed.run_id, "attempt": claimed.attempt, "worker": self.name}
        self.told({"event": event, "at": round(time.time(), 3), **run, **more})


def _line(error: Exception) -> str:
    return error.line() if isinstance(error, MillwrightError) else f"{type(error).__name__}: {error}"[:500]
