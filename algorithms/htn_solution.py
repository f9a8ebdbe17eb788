"""What a search returns: the decomposition tree and the actions, and how an operator becomes an action."""

import itertools
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from algorithms.dag import topological_order
from algorithms.htn_domain import Estimate, Method, Network, Operator, Problem
from algorithms.htn_match import instances
from algorithms.htn_model import Absent, Adds, Binding, Deletes, Effect, Fact, ForAll, Holds, Task, substitute
from algorithms.htn_state import State

ROOT: Final = -1  # the parent of the tasks that the problem itself names


@dataclass(frozen=True, slots=True)
class Action:
    """A ground operator in a plan; `parent` is the decomposition it is a part of, `subtask` its position there."""

    task: Task
    needs: tuple[Fact, ...]
    forbids: tuple[Fact, ...]
    deletes: tuple[Fact, ...]
    adds: tuple[Fact, ...]
    estimate: Estimate
    parent: int
    subtask: int


class Decomposition(NamedTuple):
    """One inner node of the decomposition tree: which method was chosen for a task, and what was tried before it."""

    task: Task
    method: Method
    parent: int  # position of the decomposition this task is a part of, or ROOT
    subtask: int  # position of the task in the parent's network
    passed_over: tuple[str, ...]  # "by_air: airport(oslo) does not hold"
    state_key: int


class Solution(NamedTuple):
    """A plan as found: the decomposition tree (parents before children) and the actions in their order."""

    decompositions: tuple[Decomposition, ...]
    actions: tuple[Action, ...]
    nodes: int  # how many methods and operators were tried to find it

    def necessary(self, problem: Problem) -> Iterator[tuple[int, int]]:
        """Yield pairs of positions of actions whose order the networks state as necessary."""
        below: dict[int, dict[int, list[int]]] = {}  # decomposition -> subtask -> positions of actions
        for position, action in enumerate(self.actions):
            parent, subtask = action.parent, action.subtask
            below.setdefault(parent, {}).setdefault(subtask, []).append(position)
            while parent != ROOT:
                parent, subtask = self.decompositions[parent].parent, self.decompositions[parent].subtask
                below.setdefault(parent, {}).setdefault(subtask, []).append(position)
        for owner, acting in below.items():
            network = problem.network if owner == ROOT else self.decompositions[owner].method.network
            for first, second in _between_acting(network, acting):
                yield from itertools.product(acting[first], acting[second])


def ground(operator: Operator, binding: Binding, state: State, *, parent: int, subtask: int) -> Action:
    """Return the operator as an action under `binding`; `state` is the one it is carried out in."""
    needs: dict[Fact, None] = {}  # in the order in which the conditions are tested
    for condition in operator.preconditions:
        if isinstance(condition, Holds):
            needs[condition.fact.bound(binding)] = None
        elif isinstance(condition, ForAll):
            needs.update(dict.fromkeys(instances(condition, binding, state)))
    return Action(
        task=operator.task.bound(binding),
        needs=tuple(needs),
        forbids=tuple(c.fact.bound(binding) for c in operator.preconditions if isinstance(c, Absent)),
        deletes=_changed(Deletes, operator, binding, state),
        adds=_changed(Adds, operator, binding, state),
        estimate=operator.estimate(substitute(operator.task.args, binding)),
        parent=parent,
        subtask=subtask,
    )


def _changed(kind: type[Effect], operator: Operator, binding: Binding, state: State) -> tuple[Fact, ...]:
    return tuple(
        effect.fact.bound(binding)
        for effect in operator.effects
        if isinstance(effect, kind) and all(fact.bound(binding) in state for fact in effect.when)
    )


def _between_acting(network: Network, acting: Container[int]) -> Iterator[tuple[int, int]]:
    """Yield the necessary order between those tasks of a network that came to actions, through those that did not."""
    earlier: dict[int, set[int]] = {position: set() for position in range(len(network.tasks))}
    for first, second in network.necessary:
        earlier[second].add(first)
    for second in topological_order(earlier):
        earlier[second] = set().union(*({first} if first in acting else earlier[first] for first in earlier[second]))
        if second in acting:
            yield from ((first, second) for first in earlier[second])
