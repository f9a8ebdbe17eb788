"""Choosers: in which order the ways to do a task are tried. Any of them leaves the search complete."""

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from algorithms.planning.bounds import Bounds
from algorithms.planning.compilation import Ground, Instance, Program
from algorithms.planning.model import Method, Task

Way = tuple[int, int]  # the place of a task among those that may come next, and a method, or -1 for an action


class Chooser(Protocol):
    """Orders what may come next, and the instances of a method."""

    listed: Sequence[Sequence[int]] | None
    """By task, its methods in the order to try them, with instances as found; None where that is not all there is."""

    def ways(self, tasks: Sequence[Ground]) -> Iterable[Way]:
        """Yield each action (-1) and each method of each of the tasks, in the order to try them."""

    def instances(self, task: Ground, method: int, found: Iterator[Instance]) -> Iterable[Instance]:
        """Return the instances of a method in the order to try them."""


Choosing = Callable[[Program, Bounds], Chooser]


class AsDeclared:
    """Tasks as the network lists them, methods as declared, instances as found."""

    def __init__(self, program: Program, _bounds: Bounds) -> None:
        self._actions = len(program.schemas.actions)
        self._by_task = program.schemas.by_task
        self.listed: Sequence[Sequence[int]] | None = self._by_task

    def ways(self, tasks: Sequence[Ground]) -> Iterable[Way]:
        """Yield the ways task by task."""
        for place, task in enumerate(tasks):
            if task[0] < self._actions:
                yield place, -1
            else:
                for method in self._by_task[task[0]]:
                    yield place, method

    def instances(self, _task: Ground, _method: int, found: Iterator[Instance]) -> Iterable[Instance]:
        """Return the instances as they are."""
        return found


class ByRank(AsDeclared):
    """Actions first, then methods by a rank of their own, lowest first; equal ones as listed."""

    def __init__(self, program: Program, bounds: Bounds, rank: Callable[[Task, Method], float]) -> None:
        super().__init__(program, bounds)
        self.listed = None
        self._schemas = program.schemas
        self._rank = rank
        self._known: dict[Ground, list[tuple[float, int]]] = {}

    def ways(self, tasks: Sequence[Ground]) -> Iterable[Way]:
        """Yield the ways by rank, over all tasks."""
        yield from ((place, -1) for place, task in enumerate(tasks) if task[0] < self._actions)
        compounds = [(place, task) for place, task in enumerate(tasks) if task[0] >= self._actions]
        ranked = sorted((rank, place, method) for place, task in compounds for rank, method in self._ranks(task))
        yield from ((place, method) for _, place, method in ranked)

    def _ranks(self, task: Ground) -> list[tuple[float, int]]:
        if task not in self._known:
            named, methods = self._schemas.task(task), self._by_task[task[0]]
            self._known[task] = [(self._rank(named, self._schemas.methods[one].source), one) for one in methods]
        return self._known[task]


def by_rank(rank: Callable[[Task, Method], float]) -> Choosing:
    """Return what makes a chooser by a rank: a `Criteria`, or any function of task and method."""

    def choosing(program: Program, bounds: Bounds) -> Chooser:
        return ByRank(program, bounds, rank)

    return choosing


class ShortestFirst(AsDeclared):
    """Methods that add least to the least cost first."""

    def __init__(self, program: Program, bounds: Bounds) -> None:
        super().__init__(program, bounds)
        self._by_task = [sorted(methods, key=bounds.added.__getitem__) for methods in self._by_task]
        self.listed = self._by_task


class Shuffled(AsDeclared):
    """Methods and instances in random order, from a seed."""

    def __init__(self, program: Program, bounds: Bounds, seed: int) -> None:
        super().__init__(program, bounds)
        self.listed = None
        self._random = random.Random(seed)  # noqa: S311  restarts, not secrets

    def ways(self, tasks: Sequence[Ground]) -> Iterable[Way]:
        """Yield the ways task by task, the methods of each shuffled."""
        for place, task in enumerate(tasks):
            if task[0] < self._actions:
                yield place, -1
            else:
                methods = self._by_task[task[0]]
                for method in methods if len(methods) == 1 else self._random.sample(methods, len(methods)):
                    yield place, method

    def instances(self, _task: Ground, _method: int, found: Iterator[Instance]) -> Iterable[Instance]:
        """Return the instances shuffled."""
        instances = list(found)
        self._random.shuffle(instances)
        return instances


@dataclass(frozen=True)
class Criteria:
    """Weights of what a method is expected to be worth, a rank for `by_rank`; risk is -log of the chance to succeed."""

    cost: float = 1.0
    seconds: float = 0.0
    risk: float = 0.0
    priority: float = 1.0
    resources: tuple[tuple[str, float], ...] = ()  # (name, weight of a unit)

    def __call__(self, _task: Task, method: Method) -> float:
        """Return the weighted sum; lower is better."""
        estimate = method.estimate
        risk = -math.log(estimate.probability) if estimate.probability > 0 else math.inf
        weights = dict(self.resources)
        held = sum(weights.get(name, 0.0) * amount for name, amount in estimate.resources)
        return (
            self.cost * estimate.cost
            + self.seconds * estimate.seconds
            + (self.risk * risk if self.risk else 0.0)
            + held
            - self.priority * method.priority
        )
