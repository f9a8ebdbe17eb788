"""The workers of the suite: `millwright work` in processes of their own, which are killed at random while they work."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from state.errors import SetupError
from state.values import Value

_MAIN: Final = "from app.cli import main; main()"
_LOOK: Final = 0.1  # seconds
_SUPERVISOR: Final = 0.1
"""Share of kills that hit the process that looks after the workers."""


class Killing(Value):
    """How workers are disturbed."""

    processes: int
    every: float  # mean seconds between two kills
    lease: float = 10.0  # seconds
    seed: int = 0
    limit: float = 3_600.0  # seconds for all


class Worked(Value):
    """What was seen from outside while the queue was worked off."""

    seconds: float
    killed_workers: int
    killed_supervisors: int
    lines: tuple[dict[str, Any], ...]  # what the workers told


@dataclass(slots=True)
class _Scene:
    """A crew at work in a home folder."""

    home: Path
    killing: Killing
    crew: "subprocess.Popen[bytes]" = field(init=False)
    workers: int = 0
    supervisors: int = 0

    def begin(self) -> None:
        """Start the supervisor of the workers."""
        environment = {
            **os.environ,
            "MILLWRIGHT_HOME": str(self.home),
            "MILLWRIGHT_OPERATION__WORKER_LEASE_SECONDS": str(self.killing.lease),
        }
        command = [sys.executable, "-c", _MAIN, "work", "--processes", str(self.killing.processes), "--once", "--json"]
        with self.told.open("ab") as lines, self.home.with_suffix(".log").open("ab") as log:
            self.crew = subprocess.Popen(command, env=environment, stdout=lines, stderr=log)  # noqa: S603

    @property
    def told(self) -> Path:
        """Where the workers write what happens."""
        return self.home.with_suffix(".jsonl")

    def kill(self, draw: random.Random) -> None:
        """Kill a worker, now and then the supervisor, which is then started again."""
        if draw.random() < _SUPERVISOR:
            self.crew.kill()
            self.crew.wait()
            self.supervisors += 1
            self.begin()
            return
        try:
            family = psutil.Process(self.crew.pid).children(recursive=True)
            workers = [process for process in family if process.ppid() != self.crew.pid]
        except psutil.NoSuchProcess:
            return
        if workers:
            with_luck = draw.choice(workers)
            try:
                with_luck.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                return
            self.workers += 1


def work_off(home: Path, killing: Killing, *, halfway: Callable[[], None], runs: int) -> Worked:
    """Let a crew work off the queue of a home folder, and kill its members; `halfway` is called once.

    SetupError when it takes longer than the limit, or ends with an error.
    """
    scene, draw, began = _Scene(home, killing), random.Random(killing.seed), time.monotonic()  # noqa: S311
    scene.begin()
    next_kill, passed = began + 2 * killing.every, False
    while scene.crew.poll() is None:
        now = time.monotonic()
        if now - began > killing.limit:
            scene.crew.kill()
            raise SetupError(f"the queue is not empty after {killing.limit:.0f} s", where=str(home))
        if now >= next_kill:
            scene.kill(draw)
            next_kill = time.monotonic() + draw.expovariate(1 / killing.every)
        if not passed and _ended(scene.told) >= runs // 2:
            passed = True
            halfway()
        time.sleep(_LOOK)
    if scene.crew.returncode:
        told = home.with_suffix(".log").read_text(encoding="utf-8", errors="replace")[-500:]
        raise SetupError(f"the workers ended with {scene.crew.returncode}: {told}", where=str(home))
    seconds = time.monotonic() - began
    return Worked(
        seconds=seconds,
        killed_workers=scene.workers,
        killed_supervisors=scene.supervisors,
        lines=tuple(_lines(scene.told)),
    )


def _ended(told: Path) -> int:
    return told.read_bytes().count(b'"event": "ended"')


def _lines(told: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.read_text(encoding="utf-8").splitlines()]
