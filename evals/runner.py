"""Running a suite: solve every task, then score it, then write result.json.

A suite that was killed goes on: answers of the same code, arguments and files are kept and scored anew. The order of
results is that of the tasks, however many are solved at once.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from evals.fingerprint import fingerprint
from evals.journal import Journal, Solved
from evals.pool import solve, solve_all
from evals.protocol import Suite, SuiteResult, Task, TaskResult
from nodes.boundary import FAILURES, failure_line
from state.values import Value
from tools.files import write_durably

RESULT = "result.json"

Heard = Callable[[TaskResult, int, int], None]
"""Told of each result, with how many there are by now and how many there will be."""


class Running(Value):
    """How a suite is run: tasks at once, whether earlier answers count, and what was asked otherwise than usual."""

    workers: int = 1
    fresh: bool = False
    arguments: Mapping[str, str] = {}


class SuiteRun:
    """One run of a suite into the folder `out`; SetupError where its tasks cannot be made."""

    def __init__(
        self, suite: Suite, *, data: Path | None, contract: Path | None, out: Path, running: Running | None = None
    ) -> None:
        self.suite, self._out, self._running = suite, out, running or Running()
        self.tasks = tuple(suite.tasks(data, contract))
        wanted = {task.task_id: fingerprint(suite.name, self._running.arguments, task) for task in self.tasks}
        self._journal = Journal(out, wanted, fresh=self._running.fresh)
        self._solved = dict(self._journal.kept)
        self._results: list[TaskResult] = []

    def results(self) -> Iterator[TaskResult]:
        """Solve what is to be solved and yield the result of every task, in order; for one reader."""
        missing = [task for task in self.tasks if task.task_id not in self._solved]
        yield from self._scored()
        for solved in solve_all(self.suite, missing, self._out, self._running.workers):
            self._journal.note(solved)
            self._solved[solved.task_id] = solved
            yield from self._scored()

    def finish(self) -> SuiteResult:
        """Return the result of the whole suite when all tasks have one, and write it."""
        results = tuple(self._results)
        result = SuiteResult(
            suite=self.suite.name,
            results=results,
            scores=self.suite.summarise(results),
            versions={name: version(name) for name in ("millwright", "duckdb", "langgraph")},
            arguments=dict(self._running.arguments),
            kept=tuple(task.task_id for task in self.tasks if task.task_id in self._journal.kept),
        )
        write_durably(self._out / RESULT, result.model_dump_json(indent=1).encode())
        return result

    def _scored(self) -> Iterator[TaskResult]:
        """Yield the results of tasks that are solved, as have been all before them."""
        for task in self.tasks[len(self._results) :]:
            if task.task_id not in self._solved:
                return
            result = self._score(task, self._solved[task.task_id])
            if not result.solved and task.task_id in self._journal.kept:  # its answer is gone or broken
                del self._journal.kept[task.task_id]
                solved = solve(self.suite, task, self._out)
                self._journal.note(solved)
                result = self._score(task, solved)
            self._results.append(result)
            yield result

    def _score(self, task: Task, solved: Solved) -> TaskResult:
        if solved.error:
            return TaskResult(task_id=task.task_id, solved=False, seconds=solved.seconds, error=solved.error)
        try:
            scores, details = self.suite.score(task, self._out / task.task_id)
        except FAILURES as error:
            told = f"the answer cannot be scored: {failure_line(error)}"
            return TaskResult(task_id=task.task_id, solved=False, seconds=solved.seconds, error=told)
        return TaskResult(task_id=task.task_id, solved=True, seconds=solved.seconds, scores=scores, details=details)


def run_suite(
    suite: Suite,
    *,
    data: Path | None,
    contract: Path | None,
    out: Path,
    running: Running | None = None,
    heard: Heard = lambda _result, _done, _total: None,
) -> SuiteResult:
    """Run all tasks of a suite; a task that fails, or cannot be scored, is a result, not the end."""
    begun = SuiteRun(suite, data=data, contract=contract, out=out, running=running)
    for done, result in enumerate(begun.results(), 1):
        heard(result, done, len(begun.tasks))
    return begun.finish()
