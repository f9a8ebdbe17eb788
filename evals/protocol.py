"""The suite protocol: tasks, a solver that writes its answers, a scorer that reads the truth after them, results."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import Field

from state.values import Value


class Task(Value):
    """One task of a suite; `inputs` are paths by name."""

    task_id: str
    inputs: dict[str, str]


class Score(Value):
    """A figure with its uncertainty: never one without the other."""

    name: str
    value: float
    low: float
    high: float
    n: int  # observations behind the figure
    interval: str  # how low and high were found, e.g. "Wilson 95 %"
    unit: str = "share"  # share (0 to 1) | times (a ratio)


class TaskResult(Value):
    """How one task ended."""

    task_id: str
    solved: bool
    seconds: float  # wall time of solving
    scores: tuple[Score, ...] = ()
    details: dict[str, Any] = Field(default_factory=dict)
    error: str = ""


class SuiteResult(Value):
    """How a suite ended; written as result.json beside the answers."""

    suite: str
    results: tuple[TaskResult, ...]
    scores: tuple[Score, ...]
    versions: dict[str, str]


class Suite(Protocol):
    """A suite of tasks. `solve` must not read any truth; `score` runs after the answer is written."""

    name: str
    description: str

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return the tasks; SetupError when the data is missing."""

    def solve(self, task: Task, out: Path) -> None:
        """Write the answer of a task into the folder `out`."""

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the scores of the answer in `out`, and details for the reader."""

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the scores of the whole suite."""


@runtime_checkable
class Timed(Protocol):
    """A suite that limits the time for each task."""

    seconds: float


@runtime_checkable
class Seeded(Protocol):
    """A suite that makes its cases from seeds."""

    seeds: int
