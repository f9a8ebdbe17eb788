"""The suite protocol: tasks, a solver that writes its answers, a scorer that reads the truth after them, results."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import Field

from state.models import ModelSettings
from state.values import Value


class Better(StrEnum):
    """Which way a figure gets better; `EITHER` is told and never judged."""

    HIGHER = "higher"
    LOWER = "lower"
    EITHER = "either"


_BY_UNIT = {
    "share": Better.HIGHER,
    "quality": Better.HIGHER,
    "correlation": Better.HIGHER,
    "ms": Better.LOWER,
    "s": Better.LOWER,
    "log seconds": Better.LOWER,
    "messages": Better.LOWER,
}
"""Which way is better where a score does not say; any other unit may be good or bad."""


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
    unit: str = "share"  # share (0 to 1) | times (a ratio) | any other, told after the figure
    better: Better | None = None  # None: as the unit has it

    @property
    def direction(self) -> Better:
        """Which way this figure gets better."""
        return self.better or _BY_UNIT.get(self.unit, Better.EITHER)


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
    arguments: dict[str, str] = Field(default_factory=dict)  # what was asked otherwise than usual
    kept: tuple[str, ...] = ()  # tasks whose answers an earlier run of the same code had left


class About(Value):
    """What the catalogue of suites tells of one, beside its description."""

    tasks: str
    data: str
    scorers: str
    time: str  # order of magnitude on two cores


class Suite(Protocol):
    """A suite of tasks. `solve` must not read any truth; `score` runs after the answer is written.

    `solve` may be called in a process of its own: what it leaves is what lies in `out`. `score` and `summarise` are
    called in the process that called `tasks`, in the order of the tasks, also for answers that an earlier run left.
    """

    name: str
    description: str
    about: About

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


@runtime_checkable
class Modelled(Protocol):
    """A suite whose solvers ask the chat model of the settings where one is named; no key is ever in it."""

    model: ModelSettings
