"""What a search returns: the decisions, and what they mean: actions with their conditions and effects, and a tree."""

import itertools
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from algorithms.dag import deorder, topological_order
from algorithms.planning.collector import no_collection
from algorithms.planning.compilation import Ground, Machine, Program
from algorithms.planning.conditions import Atom
from algorithms.planning.explaining import Reader, why_not
from algorithms.planning.model import Estimate, Method, Network, Task
from algorithms.planning.search import Decision
from state.errors import StepError

ROOT: Final = -1  # the parent of the tasks that the problem itself names


@dataclass(frozen=True, slots=True)
class Step:
    """An action of a plan. `parent` is the decomposition it is a part of, `slot` its place there."""

    task: Task
    needs: tuple[Atom, ...]
    forbids: tuple[Atom, ...]
    deletes: tuple[Atom, ...]
    adds: tuple[Atom, ...]
    estimate: Estimate
    parent: int
    slot: int


class Decomposition(NamedTuple):
    """A method chosen for a task; parents come before children. `passed_over`: what was tried before, and why not."""

    task: Task
    method: Method
    parent: int
    slot: int
    passed_over: tuple[str, ...]  # "by_air: airport(oslo) does not hold"


@dataclass(frozen=True)
class Solution:
    """A plan as found. The first decision is the method of the problem itself."""

    program: Program
    decisions: tuple[Decision, ...]
    cost: float
    nodes: int  # methods and actions tried until it was found

    @property
    def length(self) -> int:
        """The number of actions."""
        return sum(decision.method < 0 for decision in self.decisions)

    def tasks(self) -> list[Task]:
        """Return the actions in their order."""
        known: dict[Ground, Task] = {}
        tasks: list[Task] = []
        with no_collection():
            for ground, method, *_ in self.decisions:
                if method < 0:
                    task = known.get(ground)
                    if task is None:
                        task = known[ground] = self.program.schemas.task(ground)
                    tasks.append(task)
        return tasks

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The actions with the facts by which they can be done, in their order; StepError where one cannot."""
        replay = _Replay(self.program.machine())
        return tuple(
            replay.act(decision, self._places[decision.parent]) for decision in self.decisions if decision.method < 0
        )

    @cached_property
    def decompositions(self) -> tuple[Decomposition, ...]:
        """The methods chosen below the problem's own network (whose tasks have the parent ROOT)."""
        replay = _Replay(self.program.machine())
        found: list[Decomposition] = []
        for decision in self.decisions[1:]:
            if decision.method < 0:
                replay.machine.act[decision.task[0]](decision.task)
            else:
                found.append(replay.choose(decision, self._places[decision.parent]))
        return tuple(found)

    @cached_property
    def _places(self) -> dict[int, int]:
        """The place among the decompositions of each decision that chose a method."""
        chosen = [place for place, decision in enumerate(self.decisions) if decision.method >= 0]
        return {place: count + ROOT for count, place in enumerate(chosen)}

    def facts(self) -> frozenset[Atom]:
        """Return the facts at the start."""
        return frozenset(self.program.problem.facts)

    def before(self, *, whole_order: bool = False) -> tuple[tuple[int, ...], ...]:
        """Return, for each step, the places of the steps that must be done before it: the plan as a directed graph.

        Kept is the order that facts and data demand, and what networks call necessary; with `whole_order` all the
        order that networks state.
        """
        pairs = itertools.chain(self._ordered(whole_order=whole_order), self._data_order())
        return deorder(self.steps, self.facts(), pairs)

    def _data_order(self) -> Iterator[tuple[int, int]]:
        """Yield the order between steps that read and write the same data, one of them at least writing."""
        actions = self.program.problem.domain.actions
        touched: dict[str, list[tuple[int, bool]]] = {}
        for place, step in enumerate(self.steps):
            action = actions[step.task.name]
            values = {one.name: term for one, term in zip(action.parameters, step.task.args, strict=True)}
            for terms, writes in ((action.reads, False), (action.writes, True)):
                for term in terms:
                    data = str(term if isinstance(term, str) else values[term.name])
                    for other, wrote in touched.get(data, ()):
                        if (writes or wrote) and other != place:
                            yield other, place
                    touched.setdefault(data, []).append((place, writes))

    def _ordered(self, *, whole_order: bool) -> Iterator[tuple[int, int]]:
        """Yield pairs of places of steps whose order the networks state."""
        below: dict[int, dict[int, list[int]]] = {}  # decomposition -> slot -> places of steps
        for place, step in enumerate(self.steps):
            parent, slot = step.parent, step.slot
            below.setdefault(parent, {}).setdefault(slot, []).append(place)
            while parent != ROOT:
                parent, slot = self.decompositions[parent].parent, self.decompositions[parent].slot
                below.setdefault(parent, {}).setdefault(slot, []).append(place)
        for owner, acting in below.items():
            network = self.program.problem.network if owner == ROOT else self.decompositions[owner].method.network
            for first, second in order_between(network, acting, whole_order=whole_order):
                yield from itertools.product(acting[first], acting[second])


class _Replay:
    """Does decisions on a machine and tells what they meant."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._schemas = machine.program.schemas
        self._reader = Reader(machine)

    def act(self, decision: Decision, parent: int) -> Step:
        """Do an action; StepError where its precondition does not hold."""
        schema = self._schemas.actions[decision.task[0]]
        values = dict(enumerate(decision.task[1:]))
        support = self._reader.support(schema.parts, values)
        adds: dict[Atom, None] = {}
        deletes: dict[Atom, None] = {}
        for effect in schema.effects:
            for known in self._instances(effect.over, values):
                if self._reader.decided(effect.when, known, support):
                    target = adds if effect.literal.positive else deletes
                    target[self._reader.atom(effect.literal, known)] = None
        task = self._schemas.task(decision.task)
        if self.machine.act[decision.task[0]](decision.task) is None:
            raise StepError(f"{task} cannot be done where the plan does it", where="plan")
        return Step(
            task=task,
            needs=tuple(support.needs),
            forbids=tuple(support.forbids),
            deletes=tuple(deletes),
            adds=tuple(adds),
            estimate=schema.source.estimate(tuple(map(str, task.args))),
            parent=parent,
            slot=decision.slot,
        )

    def choose(self, decision: Decision, parent: int) -> Decomposition:
        """Choose a method; StepError where its precondition does not hold."""
        schema = self._schemas.methods[decision.method]
        task = self._schemas.task(decision.task)
        if not self.machine.check[decision.method](decision.binding):
            raise StepError(f"{schema.source.name} is no way to do {task} where the plan uses it", where="plan")
        return Decomposition(task, schema.source, parent, decision.slot, tuple(self._passed_over(decision)))

    def _passed_over(self, decision: Decision) -> Iterator[str]:
        """Yield why the methods declared before the chosen one were not: unmet, or it led to nothing."""
        for number in self._schemas.by_task[decision.task[0]]:
            if number == decision.method:
                return
            reason = why_not(self._reader, self._schemas, number, decision.task)
            yield f"{self._schemas.methods[number].source.name}: {reason}"

    def _instances(self, over: tuple[tuple[int, int], ...], values: dict[int, int]) -> Iterator[dict[int, int]]:
        sets = [self._schemas.symbols.type_sets[type_set] for _, type_set in over]
        for objects in itertools.product(*sets):
            yield {**values, **dict(zip((register for register, _ in over), objects, strict=True))}


def order_between(network: Network, some: Container[int], *, whole_order: bool) -> Iterator[tuple[int, int]]:
    """Yield the order between some tasks of a network, through the others."""
    earlier: dict[int, set[int]] = {position: set() for position in range(len(network.tasks))}
    for first, second in (*network.necessary, *(network.order if whole_order else ())):
        earlier[second].add(first)
    for second in topological_order(earlier):
        earlier[second] = set().union(*({first} if first in some else earlier[first] for first in earlier[second]))
        if second in some:
            yield from ((first, second) for first in earlier[second])
