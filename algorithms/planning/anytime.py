"""Anytime planning: the first plan fast, then cheaper ones until the limits are reached or none can be cheaper.

Several searches take turns, each twice as long as the last: one as the chooser says, one for cheap plans only whose
bound rises, one that is hasty, and restarts in random order from a seed. All are bound by the cost of the best plan.
Each plan found is improved locally before it is bettered globally.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from algorithms.planning.bounds import Bounds
from algorithms.planning.choosing import AsDeclared, Choosing, ShortestFirst, Shuffled
from algorithms.planning.collector import no_collection
from algorithms.planning.compilation import Machine, compile_problem
from algorithms.planning.failures import Failures
from algorithms.planning.improvement import Improver
from algorithms.planning.model import Problem
from algorithms.planning.search import Outcome, Search, Style
from algorithms.planning.solution import Solution
from state.plans import NoPlan

_FIRST_TURN: Final = 500  # dead ends
_NO_PLAN: Final = float("inf")  # the cost of the best plan before there is one
_UNLIMITED: Final = 1 << 60
_TURNS: Final = (1, 2, 1, 1)  # the share of each search
_DEEPENING: Final = 1  # its place: it must not miss a plan
_FIRST_RISE: Final = 4.0  # of the bound of cheap plans above the least cost
_FIRST_SWEEP: Final = 100  # nodes for each part of a plan
_LONGEST_SWEEP: Final = 20_000


class Limits(NamedTuple):
    """When planning ends: nodes (methods and actions tried) and seconds by `clock`; None for no limit."""

    nodes: int | None = None
    seconds: float | None = None
    clock: Callable[[], float] = time.monotonic


class _Runner:
    """A search that takes turns and goes on where it stopped."""

    def __init__(self, machine: Machine, bounds: Bounds, choosing: Choosing, *, hasty: bool = False) -> None:
        self._machine = machine
        self._bounds = bounds
        self._choosing = choosing
        self.program = machine.program
        self.nodes = 0
        self._style = Style(focused=not machine.program.complete, hasty=hasty)
        self.search = self._new(choosing)

    def run(self, nodes: int, dead_ends: int, limit: float, over: Callable[[], bool]) -> Outcome:
        """Take a turn; only plans that cost less than `limit` count."""
        self.search.limit = limit
        before = self.search.nodes
        outcome = self.search.run(nodes, over, dead_ends)
        self.nodes += self.search.nodes - before
        return outcome

    @property
    def complete(self) -> bool:
        """Whether the end of the search is the end of all plans."""
        return self.program.complete and self._style.complete

    def relax(self) -> bool:
        """Begin again with more repetition of tasks allowed; False where none was cut."""
        if self.search.looped:
            self._style = self._style._replace(repeats=2 * self._style.repeats + 1)
            self.search = self._new(self._choosing)
            return True
        return False

    def _new(self, choosing: Choosing) -> Search:
        self._machine.undo(0)
        machine = self._machine
        chooser = choosing(machine.program, self._bounds)
        return Search(
            machine,
            self._bounds,
            (machine.program.schemas.top,),
            chooser=chooser,
            goal=machine.goal,
            style=self._style,
        )


class _Deepening(_Runner):
    """A search for cheap plans only; where there is none it begins again with a higher bound."""

    def __init__(self, machine: Machine, bounds: Bounds, choosing: Choosing) -> None:
        super().__init__(machine, bounds, choosing)
        self._bound = self.search.least + _FIRST_RISE

    def run(self, nodes: int, dead_ends: int, limit: float, over: Callable[[], bool]) -> Outcome:
        """Take a turn; it is exhausted only when all plans cheaper than `limit` were within its bound."""
        stop = self.nodes + nodes
        while True:
            bound = min(self._bound, limit)
            outcome = super().run(stop - self.nodes, dead_ends, bound, over)
            if outcome is not Outcome.EXHAUSTED or bound >= limit or self.nodes >= stop or not self.search.bounded:
                return outcome
            self._bound += (self._bound - self._bounds.least[self._machine.program.schemas.top]) / 2
            self.search = self._new(self._choosing)


class _Restarts(_Runner):
    """A search that begins afresh each turn, in another random order."""

    def __init__(self, machine: Machine, bounds: Bounds, seed: int) -> None:
        super().__init__(machine, bounds, partial(Shuffled, seed=seed), hasty=True)
        self._seed = seed

    def run(self, nodes: int, dead_ends: int, limit: float, over: Callable[[], bool]) -> Outcome:
        """Take a turn in a new order."""
        self._seed += 1
        self.search = self._new(partial(Shuffled, seed=self._seed))
        return super().run(nodes, dead_ends, limit, over)


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
        self._programs = [compile_problem(problem)]
        if not self._programs[0].schemas.total:
            self._programs.insert(0, compile_problem(problem, eager=True))
        self._bounds = Bounds(self._programs[0])
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
        try:
            yield from self._plans()
        finally:
            for runner in self._runners:
                runner.search.forget()

    def _plans(self) -> Iterator[Solution]:
        best = _NO_PLAN
        for turn in itertools.count():
            for place, share in enumerate(_TURNS):
                runner = self._runner(place)
                if self._turn(runner, share * _FIRST_TURN << turn, best):
                    best = runner.search.least
                    first = Solution(runner.program, tuple(runner.search.decisions()), best, self._spent)
                    yield first
                    for better in self._improved(first):
                        best = better.cost
                        yield better
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
            program = self._programs[-1 if place == _DEEPENING else 0]
            machine, bounds = program.machine(), self._bounds
            make = (
                partial(_Runner, choosing=self._choosing),
                partial(_Deepening, choosing=ShortestFirst),
                partial(_Runner, choosing=self._choosing, hasty=True),
                partial(_Restarts, seed=self._seed),
            )[place]
            self._runners.append(make(machine, bounds))
        return self._runners[place]

    def _turn(self, runner: _Runner, dead_ends: int, limit: float) -> bool:
        """Let a search take its turn; return whether it found a plan."""
        before = runner.nodes
        left = _UNLIMITED if self._limits.nodes is None else max(1, self._limits.nodes - self._spent)
        outcome = runner.run(left, dead_ends, limit, self._time_is_up)
        self._spent += runner.nodes - before
        self.exhausted = outcome is Outcome.EXHAUSTED and runner.complete
        limited = self._limits.nodes is not None or self._limits.seconds is not None
        if self.exhausted and limit == _NO_PLAN and limited and runner.relax():
            self.exhausted = False
        return outcome is Outcome.FOUND

    def _improved(self, solution: Solution) -> Iterator[Solution]:
        """Yield the plan as it gets cheaper, with ever longer searches for its parts."""
        program = solution.program
        improver = Improver(program.machine(), self._bounds, solution.decisions)
        nodes = _FIRST_SWEEP
        shortest = ShortestFirst(program, self._bounds)
        shuffled = Shuffled(program, self._bounds, self._seed)
        while nodes <= _LONGEST_SWEEP and not self._over():
            for chooser in (shortest, shuffled):
                better = improver.sweep(nodes, chooser, self._over)
                self._spent += improver.nodes
                improver.nodes = 0
                if better:
                    yield Solution(program, tuple(improver.decisions), improver.cost, self._spent)
            if improver.complete:
                return
            nodes *= 3

    def _time_is_up(self) -> bool:
        limits = self._limits
        return limits.seconds is not None and limits.clock() - self._started >= limits.seconds

    def _over(self) -> bool:
        return self._time_is_up() or (self._limits.nodes is not None and self._spent >= self._limits.nodes)


def plan(problem: Problem, *, choosing: Choosing = AsDeclared, limits: Limits | None = None) -> Solution | NoPlan:
    """Return the first plan found, or why there is none."""
    with no_collection():
        return _first_plan(Planner(problem, choosing=choosing, limits=limits))


def _first_plan(planner: Planner) -> Solution | NoPlan:
    return next(planner.plans(), None) or planner.no_plan()


def best_plan(problem: Problem, *, choosing: Choosing = AsDeclared, limits: Limits, seed: int = 0) -> Solution | NoPlan:
    """Return the cheapest plan found within the limits, or why there is none."""
    planner = Planner(problem, choosing=choosing, limits=limits, seed=seed)
    best: Solution | None = None
    for found in planner.plans():
        best = found
    return best or planner.no_plan()
