"""Plans one problem in a process of its own: `python -m evals.planning.worker ORDER`, ORDER a JSON object.

Every plan is written as soon as it is found, whole or not at all, so that the process may be killed at any moment.
"""

import gc
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, Final

from algorithms.planning.anytime import Limits, Planner
from algorithms.planning.hddl_problem import read_problem
from algorithms.planning.ipc_format import ipc_plan
from algorithms.planning.solution import Solution
from state.errors import MillwrightError

PLAN: Final = "plan.txt"
STATUS: Final = "status.json"
_PAUSE: Final = 0.5  # seconds at least between two plans written, but for the first and the last


class _Report:
    """What the process leaves behind."""

    def __init__(self, folder: Path, started: float) -> None:
        self._folder = folder
        self._started = started
        self._written = -_PAUSE
        self._waiting: Solution | None = None
        self.status: dict[str, Any] = {"solved": False, "nodes": 0, "length": None, "reason": "out of time"}

    def found(self, solution: Solution) -> None:
        """Write a plan, now or a little later."""
        self._waiting = solution
        seconds = time.monotonic() - self._started
        first = self.status.get("first", {"length": solution.length, "seconds": round(seconds, 3)})
        self.status |= {"first": first, "solved": True, "reason": ""}
        if seconds - self._written >= _PAUSE:
            self.write_plan()

    def write_plan(self) -> None:
        """Write the plan that waits."""
        if self._waiting is None:
            return
        self._replace(PLAN, ipc_plan(self._waiting))
        self._written = time.monotonic() - self._started
        self.status |= {"length": self._waiting.length, "nodes": self._waiting.nodes}
        self._waiting = None
        self.end()

    def end(self) -> None:
        """Write how it stands."""
        self.status["cpu_seconds"] = round(time.process_time(), 3)
        self._replace(STATUS, json.dumps(self.status))

    def _replace(self, name: str, text: str) -> None:
        aside = self._folder / f"{name}.part"
        aside.write_text(text)
        aside.replace(self._folder / name)


def main(order: dict[str, Any]) -> None:
    """Plan until the time is up; `order` holds domain, problem, out, started, seconds and memory (bytes)."""
    gc.disable()  # the search makes no cycles worth collecting, and looking for them costs a tenth of the time
    resource.setrlimit(resource.RLIMIT_AS, (order["memory"], order["memory"]))
    report = _Report(Path(order["out"]), order["started"])
    domain, problem = Path(order["domain"]), Path(order["problem"])
    try:
        texts = (domain.read_text(encoding="utf-8"), problem.read_text(encoding="utf-8"))
        stated = read_problem(*texts, domain_name=domain.name, problem_name=problem.name)
        left = order["seconds"] - (time.monotonic() - order["started"])
        planner = Planner(stated, limits=Limits(seconds=left))
        for solution in planner.plans():
            report.found(solution)
        report.write_plan()
        report.status["nodes"] = planner.nodes
        if report.status["solved"]:
            report.status["proved"] = planner.exhausted
        else:
            report.status["reason"] = planner.no_plan().reason
    except MillwrightError as error:
        report.status["reason"] = error.line()
    except MemoryError:
        report.status["reason"] = report.status["reason"] and "out of memory"
    report.end()
    sys.stdout.flush()
    os._exit(0)  # a large search takes long to tear down, and nothing is left to do


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
