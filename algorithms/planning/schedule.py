"""When the steps of a plan run: side by side where order and resources allow it.

Serial schedule generation (Kelley 1963): step after step, the one with the longest chain of seconds still behind it
first, each as early as its predecessors and the capacities allow. Without capacities the makespan is the least.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from algorithms.planning.model import Estimate
from state.errors import SetupError

_SLIGHT = 1e-9


class Schedule(NamedTuple):
    """Start and end of each step in seconds, the end of the last, and a longest chain of steps (their places)."""

    starts: tuple[float, ...]
    ends: tuple[float, ...]
    makespan: float
    critical_path: tuple[int, ...]


def schedule(
    estimates: Sequence[Estimate], before: Sequence[Sequence[int]], capacities: Mapping[str, float] | None = None
) -> Schedule:
    """Return when each step runs; `before` are the places of its predecessors, all lower than its own.

    A resource without a capacity is unlimited. SetupError where one step alone needs more than there is.
    """
    limits = capacities or {}
    _refuse_too_large(estimates, limits)
    tails = _tails(estimates, before)
    line = _Timeline(estimates, limits)
    waiting = set(range(len(estimates)))
    while waiting:
        free = [place for place in waiting if waiting.isdisjoint(before[place])]
        place = max(free, key=lambda one: (tails[one], -one))
        line.add(place, max((line.ends[other] for other in before[place]), default=0.0))
        waiting.remove(place)
    return Schedule(tuple(line.starts), tuple(line.ends), max(line.ends, default=0.0), _chain(tails, before))


class _Timeline:
    """The steps placed so far."""

    def __init__(self, estimates: Sequence[Estimate], limits: Mapping[str, float]) -> None:
        self._estimates = estimates
        self._limits = limits
        self._placed: list[int] = []
        self.starts = [0.0] * len(estimates)
        self.ends = [0.0] * len(estimates)

    def add(self, place: int, earliest: float) -> None:
        """Place a step as early as the capacities allow."""
        times = sorted({earliest, *(self.ends[other] for other in self._placed if self.ends[other] > earliest)})
        start = next(time for time in times if self._fits(place, time))
        self.starts[place], self.ends[place] = start, start + self._estimates[place].seconds
        self._placed.append(place)

    def _fits(self, place: int, start: float) -> bool:
        """Return whether no capacity is exceeded at any moment at which another step begins meanwhile."""
        end = start + self._estimates[place].seconds
        beside = [other for other in self._placed if self.starts[other] < end and self.ends[other] > start]
        moments = {start, *(self.starts[other] for other in beside if self.starts[other] > start)}
        return all(
            amount + sum(self._held(other, name, moment) for other in beside) <= self._limits[name] + _SLIGHT
            for name, amount in self._estimates[place].resources
            if name in self._limits
            for moment in moments
        )

    def _held(self, place: int, name: str, moment: float) -> float:
        if not self.starts[place] <= moment < self.ends[place]:
            return 0.0
        return sum(amount for other, amount in self._estimates[place].resources if other == name)


def _refuse_too_large(estimates: Sequence[Estimate], limits: Mapping[str, float]) -> None:
    for place, estimate in enumerate(estimates):
        for name, amount in estimate.resources:
            if amount > limits.get(name, amount) + _SLIGHT:
                told = f"step {place} needs {amount:g} of {name}, and there is {limits[name]:g}"
                raise SetupError(told, where="schedule", hint="give more, or plan with smaller steps")


def _tails(estimates: Sequence[Estimate], before: Sequence[Sequence[int]]) -> list[float]:
    """Return for each step the seconds of the longest chain that begins with it."""
    tails = [estimate.seconds for estimate in estimates]
    for place in range(len(estimates) - 1, -1, -1):
        for other in before[place]:
            tails[other] = max(tails[other], estimates[other].seconds + tails[place])
    return tails


def _chain(tails: Sequence[float], before: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return the places of a longest chain, in order."""
    after: list[list[int]] = [[] for _ in before]
    for place, others in enumerate(before):
        for other in others:
            after[other].append(place)
    chain: list[int] = []
    choices = list(range(len(before)))
    while choices:
        chain.append(max(choices, key=lambda one: (tails[one], -one)))
        choices = after[chain[-1]]
    return tuple(chain)
