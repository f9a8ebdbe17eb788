"""Measuring a command as a whole: wall time, CPU time and memory of its process and of all that it starts."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from state.errors import StepError
from state.values import Value

_TICK = 0.02  # seconds between two looks at the memory
_PAGE = os.sysconf("SC_PAGE_SIZE")
_KIB = 1024
_SHOWN = 400


class Usage(Value):
    """What one execution of a command used.

    `peak_bytes` is the largest sum of the resident memory of all processes of the tree, looked at 50 times a second
    (pages that two processes share count twice), and at least the largest of any single process as the system kept it.
    """

    wall: float  # seconds
    cpu: float  # seconds, user and system, of all processes
    peak_bytes: int


def measure(command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> Usage:
    """Execute the command to its end; what it prints goes to `log`. StepError when it ends badly."""
    started = time.perf_counter()
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603  the caller's own program
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, env=dict(environment)
        )
        watch = _Watch(process.pid)
        watch.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.stop()
    if process.returncode:
        told = " ".join(log.read_text(errors="replace").split())[-_SHOWN:]
        raise StepError(f"{Path(command[1]).name} ended with {process.returncode}: {told}", where=str(log))
    return Usage(wall=wall, cpu=used.ru_utime + used.ru_stime, peak_bytes=max(watch.peak, used.ru_maxrss * _KIB))


class _Watch(threading.Thread):
    """Notes the largest sum of resident memory of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid, self._ended = pid, threading.Event()

    def run(self) -> None:
        """Look until stopped."""
        while not self._ended.wait(_TICK):
            self.peak = max(self.peak, sum(map(_resident, _tree(self._pid))))

    def stop(self) -> None:
        """Stop looking."""
        self._ended.set()
        self.join()


def _tree(pid: int) -> list[int]:
    """Return the process and its descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, _read(children).split())
    return found


def _resident(pid: int) -> int:
    """Return the resident bytes of a process; 0 when it is gone."""
    fields = _read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * _PAGE if fields else 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return ""
