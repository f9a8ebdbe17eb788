"""The suite `auctions`: promises of theory, weaknesses, a simulated crew, and real runs."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from evals.auctions import properties, weaknesses
from evals.auctions.crew import crews
from evals.auctions.found import Found
from evals.auctions.runs import engines, learning
from evals.protocol import About, Score, Task, TaskResult

ROWS = 300_000
"""Rows of the largest table of the job that measures engines, unless asked otherwise."""

_TRIALS = 20_000
_HARD = 4_000  # trials that solve several divisions each
_SEEDS = 60
_RUNS = 6
_ROUNDS = 3
_FOUND = "found.json"


class Auctions:
    """Do auctions keep their promises, and do they pay."""

    name = "auctions"
    description = (
        "truthfulness, rationality, efficiency, revenue, weaknesses; a simulated crew; predictions and engines of runs"
    )
    about = About(
        tasks="drawn auctions, a simulated crew, real runs",
        data="none; `--rows` for the real runs",
        scorers="shares of properties that hold, ratios of cost and time, errors of predictions (Wilson, bootstrap)",
        time="minutes",
    )

    def __init__(self, rows: int = ROWS, *, share: float = 1.0) -> None:
        self._rows, self._share = rows, share

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  it makes its own input
        """Return the tasks."""
        return [Task(task_id=name, inputs={}) for name in self._work(Path())]

    def solve(self, task: Task, out: Path) -> None:
        """Do a task and write what was found."""
        found = self._work(out)[task.task_id]()
        (out / _FOUND).write_text(found.model_dump_json(indent=1), encoding="utf-8")

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the scores; what did not hold is told."""
        found = Found.model_validate_json((out / _FOUND).read_text(encoding="utf-8"))
        broken = () if found.right else (f"{task.task_id}: what was promised did not hold",)
        return found.scores, {"told": [*found.told, *broken]}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the scores of all tasks."""
        return tuple(score for result in results for score in result.scores)

    def _work(self, out: Path) -> dict[str, Callable[[], Found]]:
        many, hard = (max(50, round(self._share * each)) for each in (_TRIALS, _HARD))
        seeds = max(4, round(self._share * _SEEDS))
        runs, rounds = max(2, round(self._share * _RUNS)), max(1, round(self._share * _ROUNDS))
        return {
            "truthful: Vickrey": partial(properties.truthful, many),
            "truthful: several at once": partial(properties.several, hard),
            "truthful: packages": partial(properties.packages, hard),
            "English": partial(properties.clock, hard),
            "revenue": partial(properties.revenue, many),
            "weak: shill bids": partial(weaknesses.shill, many),
            "weak: false names": partial(weaknesses.false_names, hard),
            "weak: collusion": partial(weaknesses.collusion, many),
            "crew, unlike": partial(crews, seeds),
            "crew, alike": partial(crews, seeds, spread=0.0),
            "predictions": partial(learning, out / "runs", runs),
            "engines": partial(engines, out / "runs", self._rows, rounds),
        }
