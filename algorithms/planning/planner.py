"""Planning: a problem to a plan, or to the reasons why there is none.

answer = plan(problem, limits=Limits(seconds=10.0))
if isinstance(answer, Solution): ...
"""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from algorithms.planning.bounds import Bounds
from algorithms.planning.choosing import Choosing
from algorithms.planning.compilation import Machine, compile_problem
from algorithms.planning.explaining import Reader, why_not
from algorithms.planning.model import Problem
from algorithms.planning.search import Cell, Outcome, Search
from algorithms.planning.solution import Solution
from state.plans import NoPlan

_KEPT_FAILURES: Final = 200  # different failures that are told in a NoPlan


class Limits(NamedTuple):
    """When a search gives up: nodes (methods and actions tried) and seconds by `clock`; None for no limit."""

    nodes: int | None = None
    seconds: float | None = None
    clock: Callable[[], float] = time.monotonic


def plan(problem: Problem, *, choosing: Choosing | None = None, limits: Limits | None = None) -> Solution | NoPlan:
    """Return the first plan found, or why there is none; SetupError where the problem's parts do not fit together.

    The answer depends only on the problem, the chooser and the limit on nodes, unless the time limit strikes.
    """
    limit = limits or Limits()
    started = limit.clock() if limit.seconds is not None else 0.0

    def over() -> bool:
        return limit.seconds is not None and limit.clock() - started >= limit.seconds

    program = compile_problem(problem)
    machine = program.machine()
    bounds = Bounds(program)
    chooser = choosing(program, bounds) if choosing is not None else None
    search = Search(machine, bounds, (program.schemas.top,), chooser=chooser, goal=machine.goal)
    failures = Failures(machine, search)
    search.failures = failures.note
    outcome = search.run(limit.nodes if limit.nodes is not None else 1 << 60, over)
    if outcome is Outcome.FOUND:
        return Solution(program, tuple(search.decisions()), search.least, search.nodes)
    cut = ""
    if outcome is Outcome.CUT:
        by_time = limit.nodes is None or search.nodes < limit.nodes
        cut = f"the limit of {limit.seconds:g} seconds" if by_time else f"the limit of {limit.nodes} nodes"
    return failures.no_plan(problem.name, cut)


class Failures:
    """What stopped a search: for each task what was tried, as it was where the branch had come furthest."""

    def __init__(self, machine: Machine, search: Search) -> None:
        self._schemas = machine.program.schemas
        self._machine = machine
        self._search = search
        self._reader = Reader(machine)
        self._told: dict[tuple[int, ...], tuple[int, list[str]]] = {}
        self._furthest = (-1, "")

    def note(self, cell: Cell) -> None:
        """Remember why nothing could be done with a task in the present state."""
        depth = self._search.depth()
        known = self._told.get(cell.task)
        if depth <= self._furthest[0] and (known is not None or len(self._told) >= _KEPT_FAILURES):
            return
        if known is not None and known[0] >= depth:
            return
        reasons = list(self._reasons(cell.task))
        if known is not None or len(self._told) < _KEPT_FAILURES:
            self._told[cell.task] = (depth, reasons)
        if depth > self._furthest[0] and reasons:
            self._furthest = (depth, reasons[-1])

    def no_plan(self, goal: str, cut: str) -> NoPlan:
        """Return the answer; `cut` names the limit that was reached, empty where the search was exhausted."""
        furthest = self._furthest[1] or "what must hold at the end does not"
        return NoPlan(
            goal=goal,
            reason=f"{cut} was reached; furthest: {furthest}" if cut else furthest,
            tried=tuple(reason for _, reasons in self._told.values() for reason in reasons),
            exhausted=not cut,
        )

    def _reasons(self, task: tuple[int, ...]) -> list[str]:
        schemas = self._schemas
        named = schemas.task(task)
        if task[0] < len(schemas.actions):
            schema = schemas.actions[task[0]]
            unmet = self._reader.unmet(schema.parts, dict(enumerate(task[1:])), {})
            return [f"{named}: {unmet or 'it costs too much'}"]
        methods = [one.number for one in schemas.methods if one.task[0] == task[0]]
        if not methods:
            return [f"{named}: no method does it"]
        return [
            f"{named} by {schemas.methods[number].source.name}: {why_not(self._reader, schemas, number, task)}"
            for number in methods
        ]
