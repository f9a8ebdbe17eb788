"""Kills sessions of a decision log at every write: each in a fork of this process, which has everything loaded.

Arguments: a folder. Prints one line of JSON for every kill: what the log said right after, and after another session.
"""

import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from decision_log_work import CONTRACT, adopt_names

from tools.decision_log.reading import read_log

_WRITES = ("pwrite", "fsync", "replace")

_AGAIN = 2
"""After every second kill there is another session."""


class _Killer:
    """Kills the process at its n-th write; every second time the write is half done."""

    def __init__(self, at: int) -> None:
        self._at, self._count, self._lock = at, 0, threading.Lock()
        for name in _WRITES:
            setattr(os, name, self._wrapped(getattr(os, name), name))

    def _wrapped(self, write: Callable[..., Any], name: str) -> Callable[..., Any]:
        def killing(*given: Any, **more: Any) -> Any:
            with self._lock:
                self._count += 1
                if self._count == self._at:
                    if name == "pwrite":
                        write(given[0], given[1][: len(given[1]) // 2], given[2])
                    os.kill(os.getpid(), signal.SIGKILL)
            return write(*given, **more)

        return killing


def killed_at(home: Path, at: int, names: list[str]) -> bool:
    """Adopt entries in a process that is killed at its n-th write; whether it was."""
    child = os.fork()
    if child == 0:
        _Killer(at)
        adopt_names(home, names)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def told(home: Path) -> dict[str, Any]:
    """What the log says, or what is wrong with it."""
    reading = read_log(home, CONTRACT)
    names = [name for entry in reading.entries if entry.proposal.mapping for name in entry.proposal.mapping.matches]
    return {"names": names, "fault": reading.fault.reason if reading.fault else "", "usable": reading.usable}


def in_child(home: Path, names: list[str]) -> None:
    """Adopt in a process of its own: threads and forks do not go together."""
    child = os.fork()
    if child == 0:
        adopt_names(home, names)
        os._exit(0)
    os.waitpid(child, 0)


def main(folder: Path) -> None:
    """Kill at the first write, the second, ... until a session ends before it is killed; with and without a log."""
    for begun in (False, True):
        base = folder / f"base-{begun}"
        base.mkdir()
        if begun:
            in_child(base, ["A"])
        at, killed = 0, True
        while killed:
            at += 1
            home = folder / f"home-{begun}-{at}"
            shutil.copytree(base, home)
            killed = killed_at(home, at, ["B", "C"] if begun else ["B"])
            after = told(home)
            if at % _AGAIN == 0:
                in_child(home, ["B", "C", "D"])
            again = told(home) if at % _AGAIN == 0 else None
            sys.stdout.write(json.dumps({"begun": begun, "at": at, "after": after, "again": again}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
