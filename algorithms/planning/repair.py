"""Repairs a plan after something happened that it did not foresee: the smallest part is planned anew, the rest is kept.

The steps left are tried out from the facts as they are. Where all can be done, nothing is planned. Else the task that
the first unfit step or method is a part of is decomposed anew; where that leads nowhere, or what comes after it cannot
be done any more, the task above it, and so on (IPyHOPPER: Zaidins et al. 2023; compared with replanning by Zaidins et
al. 2025, arXiv 2504.16209). Then all tasks of the problem's network that are not over are planned anew together, and
last the whole problem. Tasks that are over stay so, but for that last resort. A task that was begun and is decomposed
anew begins again: what was done for it has happened, and belongs to nothing.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple

from algorithms.planning.anytime import Limits, Planner
from algorithms.planning.bounds import Bounds
from algorithms.planning.choosing import AsDeclared, Choosing
from algorithms.planning.compilation import Machine, Program, compile_problem
from algorithms.planning.conditions import TRUE, Atom
from algorithms.planning.model import Network, Problem, Task
from algorithms.planning.search import Decision, Outcome, Search, Style
from algorithms.planning.solution import Solution, order_between
from state.plans import NoPlan

_PATIENCE: Final = (100, 20)  # nodes for a part that is searched anew: at least, and for each decision it had

Row = tuple[int, ...]


class Stage(StrEnum):
    """How much was planned anew."""

    NOTHING = "nothing"  # the plan can go on as it is
    PART = "part"  # one task
    TAIL = "tail"  # one task and all that the plan does after it, in the same order
    REST = "rest"  # all tasks of the problem's network that were not over
    WHOLE = "whole"  # the whole problem


class Repair(NamedTuple):
    """What is to be done from here on. `solution` is the whole plan with what stays done; it may be repaired again."""

    solution: Solution
    stage: Stage
    done: int  # the first steps of the solution, which are done
    replanned: Task | None  # the one task that was decomposed anew
    kept: int  # steps to do that are those of the old plan
    dropped: tuple[int, ...]  # places in the old plan of steps that were done and belong to nothing now
    nodes: int  # methods and actions tried

    @property
    def steps(self) -> tuple[Task, ...]:
        """The steps to do."""
        return tuple(self.solution.tasks()[self.done :])


def repair(
    solution: Solution,
    facts: Collection[Atom],
    done: int,
    *,
    choosing: Choosing = AsDeclared,
    limits: Limits | None = None,
) -> Repair | NoPlan:
    """Return how to go on from `facts`, the first `done` steps of the plan being done.

    Whatever made a step fail must show in the facts, else the same step is planned again. NoPlan where nothing leads
    on. The limit on nodes is for each search by itself, that on seconds for all of them.
    """
    limit = limits or Limits()
    mender = _Mender(solution, facts, done, choosing, limit)
    for attempt in (mender.part, mender.rest, mender.whole):
        found = attempt()
        if found is not None:
            return found
    return NoPlan(
        goal=solution.program.problem.name,
        reason=mender.tried[-1],
        tried=tuple(mender.tried),
        exhausted=mender.exhausted,
    )


class _Mender:
    """Works on one plan over a machine in the state that is."""

    def __init__(
        self, solution: Solution, facts: Collection[Atom], done: int, choosing: Choosing, limits: Limits
    ) -> None:
        self.tried: list[str] = []
        self.exhausted = False
        self._problem: Problem = replace(solution.program.problem, facts=tuple(facts))
        self._program, self._machine = _at(solution.program, self._problem)
        self._bounds = Bounds(self._program)
        self._decisions = solution.decisions
        self._choosing = choosing
        self._limits = limits
        self._started = limits.clock() if limits.seconds is not None else 0.0
        self._nodes = 0
        acting = [place for place, decision in enumerate(self._decisions) if decision.method < 0]
        self._first = acting[done - 1] + 1 if done else 1  # the first decision that is still open

    def part(self) -> Repair | None:
        """Go on as planned, or with one task decomposed anew, the smallest first."""
        marks, unfit = self._try_out()
        if unfit == len(self._decisions):
            if self._machine.goal():
                return self._repaired(Stage.NOTHING, self._program, self._decisions, ())
            self.tried.append("the plan as it is: the goal does not hold at its end")
            return None
        place = unfit if self._decisions[unfit].method >= 0 else self._decisions[unfit].parent
        for stage in (Stage.PART, Stage.TAIL):
            self._try_out()
            for around in self._upward(place):
                found = self._decompose(around, marks, stage)
                if found is not None:
                    return found
        return None

    def rest(self) -> Repair | None:
        """Plan all tasks of the problem's network anew that are not over."""
        roots = {one.slot: place for place, one in enumerate(self._decisions) if one.parent == 0 and place > 0}
        inside = {slot: self._inside(place) for slot, place in roots.items()}
        left = sorted(slot for slot in roots if max(inside[slot]) >= self._first)
        if len(left) == len(roots):
            return None  # that is the whole problem
        tasks = tuple(self._program.schemas.task(self._decisions[roots[slot]].task) for slot in left)
        order = order_between(self._problem.network, left, whole_order=True)
        pairs = tuple((left.index(first), left.index(second)) for first, second in order)
        network = Network(tasks, order=pairs)
        answer = self._plan(replace(self._problem, network=network, variables=(), condition=TRUE))
        if isinstance(answer, NoPlan):
            self.tried.append(f"what is left of the problem: {answer.reason}")
            return None
        gone = set[int]().union(*(inside[slot] for slot in left))
        grafted = [one._replace(parent=one.parent - 1) for one in answer.decisions[1:]]
        sequence = _Sequence(self._decisions)
        sequence.keep(place for place in range(self._first) if place not in gone)
        sequence.graft(grafted, [self._decisions[roots[slot]] for slot in left])
        return self._repaired(Stage.REST, self._program, sequence.decisions, gone)

    def whole(self) -> Repair | None:
        """Plan the whole problem anew."""
        answer = self._plan(self._problem)
        if isinstance(answer, Solution):
            return self._repaired(Stage.WHOLE, answer.program, answer.decisions, range(len(self._decisions)))
        self.tried.append(f"the whole problem: {answer.reason}")
        self.exhausted = answer.exhausted
        return None

    def _plan(self, problem: Problem) -> Solution | NoPlan:
        limits = self._limits
        if limits.seconds is not None:
            limits = limits._replace(seconds=max(0.0, limits.seconds - (limits.clock() - self._started)))
        planner = Planner(problem, choosing=self._choosing, limits=limits)
        found = next(planner.plans(), None)
        self._nodes += planner.nodes
        return found or planner.no_plan()

    def _try_out(self) -> tuple[list[int], int]:
        """Make the open decisions one by one; return the length of the trail before each, and the first unfit one."""
        self._machine.undo(0)
        marks = [0] * self._first
        for place in range(self._first, len(self._decisions)):
            marks.append(len(self._machine.trail))
            if not _make(self._machine, self._decisions[place]):
                return marks, place
        return marks, len(self._decisions)

    def _upward(self, place: int) -> Iterator[int]:
        """Yield the places of a task and of all that it is a part of, but for the whole problem."""
        while place > 0:
            yield place
            place = self._decisions[place].parent

    def _decompose(self, place: int, marks: list[int], stage: Stage) -> Repair | None:
        """Decompose the task decided at a place anew, where the plan begins it or, if that is past, now."""
        decisions, machine = self._decisions, self._machine
        inside = self._inside(place)
        start = max(place, self._first)
        machine.undo(marks[start])
        after = [number for number in range(start, len(decisions)) if number not in inside]
        anew = [place]
        if stage is Stage.TAIL:
            kept = {number for number in range(start) if number not in inside}
            anew += [number for number in after if decisions[number].parent in kept]
            inside |= set(after)
            after = []
        goal = partial(_can_follow, machine, [decisions[number] for number in after])
        search = Search(
            machine,
            self._bounds,
            *(decisions[number].task for number in anew),
            chooser=self._choosing(self._program, self._bounds),
            goal=goal,
            style=Style(focused=not self._program.complete),
        )
        nodes = _PATIENCE[0] + _PATIENCE[1] * len(inside)
        outcome = search.run(nodes if self._limits.nodes is None else min(nodes, self._limits.nodes), self._time_is_up)
        self._nodes += search.nodes
        task = self._program.schemas.task(decisions[place].task)
        told = f"{task}{' and what follows' if stage is Stage.TAIL else ''}"
        if outcome is not Outcome.FOUND:
            search.leave()
            self.tried.append(f"{told}: {_ENDS[outcome]}")
            return None
        sequence = _Sequence(decisions)
        sequence.keep(number for number in range(start) if number not in inside)
        sequence.graft(search.decisions(), [decisions[number] for number in anew])
        sequence.keep(after)
        return self._repaired(stage, self._program, sequence.decisions, inside, task)

    def _repaired(
        self,
        stage: Stage,
        program: Program,
        decisions: Sequence[Decision],
        gone: Collection[int],
        task: Task | None = None,
    ) -> Repair:
        """Return the plan of the decisions; those of the old plan at the places `gone` are no part of it."""
        old = self._decisions
        acted = [place for place in range(self._first) if old[place].method < 0]
        dropped = tuple(number for number, place in enumerate(acted) if place in gone)
        left = sum(one.method < 0 for place, one in enumerate(old) if place >= self._first and place not in gone)
        bounds = self._bounds
        cost = sum(bounds.least[one.task[0]] + bounds.beyond(one.task) for one in decisions if one.method < 0)
        return Repair(
            solution=Solution(program, tuple(decisions), cost, self._nodes),
            stage=stage,
            done=len(acted) - len(dropped),
            replanned=task,
            kept=left,
            dropped=dropped,
            nodes=self._nodes,
        )

    def _inside(self, place: int) -> set[int]:
        """Return the places of all that is decided for the task decided at a place, itself among them."""
        inside = {place}
        for number in range(place + 1, len(self._decisions)):
            if self._decisions[number].parent in inside:
                inside.add(number)
        return inside

    def _time_is_up(self) -> bool:
        limits = self._limits
        return limits.seconds is not None and limits.clock() - self._started >= limits.seconds


_ENDS: Final = {
    Outcome.EXHAUSTED: "no way to do it lets the rest follow",
    Outcome.CUT: "no way to do it was found soon enough",
}


class _Sequence:
    """Decisions of a new plan, in its order, taken from an old one and from a search."""

    def __init__(self, old: Sequence[Decision]) -> None:
        self._old = old
        self._places = {-1: -1}  # old place -> new place
        self.decisions: list[Decision] = []

    def keep(self, places: Iterator[int] | Sequence[int]) -> None:
        """Add decisions of the old plan, parents before what is below them."""
        for place in places:
            self._places[place] = len(self.decisions)
            one = self._old[place]
            self.decisions.append(one._replace(parent=self._places[one.parent]))

    def graft(self, new: Sequence[Decision], old: Sequence[Decision]) -> None:
        """Add what a search decided for the tasks of old decisions, each in its stead."""
        shift = len(self.decisions)
        for one in new:
            if one.parent < 0:
                instead = old[one.slot]
                self.decisions.append(one._replace(parent=self._places[instead.parent], slot=instead.slot))
            else:
                self.decisions.append(one._replace(parent=one.parent + shift))


def _at(program: Program, problem: Problem) -> tuple[Program, Machine]:
    """Return a machine in the state that the problem's facts state.

    Where a fact changed that no action changes, what was compiled no longer holds, and it is compiled anew.
    """
    schemas = program.schemas
    wanted: list[set[Row]] = [set() for _ in schemas.facts]
    for fact in problem.facts:
        row = tuple(schemas.symbols.object(str(term)) for term in fact.args)
        wanted[schemas.symbols.predicate_ids[fact.predicate]].add(row)
    changed = [set(rows) ^ wanted[predicate] for predicate, rows in enumerate(schemas.facts)]
    if any(rows and not schemas.fluent[predicate] for predicate, rows in enumerate(changed)):
        fresh = compile_problem(problem, eager=not program.complete)
        return fresh, fresh.machine()
    machine = program.machine()
    for predicate, rows in enumerate(changed):
        for row in sorted(rows):
            machine.set(predicate, row, present=row in wanted[predicate])
    return program, machine


def _make(machine: Machine, decision: Decision) -> bool:
    """Make a decision in the present state; return whether that can be done."""
    if decision.method < 0:
        return machine.act[decision.task[0]](decision.task) is not None
    return machine.check[decision.method](decision.binding)


def _can_follow(machine: Machine, rest: list[Decision]) -> bool:
    """Return whether decisions can be made one after the other from the present state, and the goal holds then."""
    mark = len(machine.trail)
    fine = all(_make(machine, decision) for decision in rest) and machine.goal()
    machine.undo(mark)
    return fine
