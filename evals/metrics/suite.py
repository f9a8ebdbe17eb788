"""The suite `metrics`: runs of every end, their figures told by the operation and by an outside meter."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from algorithms.intervals import wilson
from evals.failures.job import Job, write_contract, write_job
from evals.metrics.compared import differences, reported
from evals.metrics.meter import meter
from evals.protocol import About, Score, Task, TaskResult
from graphs.session import resume, run
from state.budget import BudgetLimits
from state.operation import OperationSettings
from state.run import RunContext
from tools.database.open import open_database
from tools.files import write_durably
from tools.metrics.report import production_report
from tools.metrics.store import fold

_RUNS = 3
_FAR = timedelta(days=400)


class Metrics:
    """Are counts equal, and percentiles within their error, before and after raw figures were folded."""

    name = "metrics"
    description = "counts and percentiles of the operation against an outside meter, and after folding"
    about = About(
        tasks="seven runs: published, not met, out of budget, resumed",
        data="makes its own",
        scorers="share of figures that agree with what the runs left, before and after folding (Wilson)",
        time="1 min",
    )

    def __init__(self, runs: int = _RUNS) -> None:
        self._runs = runs

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  it makes its own runs
        """Return the one task: all runs share a database."""
        return [Task(task_id="runs", inputs={})]

    def solve(self, task: Task, out: Path) -> None:  # noqa: ARG002
        """Run jobs that are published, not met, out of budget and resumed; write what the operation tells of them."""
        home = out / "home"
        for number in range(self._runs):
            job = write_job(out / f"job-{number}")
            deliver(job, home, f"published-{number}")
            write_contract(job, quality=[{"metric": "rowCount", "mustBe": 1}])
            deliver(job, home, f"not-met-{number}")
        job = write_job(out / "job-budget")
        deliver(job, home, "budget", BudgetLimits(steps=6))
        resume(home, "budget", operation=OperationSettings())
        with open_database(home) as database:
            before = reported(production_report(database, datetime.now(UTC), _FAR))
            later = datetime.now(UTC) + timedelta(days=2)
            fold(database, hours_before=later.timestamp(), lasting_before=0.0)
            after = reported(production_report(database, later, _FAR))
        write_durably(out / "told.json", json.dumps({"raw": before, "folded": after}, indent=1).encode())

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:  # noqa: ARG002
        """Return the share of figures that agree with the meter."""
        told = json.loads((out / "told.json").read_text())
        metered = meter(sorted(path.parent for path in out.glob("job-*/out/_runs/*/run.json")))
        wrong = {name: differences(figures, metered) for name, figures in told.items()}
        scores = [
            _share(f"figures that agree, {name}", len(metered) - len(each), len(metered))
            for name, each in wrong.items()
        ]
        return tuple(scores), {"wrong": [f"{name}: {line}" for name, lines in wrong.items() for line in lines]}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return all scores."""
        return tuple(score for result in results for score in result.scores)


def deliver(job: Job, home: Path, run_id: str, budget: BudgetLimits | None = None) -> None:
    """Work on a job with its figures taken into the database of `home`."""
    context = RunContext(home=str(home), budget=budget or BudgetLimits())
    run(job.contract, [str(job.sources)], job.out, run_id=run_id, context=context, operation=OperationSettings())


def _share(name: str, right: int, of: int) -> Score:
    low, high = wilson(right, of)
    return Score(name=name, value=right / of, low=low, high=high, n=of, interval="Wilson 95 %")
