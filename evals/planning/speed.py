"""Suite `planning-speed`: this planner against GTPyhop (version 1.9.7) on the same problems in one run, in CPU seconds.

Each planner gets the problem stated in its own language and is timed from there to the plan; this one compiles the
problem within that time. Score: how many times faster, per problem; both plans must be the same.
"""

import contextlib
import gc
import importlib
import io
import json
import math
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from algorithms.planning.anytime import plan
from algorithms.planning.model import Problem
from algorithms.planning.solution import Solution
from evals.planning import gtpyhop_domains, speed_domains
from evals.protocol import About, Score, Task, TaskResult
from state.errors import SetupError, StepError
from tools.files import write_durably

_SIZES: Final = {"towers": (6, 10, 12, 14), "parcels": (20, 200, 1_000, 2_000), "images": (20, 200, 1_000, 2_000)}
_RUNS: Final = 2  # of each planner; the fastest counts


class PlanningSpeed:
    """The suite."""

    name = "planning-speed"
    description = "three domains, the same problems, against GTPyhop"
    about = About(
        tasks="three domains by size",
        data="none",
        scorers="ratio of times to GTPyhop (bootstrap)",
        time="minutes",
    )

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  it makes its data
        """Return the problems; SetupError where GTPyhop is not installed."""
        if find_spec("gtpyhop") is None:
            raise SetupError("GTPyhop is not installed", hint="pip install gtpyhop==1.9.7")
        return tuple(
            Task(task_id=f"{name}-{size}", inputs={"domain": name, "size": str(size)})
            for name, sizes in _SIZES.items()
            for size in sizes
        )

    def solve(self, task: Task, out: Path) -> None:
        """Plan with both; StepError where the plans differ."""
        name, size = task.inputs["domain"], int(task.inputs["size"])
        problem: Problem = getattr(speed_domains, name)(size)
        ours, seconds = _timed(lambda: _plan(problem))
        with contextlib.redirect_stdout(io.StringIO()):  # the library greets on standard output
            other = importlib.import_module("gtpyhop")
            state, tasks = getattr(gtpyhop_domains, name)(other, size)
            theirs, their_seconds = _timed(lambda: _plan_gtpyhop(other, state, tasks))
        if ours != theirs:
            raise StepError(f"the plans differ: {len(ours)} steps, and {len(theirs)} by GTPyhop", where=task.task_id)
        figures = {"steps": len(ours), "seconds": seconds, "gtpyhop_seconds": their_seconds}
        write_durably(out / "times.json", json.dumps(figures).encode())

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:  # noqa: ARG002  the file says all
        """Return how many times faster this planner was."""
        times = json.loads((out / "times.json").read_text())
        ratio = times["gtpyhop_seconds"] / times["seconds"]
        seconds = f"{times['seconds']:.4f} s, GTPyhop {times['gtpyhop_seconds']:.4f} s"
        told = f"{times['steps']} steps: {seconds}, {ratio:.1f} times"
        score = Score(
            name="times faster",
            value=ratio,
            low=ratio,
            high=ratio,
            n=1,
            interval=f"fastest of {_RUNS} runs",
            unit="times",
        )
        return (score,), {"times": [told]}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the geometric mean over all problems, the larger and the largest of each domain, with ranges."""
        values = {result.task_id: score.value for result in results for score in result.scores}
        larger = [f"{name}-{size}" for name, sizes in _SIZES.items() for size in sizes[-2:]]
        largest = [f"{name}-{sizes[-1]}" for name, sizes in _SIZES.items()]
        groups = {
            "times faster": list(values.values()),
            "times faster, the two larger sizes": [values[one] for one in larger if one in values],
            "times faster, largest problems": [values[one] for one in largest if one in values],
        }
        return tuple(
            Score(
                name=name,
                value=math.exp(sum(map(math.log, found)) / len(found)),
                low=min(found),
                high=max(found),
                n=len(found),
                interval="least to most",
                unit="times",
            )
            for name, found in groups.items()
            if found
        )


def _timed(work: Callable[[], list[tuple[str, ...]]]) -> tuple[list[tuple[str, ...]], float]:
    """Return the result and the CPU seconds of the fastest run."""
    fastest = math.inf
    for _ in range(_RUNS):
        gc.collect()  # what the run before left behind is not this one's
        started = time.process_time()
        found = work()
        fastest = min(fastest, time.process_time() - started)
    return found, fastest


def _plan(problem: Problem) -> list[tuple[str, ...]]:
    answer = plan(problem)
    if not isinstance(answer, Solution):
        raise StepError(answer.reason, where=problem.domain.name)
    return [(task.name, *map(str, task.args)) for task in answer.tasks()]


def _plan_gtpyhop(library: ModuleType, state: Any, tasks: list[tuple[str, ...]]) -> list[tuple[str, ...]]:  # noqa: ANN401
    library.set_verbose_level(0)
    library.set_recursive_planning("iterative_dfs_backtracking")  # complete, as this planner is, and deep enough
    found: list[tuple[str, ...]] | None = library.find_plan(state, tasks)
    if not found:
        raise StepError("GTPyhop found no plan")
    return [tuple(step) for step in found]
