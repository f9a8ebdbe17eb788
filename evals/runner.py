"""Running a suite: solve every task, then score it, then write result.json."""

import time
from importlib.metadata import version
from pathlib import Path

from evals.protocol import Suite, SuiteResult, Task, TaskResult
from nodes.boundary import FAILURES, failure_line
from tools.files import write_durably


def run_suite(suite: Suite, *, data: Path | None, contract: Path | None, out: Path) -> SuiteResult:
    """Run all tasks of a suite in order; a task that fails, or cannot be scored, is a result, not the end."""
    results = tuple(_run_task(suite, task, out / task.task_id) for task in suite.tasks(data, contract))
    result = SuiteResult(
        suite=suite.name,
        results=results,
        scores=suite.summarise(results),
        versions={name: version(name) for name in ("millwright", "duckdb", "langgraph")},
    )
    write_durably(out / "result.json", result.model_dump_json(indent=1).encode())
    return result


def _run_task(suite: Suite, task: Task, out: Path) -> TaskResult:
    out.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    try:
        suite.solve(task, out)
    except FAILURES as error:
        seconds = time.perf_counter() - started
        return TaskResult(task_id=task.task_id, solved=False, seconds=seconds, error=failure_line(error))
    seconds = time.perf_counter() - started
    try:
        scores, details = suite.score(task, out)
    except FAILURES as error:
        told = f"the answer cannot be scored: {failure_line(error)}"
        return TaskResult(task_id=task.task_id, solved=False, seconds=seconds, error=told)
    return TaskResult(task_id=task.task_id, solved=True, seconds=seconds, scores=scores, details=details)
