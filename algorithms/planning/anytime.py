"""Anytime planning: the first plan fast, then cheaper ones until the limits are reached or none can be cheaper.

Several searches take turns, each turn twice as long as the last: one as the chooser says, one that tries short methods
first, and restarts in random order from a seed. All are bound by the cost of the best plan. Each plan found is improved
locally before it is bettered globally.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from algorithms.planning.bounds import Bounds
from algorithms.planning.choosing import AsDeclared, Choosing, ShortestFirst, Shuffled
from algorithms.planning.compilation import Machine, compile_problem
from algorithms.planning.failures import Failures
from algorithms.planning.improvement import Improver
from algorithms.planning.model import Problem
from algorithms.planning.search import Decision, Outcome, Search
from algorithms.planning.solution import Solution
from state.plans import NoPlan

_FIRST_TURN: Final = 4_000  # nodes
_FIRST_SWEEP: Final = 100  # nodes for each part of a plan
_LONGEST_SWEEP: Final = 20_000


class Limits(NamedTuple):
    """When planning ends: nodes (methods and actions tried) and seconds by `clock`; None for no limit."""

    nodes: int | None = None
    seconds: float | None = None
    clock: Callable[[], float] = time.monotonic


class _Runner:
    """A search that takes turns: either one that goes on, or one that starts afresh each time, shuffled."""

    def __init__(self, machine: Machine, bounds: Bounds, choosing: Choosing | None, seed: int = 0) -> None:
        self._machine = machine
        self._bounds = bounds
        self._seed = seed
        self.systematic = choosing is not None
        self.search = self._new(choosing or partial(Shuffled, seed=seed))

    def run(self, nodes: int, limit: float, over: Callable[[], bool]) -> Outcome:
        if not self.systematic:
            self._seed += 1
            self.search.leave()
            self.search = self._new(partial(Shuffled, seed=self._seed))
        self.search.limit = limit
        return self.search.run(nodes, over)

    def _new(self, choosing: Choosing) -> Search:
        machine = self._machine
        chooser = choosing(machine.program, self._bounds)
        return Search(machine, self._bounds, (machine.program.schemas.top,), chooser=chooser, goal=machine.goal)


class Planner:
    """Plans one problem. Use once: iterate `plans`, each cheaper than the last; where there is none ask `no_plan`.

    SetupError where the problem's parts do not fit together. What is found depends only on the problem, the chooser,
    the seed and the limit on nodes, unless the time limit strikes.
    """

    def __init__(
        self, problem: Problem, *, choosing: Choosing = AsDeclared, limits: Limits | None = None, seed: int = 0
    ) -> None:
        self._limits = limits or Limits()
        self._started = self._limits.clock() if self._limits.seconds is not None else 0.0
        self._problem = problem
        self._program = compile_problem(problem)
        self._bounds = Bounds(self._program)
        self._choosing = choosing
        self._seed = seed
        self._runners: list[_Runner] = []
        self._spent = 0  # nodes of turns and sweeps that are over
        self.exhausted = False  # no plan, or none that costs less, exists under the loop cut
        first = self._runner(0)
        self._failures = Failures(first.search)
        first.search.failures = self._failures.note

    @property
    def nodes(self) -> int:
        """How many methods and actions were tried."""
        return self._spent

    def plans(self) -> Iterator[Solution]:
        """Yield plans, each cheaper than the last."""
        best = float("inf")
        for turn in itertools.count():
            for place in range(3):
                runner = self._runner(place)
                decisions = self._turn(runner, _FIRST_TURN << turn, best)
                if decisions is not None:
                    best = runner.search.least
                    yield self._solution(decisions, best)
                    for better, cost in self._improved(decisions):
                        best = cost
                        yield self._solution(better, cost)
                if self.exhausted or self._over():
                    return

    def no_plan(self) -> NoPlan:
        """Return why no plan was found."""
        limits = self._limits
        if self.exhausted:
            cut = ""
        elif limits.nodes is not None and self._spent >= limits.nodes:
            cut = f"the limit of {limits.nodes} nodes"
        else:
            cut = f"the limit of {limits.seconds or 0.0:g} seconds"
        return self._failures.no_plan(self._problem.name, cut)

    def _runner(self, place: int) -> _Runner:
        if place == len(self._runners):
            choosing: Choosing | None = (self._choosing, ShortestFirst, None)[place]
            self._runners.append(_Runner(self._program.machine(), self._bounds, choosing, self._seed))
        return self._runners[place]

    def _turn(self, runner: _Runner, nodes: int, limit: float) -> list[Decision] | None:
        """Let a search take its turn; return the decisions of the plan it found."""
        left = self._left(nodes)
        before = runner.search.nodes if runner.systematic else 0
        outcome = runner.run(left, limit, self._time_is_up)
        self._spent += runner.search.nodes - before
        self.exhausted = outcome is Outcome.EXHAUSTED
        return runner.search.decisions() if outcome is Outcome.FOUND else None

    def _improved(self, decisions: list[Decision]) -> Iterator[tuple[list[Decision], float]]:
        """Yield the plan as it gets cheaper, with ever longer searches for its parts."""
        improver = Improver(self._program.machine(), self._bounds, decisions)
        nodes = _FIRST_SWEEP
        shortest = ShortestFirst(self._program, self._bounds)
        shuffled = Shuffled(self._program, self._bounds, self._seed)
        while nodes <= _LONGEST_SWEEP and not self._over():
            for chooser in (shortest, shuffled):
                better = improver.sweep(nodes, chooser, self._over)
                self._spent += improver.nodes
                improver.nodes = 0
                if better:
                    yield improver.decisions, improver.cost
            if improver.complete:
                return
            nodes *= 3

    def _solution(self, decisions: list[Decision], cost: float) -> Solution:
        return Solution(self._program, tuple(decisions), cost, self._spent)

    def _left(self, nodes: int) -> int:
        return nodes if self._limits.nodes is None else max(1, min(nodes, self._limits.nodes - self._spent))

    def _time_is_up(self) -> bool:
        limits = self._limits
        return limits.seconds is not None and limits.clock() - self._started >= limits.seconds

    def _over(self) -> bool:
        return self._time_is_up() or (self._limits.nodes is not None and self._spent >= self._limits.nodes)


def plan(problem: Problem, *, choosing: Choosing = AsDeclared, limits: Limits | None = None) -> Solution | NoPlan:
    """Return the first plan found, or why there is none."""
    planner = Planner(problem, choosing=choosing, limits=limits)
    return next(planner.plans(), None) or planner.no_plan()


def best_plan(problem: Problem, *, choosing: Choosing = AsDeclared, limits: Limits, seed: int = 0) -> Solution | NoPlan:
    """Return the cheapest plan found within the limits, or why there is none."""
    planner = Planner(problem, choosing=choosing, limits=limits, seed=seed)
    best: Solution | None = None
    for found in planner.plans():
        best = found
    return best or planner.no_plan()
