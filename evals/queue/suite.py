"""The suite `queue`: no run is lost or done twice, whoever is killed; what the queue costs; and a bug that is found."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from algorithms.intervals import bootstrap_mean, wilson
from evals.postgres_server import postgres_server
from evals.protocol import About, Score, Task, TaskResult
from evals.queue.crew import Killing, work_off
from evals.queue.judge import Verdict, judge
from evals.queue.work import make_inputs, submit, work_alone
from tools.settings.secrets import VARIABLES

_POSTGRES: Final = "4 processes on PostgreSQL, workers killed, the server restarted"
_SQLITE: Final = "1 process on SQLite, killed"
_ALONE: Final = 20
"""Runs without a queue, to compare with."""


class Queue:
    """Does every run end once, and what does the queue cost."""

    name = "queue"
    description = "runs of a queue while workers are killed: each ends once; runs a minute, and overhead"
    about = About(
        tasks="1,000 runs over 4 processes on PostgreSQL, 100 with one process on SQLite",
        data="makes its own; `--seeds` runs; needs PostgreSQL, which it starts and restarts",
        scorers="runs that ended once with the right bytes (Wilson), runs a minute, seconds between two runs",
        time="a quarter of an hour",
    )

    def __init__(self) -> None:
        self.seeds = 1_000
        """Runs on PostgreSQL; a tenth of it on SQLite."""

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  it makes its own
        """Return a task for each kind of database."""
        return [Task(task_id=name, inputs={}) for name in (_POSTGRES, _SQLITE)]

    def solve(self, task: Task, out: Path) -> None:
        """Submit, work off, kill; SetupError where there is no PostgreSQL."""
        inputs, home, reference = out / "inputs", out / "home", out / "alone"
        for left in (home, reference, out / "published"):
            shutil.rmtree(left, ignore_errors=True)
        make_inputs(inputs)
        alone = work_alone(inputs, reference, _ALONE)
        on_postgres = task.task_id == _POSTGRES
        runs = self.seeds if on_postgres else max(self.seeds // 10, 1)
        killing = Killing(processes=4, every=8.0) if on_postgres else Killing(processes=1, every=12.0)
        with postgres_server() if on_postgres else nullcontext() as server:
            url = server.url if server else ""
            halfway = (lambda: server.restart(away=1.0)) if server else (lambda: None)
            with _using(url):
                submit(inputs, home, url, runs)
                worked = work_off(home, killing, halfway=halfway, runs=runs)
                verdict = judge(home, url, runs, worked, reference, alone)
        (out / "verdict.json").write_text(verdict.model_dump_json(indent=1), encoding="utf-8")
        for big in (home, reference):
            shutil.rmtree(big)

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the share of runs that ended once and right, runs a minute, and what the queue costs for each run."""
        verdict = Verdict.model_validate_json((out / "verdict.json").read_text(encoding="utf-8"))
        low, high = wilson(verdict.right, verdict.runs)
        share = verdict.right / verdict.runs
        once = Score(
            name=f"{task.task_id}: ended once and right", value=share, low=low, high=high, n=verdict.runs,
            interval="Wilson 95 %",
        )  # fmt: skip
        pace = verdict.runs / verdict.seconds * 60
        rate = Score(
            name=f"{task.task_id}: pace", value=pace, low=pace, high=pace, n=verdict.runs, interval="one run",
            unit="runs a minute",
        )  # fmt: skip
        figures = (
            _mean(f"{task.task_id}: queue between two runs", [1_000 * gap for gap in verdict.gaps], "ms"),
            _mean(f"{task.task_id}: a run in a worker", verdict.spans, "s"),
            _mean(f"{task.task_id}: a run in one process without a queue", verdict.alone.seconds, "s"),
        )
        killed = f"{verdict.killed_workers} workers and {verdict.killed_supervisors} supervisors killed"
        told = [f"{verdict.runs} runs in {verdict.seconds:.1f} s", f"{killed}, {verdict.resumed} runs resumed"]
        return (once, rate, *figures), {"told": told, "faults": list(verdict.faults)}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the scores of all tasks."""
        return tuple(score for each in results for score in each.scores)


@contextmanager
def _using(url: str) -> Iterator[None]:
    """Let this process and those it starts use a database; without a URL that of the home folder."""
    name = VARIABLES["database_url"]
    before = os.environ.get(name, "")
    os.environ[name] = url
    try:
        yield
    finally:
        os.environ[name] = before


def _mean(name: str, values: Sequence[float], unit: str) -> Score:
    low, high = bootstrap_mean([[value] for value in values])
    mean = sum(values) / len(values) if values else 0.0
    return Score(
        name=name, value=mean, low=min(low, mean), high=max(high, mean), n=len(values), interval="bootstrap 95 %",
        unit=unit,
    )  # fmt: skip
