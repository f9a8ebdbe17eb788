"""Hierarchical task network planning: a depth-first search for a decomposition, with complete backtracking.

Tasks are done in the order of their network (progression search, as in SHOP2: Nau et al. 2003), so the state is known
whenever a method or operator is tried. Where a network leaves the order open, its tasks are tried in every order that
it allows, each task being finished before the next begins; tasks of different networks are not interleaved.

Cut are a compound task that recurs below itself in the same state, and a rest of a network that was met before in the
same state. The first cut may hide a plan that needs such a recursion, therefore "exhausted" means exhausted under it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from algorithms.htn_domain import Method, Operator, Problem
from algorithms.htn_match import Trace, bindings, unify
from algorithms.htn_model import Binding, Task
from algorithms.htn_solution import ROOT, Action, Decomposition, Solution, ground
from algorithms.htn_state import State
from state.plans import NoPlan

_KEPT_FAILURES: Final = 200  # different failures that are told in a NoPlan

Rank = Callable[[Task, Method], float]


class Limits(NamedTuple):
    """When a search gives up: nodes (methods and operators tried) and seconds by `clock`, None for no time limit."""

    nodes: int = 200_000
    seconds: float | None = None
    clock: Callable[[], float] = time.monotonic


def by_cost(_task: Task, method: Method) -> float:
    """Rank methods by their cost; equal ones are tried as declared."""
    return method.cost


def solve(problem: Problem, *, rank: Rank = by_cost, limits: Limits | None = None) -> Solution | NoPlan:
    """Return the first plan found, or why there is none.

    `rank` says which of the methods that could come next is tried first (lowest first). The answer depends only on the
    problem, `rank` and the limit on nodes, unless the time limit strikes.
    """
    search = Search(problem, rank=rank, limits=limits)
    return next(search.solutions(), None) or search.no_plan()


class _Frame(NamedTuple):
    """A network that is being worked off, and what is to be done after it."""

    tasks: tuple[Task, ...]
    before: tuple[int, ...]
    remaining: int  # bit mask of the tasks still to do
    owner: int  # the decomposition it belongs to
    met: set[tuple[int, int]]  # (remaining, state) met before in this network
    rest: "_Frame | None"

    def without(self, position: int) -> "_Frame | None":
        """Return what remains when a task of this network is done; None when nothing does."""
        remaining = self.remaining & ~(1 << position)
        return self._replace(remaining=remaining) if remaining else self.rest

    def ready(self) -> list[int]:
        """Return the positions of the tasks whose predecessors in this network are done."""
        left = self.remaining
        return [p for p, mask in enumerate(self.before) if left >> p & 1 and not mask & left]


_SPENT: Final = _Frame((), (), 0, ROOT, set(), None)


class Search:
    """One search over a problem. Use once: iterate `solutions`, and ask `no_plan` when it ends without one."""

    def __init__(self, problem: Problem, *, rank: Rank = by_cost, limits: Limits | None = None) -> None:
        self._problem = problem
        self._domain = problem.domain
        self._rank = rank
        self._limits = limits or Limits()
        self._state = State(problem.facts)
        self._decompositions: list[Decomposition] = []  # of the branch at hand
        self._actions: list[Action] = []
        self._failures: dict[tuple[Task, str], tuple[int, str]] = {}  # steps taken on the branch, what stopped it
        self._furthest = (-1, "")
        self._cut = ""
        self.nodes = 0

    def solutions(self) -> Iterator[Solution]:
        """Yield plans in the order in which the search meets them, until it is exhausted or a limit is reached.

        Of the plans that reach the same state with the same rest of a network only the first is met.
        """
        started = self._limits.clock() if self._limits.seconds is not None else 0.0
        root = self._frame(self._problem.network.tasks, self._problem.network.before, ROOT, None)
        stack = [self._successors(root)] if root is not None else []
        if root is None:
            yield self._solution()
        while stack:
            frame = next(stack[-1], _SPENT)
            if frame is _SPENT:
                stack.pop()
            elif frame is None:
                yield self._solution()
            else:
                stack.append(self._successors(frame))
            if self._over(started):
                return

    def no_plan(self) -> NoPlan:
        """Return why the search ended without a plan: what it got stuck on when it had come furthest."""
        return NoPlan(
            goal=self._problem.goal,
            reason=f"{self._cut}; furthest: {self._furthest[1]}" if self._cut else self._furthest[1],
            tried=tuple(f"{task} by {name}: {unmet}" for (task, name), (_, unmet) in self._failures.items()),
            exhausted=not self._cut,
        )

    def _over(self, started: float) -> bool:
        limits = self._limits
        if self.nodes >= limits.nodes:
            self._cut = f"the limit of {limits.nodes} nodes was reached"
        elif limits.seconds is not None and limits.clock() - started >= limits.seconds:
            self._cut = f"the limit of {limits.seconds:g} seconds was reached"
        return bool(self._cut)

    def _solution(self) -> Solution:
        return Solution(tuple(self._decompositions), tuple(self._actions), self.nodes)

    def _frame(
        self, tasks: tuple[Task, ...], before: tuple[int, ...], owner: int, rest: _Frame | None
    ) -> _Frame | None:
        return _Frame(tasks, before, (1 << len(tasks)) - 1, owner, set(), rest) if tasks else rest

    def _successors(self, frame: _Frame) -> Iterator[_Frame | None]:
        """Yield what remains to do after each way to take the next step; the search is in the state after that step.

        The step is taken back when the next one is asked for.
        """
        met = (frame.remaining, self._state.key)
        if met in frame.met:
            return
        frame.met.add(met)
        passed_over: dict[int, list[str]] = {}
        for position, way in self._ways(frame):
            task, trace, before = frame.tasks[position], Trace(), self.nodes
            self.nodes += 1
            head = unify(way.task.args, task.args, {})
            for binding in bindings(way.preconditions, head, self._state, trace) if head is not None else ():
                self.nodes += 1
                if isinstance(way, Operator):
                    yield from self._act(way, binding, frame, position)
                else:
                    yield from self._split(way, binding, frame, position, passed_over.get(position, ()))
            if self.nodes == before + 1:
                unmet = trace.unmet or "its arguments do not fit"
                self._note(task, way.name, unmet)
            else:
                unmet = "what it leads to cannot be done"
            passed_over.setdefault(position, []).append(f"{way.name}: {unmet}")

    def _ways(self, frame: _Frame) -> list[tuple[int, Operator | Method]]:
        """Return every operator and method for the tasks that may come next, in the order to try them."""
        ranked: list[tuple[float, int, int, Operator | Method]] = []
        for position in frame.ready():
            task = frame.tasks[position]
            operator = self._domain.operators.get(task.name)
            if operator is not None:
                ranked.append((0.0, position, 0, operator))
            elif self._recurs(task, frame.owner):
                self._note(task, "any method", "it is a part of itself in the same state")
            else:
                methods = self._domain.methods.get(task.name, ())
                ranked += [(self._rank(task, method), position, i, method) for i, method in enumerate(methods)]
        ranked.sort(key=lambda entry: entry[:3])
        return [(position, way) for _, position, _, way in ranked]

    def _recurs(self, task: Task, owner: int) -> bool:
        while owner != ROOT:
            ancestor = self._decompositions[owner]
            if ancestor.state_key == self._state.key and ancestor.task == task:
                return True
            owner = ancestor.parent
        return False

    def _act(self, operator: Operator, binding: Binding, frame: _Frame, position: int) -> Iterator[_Frame | None]:
        action = ground(operator, binding, self._state, parent=frame.owner, subtask=position)
        mark = self._state.mark()
        for fact in action.deletes:
            self._state.change(fact, present=False)
        for fact in action.adds:
            self._state.change(fact, present=True)
        self._actions.append(action)
        yield frame.without(position)
        self._actions.pop()
        self._state.undo(mark)

    def _split(
        self, method: Method, binding: Binding, frame: _Frame, position: int, passed_over: Sequence[str]
    ) -> Iterator[_Frame | None]:
        chosen = Decomposition(
            frame.tasks[position], method, frame.owner, position, tuple(passed_over), self._state.key
        )
        self._decompositions.append(chosen)
        tasks = tuple(task.bound(binding) for task in method.network.tasks)
        owner = len(self._decompositions) - 1
        yield self._frame(tasks, method.network.before, owner, frame.without(position))
        self._decompositions.pop()

    def _note(self, task: Task, name: str, unmet: str) -> None:
        """Remember what stopped a method or operator, where the branch had come furthest."""
        steps = len(self._decompositions) + len(self._actions)
        known = self._failures.get((task, name))
        if known[0] < steps if known is not None else len(self._failures) < _KEPT_FAILURES:
            self._failures[task, name] = (steps, unmet)
        if steps > self._furthest[0]:
            self._furthest = (steps, f"{task} by {name}: {unmet}")
