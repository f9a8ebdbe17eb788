"""What a comparison of two runs of a suite says."""

from enum import StrEnum

from state.values import Value


class Change(StrEnum):
    """What became of a figure or a task; `UNJUDGED` is told only."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "not distinguishable"
    UNJUDGED = "not judged"


class Figure(Value):
    """One figure of both runs. `low` and `high` bound second minus first, for all judged figures together at 95 %."""

    name: str
    unit: str
    n: int  # pairs of tasks, or 0 where the two suites' own intervals are compared
    first: float
    second: float
    difference: float
    low: float
    high: float
    change: Change


class TaskChange(Value):
    """A task that ended otherwise; `why` says in which figures, or how it failed."""

    task_id: str
    change: Change
    why: str


class Comparison(Value):
    """The second run of a suite against the first, task by task."""

    suite: str
    tasks: int  # in both runs
    solved_first: int
    solved_second: int
    gained: tuple[str, ...]  # solved only in the second run
    lost: tuple[str, ...]  # solved only in the first
    chance: float  # exact probability of so uneven a change, were both runs alike (McNemar)
    figures: tuple[Figure, ...]
    changed: tuple[TaskChange, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    notes: tuple[str, ...]  # what makes the two runs hard to compare

    @property
    def worse(self) -> bool:
        """Whether a task is lost, or a figure is worse beyond chance."""
        return bool(self.lost) or any(figure.change is Change.WORSE for figure in self.figures)
