"""Suite `planning`: problems in HDDL, each in a process of its own with a time and a memory limit.

Answer: a plan in the competition's format (`plan.txt`), and `results.json`, a list of what came of each problem; where
a data folder was given they are written there too, the plan beside the problem as `<problem>.plan`. Score: the share
solved with a plan that the independent check accepts, and the length against the best known.
"""

import fcntl
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from algorithms.intervals import wilson
from evals.planning.problems import find_pairs
from evals.planning.verifier import verify
from evals.planning.worker import PLAN, STATUS
from evals.protocol import About, Better, Score, Task, TaskResult
from state.errors import StepError
from tools.files import write_durably

_BEST: Final = Path("..") / "shared" / "data" / "planning" / "best_lengths.json"
_MEMORY: Final = 6 << 30  # bytes of address space
_MARGIN: Final = 0.25  # seconds that a process keeps for writing its last plan


class Planning:
    """The suite."""

    name = "planning"
    description = "hierarchical planning problems in HDDL, against the best known lengths"
    about = About(
        tasks="one a problem, each in a process of its own",
        data="a folder of HDDL, or the problems of a package",
        scorers="share solved and accepted by an independent check (Wilson), length to the best known",
        time="up to `--seconds` a problem",
    )

    def __init__(self) -> None:
        self.seconds = 10.0  # for each problem
        self._folder: Path | None = None
        self._names: tuple[str, ...] = ()

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  there is no contract
        """Return one task for each problem."""
        self._folder = data.absolute() if data is not None else None
        found = tuple(
            Task(
                task_id=pair.name.removesuffix(".hddl"),
                inputs={"name": pair.name, "domain": str(pair.domain), "problem": str(pair.problem)},
            )
            for pair in find_pairs(self._folder)
        )
        self._names = tuple(task.inputs["name"] for task in found)
        return found

    def solve(self, task: Task, out: Path) -> None:
        """Plan in a process of its own; StepError where no plan came of it."""
        for name in (PLAN, STATUS):
            (out / name).unlink(missing_ok=True)
        status = run_worker(task, out, self.seconds)
        write_durably(out / STATUS, json.dumps(status).encode())
        for folder in filter(None, (out.parents[task.task_id.count("/")], self._folder)):
            self._tell(folder, status)
        if not (out / PLAN).exists():
            raise StepError(status["reason"], where=task.inputs["name"])
        if self._folder is not None:
            beside = Path(task.inputs["problem"])
            beside.with_name(f"{beside.stem}.plan").write_text((out / PLAN).read_text())

    def _tell(self, folder: Path, status: dict[str, Any]) -> None:
        """Put a status among those of the other problems; several processes may do so at once."""
        path, lock = folder / "results.json", os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            told = json.loads(path.read_text()) if path.exists() else []
            known = {each["problem"]: each for each in [*told, status]}
            ordered = [known[name] for name in self._names if name in known]
            write_durably(path, json.dumps(ordered, indent=1).encode())
        finally:
            os.close(lock)

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Check the plan and compare its length; StepError where the check refuses it."""
        domain, problem = (Path(task.inputs[one]).read_text(encoding="utf-8") for one in ("domain", "problem"))
        fault = verify(domain, problem, (out / PLAN).read_text())
        if fault:
            raise StepError(f"the plan is refused: {fault}", where=task.inputs["name"])
        status = json.loads((out / STATUS).read_text())
        best = _best_known().get(task.inputs["name"], {}).get("best_known_length")
        first = status["first"]
        told = [f"{status['length']} steps (first {first['length']} after {first['seconds']:.2f} s, best known {best})"]
        if not best:
            return (), {"length": told}
        ratio = status["length"] / best
        return (
            Score(
                name="ratio",
                value=ratio,
                low=ratio,
                high=ratio,
                n=1,
                interval="one plan",
                unit="times",
                better=Better.LOWER,
            ),
        ), {"length": told}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the share solved, the median and the 95th percentile of the ratios of length to best known."""
        solved = sum(result.solved for result in results)
        low, high = wilson(solved, len(results))
        share = Score(
            name="solved and accepted", value=solved / len(results), low=low, high=high, n=len(results),
            interval="Wilson 95 %",
        )  # fmt: skip
        ratios = sorted(score.value for result in results for score in result.scores)
        if not ratios:
            return (share,)
        named = (("length to best known, median", 0.5), ("length to best known, 95th percentile", 0.95))
        return (share, *(_quantile(name, ratios, share_below) for name, share_below in named))


def run_worker(task: Task, out: Path, seconds: float) -> dict[str, Any]:
    """Run the process of one problem; return its status, with the wall time. It is killed when the time is up."""
    started = time.monotonic()
    order = {
        "domain": task.inputs["domain"],
        "problem": task.inputs["problem"],
        "out": str(out),
        "started": started,
        "seconds": max(seconds - _MARGIN, seconds / 2),
        "memory": _MEMORY,
    }
    command = [sys.executable, "-m", "evals.planning.worker", json.dumps(order)]
    reason = ""
    root = Path(__file__).resolve().parents[2]
    try:
        done = subprocess.run(command, cwd=root, timeout=seconds, capture_output=True, text=True, check=False)  # noqa: S603  our own module
        reason = done.stderr.strip().rpartition("\n")[2]
    except subprocess.TimeoutExpired:
        reason = "out of time"
    wall = round(time.monotonic() - started, 3)
    status: dict[str, Any] = {"solved": False, "nodes": 0, "length": None, "reason": reason or "the process died"}
    if (out / STATUS).exists():
        status |= json.loads((out / STATUS).read_text())
    return {"problem": task.inputs["name"], **status, "seconds": wall}


def _best_known() -> dict[str, dict[str, Any]]:
    if not _BEST.exists():
        return {}
    found: dict[str, dict[str, Any]] = json.loads(_BEST.read_text())
    return found


def _quantile(name: str, ordered: Sequence[float], share: float) -> Score:
    """Return a quantile with the interval that order statistics give it."""
    size = len(ordered)
    spread = 1.96 * math.sqrt(size * share * (1 - share))
    places = [math.ceil(size * share + shift) - 1 for shift in (0.0, -spread, spread)]
    value, low, high = (ordered[min(max(place, 0), size - 1)] for place in places)
    return Score(
        name=name,
        value=value,
        low=low,
        high=high,
        n=size,
        interval="order statistics 95 %",
        unit="times",
        better=Better.LOWER,
    )
