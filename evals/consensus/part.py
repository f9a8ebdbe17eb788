"""A part of the suite `consensus`: tasks of its own, told in the same way as all others."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import Field

from state.values import Value


class Figure(Value):
    """Something measured in one run, without a right or wrong."""

    name: str
    value: float
    unit: str
    n: int  # observations behind it


class Found(Value):
    """How a task ended: how much of what was asked is as it must be, what there is to tell, what was measured."""

    asked: int
    right: int
    told: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = Field(default=())


class Part(Protocol):
    """Some tasks of the suite."""

    @property
    def groups(self) -> Mapping[str, str]:
        """The scores over all tasks of a kind: how their ids begin, and the name of the score."""

    def tasks(self) -> tuple[str, ...]:
        """Return the ids of its tasks."""

    def solve(self, task_id: str, events: int) -> Found:
        """Do a task; `events` is how many the safety properties are watched under."""
