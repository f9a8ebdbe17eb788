"""Suites as tests: a task is solved and scored, and held against thresholds."""

from collections.abc import Mapping
from pathlib import Path

from evals.pool import solve
from evals.protocol import Suite, Task


def tasks_of(suite: Suite, data: Path | None = None) -> dict[str, Task]:
    """Return the tasks of a suite by id, e.g. to parametrize a test with."""
    return {task.task_id: task for task in suite.tasks(data, None)}


def shortfalls(suite: Suite, task: Task, out: Path, at_least: Mapping[str, float]) -> list[str]:
    """Solve a task in `out` and return in which scores it falls short of `at_least`; how it failed where it did."""
    ended = solve(suite, task, out)
    if ended.error:
        return [f"{task.task_id} is not solved: {ended.error}"]
    scores, _ = suite.score(task, out / task.task_id)
    found = {score.name: score.value for score in scores}
    told = [f"{task.task_id} has no score {name!r}" for name in at_least if name not in found]
    short = {name: (found[name], least) for name, least in at_least.items() if found.get(name, least) < least}
    told += [f"{task.task_id}: {name} is {value:.4f}, less than {least}" for name, (value, least) in short.items()]
    return told
