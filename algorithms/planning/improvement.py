"""Makes a plan cheaper by replacing what stands below one task at a time: a local search among valid decompositions.

The task's part of the plan is searched anew in the state it begins in, under bounds that rise from the least it can
cost to just below what it costs now, each time with few nodes. A cheaper part is taken if the rest of the plan can
still be done after it, methods and actions alike; from where the states are equal again nothing needs to be looked at.
Only parts that the plan does in one piece are replaced.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from algorithms.planning.bounds import Bounds
from algorithms.planning.choosing import Chooser
from algorithms.planning.compilation import Ground, Machine
from algorithms.planning.search import Decision, Outcome, Search

_ATTEMPTS: Final = 6  # parts found under one bound that are tried before the bound is raised
_RISES: Final = (0.0, 1 / 32, 1 / 8, 1 / 3, 2 / 3, 1.0)  # bounds, between the least cost and the present one
_SLIGHT: Final = 1e-6


class Improver:
    """Works on one plan over a machine of its own; `decisions` and `cost` are those of the best plan so far."""

    def __init__(self, machine: Machine, bounds: Bounds, decisions: Sequence[Decision]) -> None:
        self._machine = machine
        self._bounds = bounds
        self._proved: dict[tuple[Ground, int], float] = {}  # nothing cheaper exists for a task in a state
        self.nodes = 0
        self.complete = False  # the last sweep left no part that a longer search could improve
        self.decisions: list[Decision] = []
        self.replace_plan(decisions)

    def replace_plan(self, decisions: Sequence[Decision]) -> None:
        """Work on another plan."""
        self.decisions = list(decisions)
        self._keys = [0]
        machine = self._machine
        mark = len(machine.trail)
        for decision in self.decisions:
            change = machine.act[decision.task[0]](decision.task) if decision.method < 0 else 0
            self._keys.append(self._keys[-1] ^ (change or 0))
        machine.undo(mark)
        self._measure()

    def sweep(self, nodes: int, chooser: Chooser, over: Callable[[], bool]) -> bool:
        """Try every part once, from the start of the plan, large ones before what is inside them.

        Return whether the plan got cheaper. Each search may look at `nodes` nodes.
        """
        before = self.cost
        self.complete = True
        mark = len(self._machine.trail)
        place = 0
        while place < len(self.decisions):
            if over():
                self.complete = False
                break
            if self._replaceable(place):
                self._improve(place, nodes, chooser, over)
            decision = self.decisions[place]
            if decision.method < 0:
                self._machine.act[decision.task[0]](decision.task)
            place += 1
        self._machine.undo(mark)
        return self.cost < before

    def _measure(self) -> None:
        """Find where each part ends, how many decisions it has and what it costs."""
        decisions = self.decisions
        size = len(decisions)
        self._ends = list(range(1, size + 1))
        self._sizes = [1] * size
        self._costs = [
            self._bounds.least[one.task[0]] + self._bounds.beyond(one.task) if one.method < 0 else 0.0
            for one in decisions
        ]
        for place in range(size - 1, 0, -1):
            parent = decisions[place].parent
            self._ends[parent] = max(self._ends[parent], self._ends[place])
            self._sizes[parent] += self._sizes[place]
            self._costs[parent] += self._costs[place]
        self.cost = self._costs[0]

    def _replaceable(self, place: int) -> bool:
        """Return whether a part is a task's, done in one piece, and may cost less."""
        decision, cost = self.decisions[place], self._costs[place]
        return (
            decision.method >= 0
            and cost > self._bounds.least[decision.task[0]]
            and self._ends[place] - place == self._sizes[place]
            and self._proved.get((decision.task, self._keys[place]), 0.0) < cost
        )

    def _improve(self, place: int, nodes: int, chooser: Chooser, over: Callable[[], bool]) -> None:
        """Search for a cheaper part under rising bounds until one is taken."""
        task, cost = self.decisions[place].task, self._costs[place]
        searched = False
        for limit in self._limits(task, cost):
            search = Search(self._machine, self._bounds, task, chooser=chooser, limit=limit)
            outcome = Outcome.FOUND
            attempts = 0
            while outcome is Outcome.FOUND and attempts < _ATTEMPTS:
                outcome = search.run(nodes - search.nodes, over)
                if outcome is Outcome.FOUND:
                    attempts += 1
                    if self._fits(place, search):
                        self.nodes += search.nodes
                        return
            search.leave()
            self.nodes += search.nodes
            searched = outcome is Outcome.EXHAUSTED and not attempts
            self.complete = self.complete and outcome is Outcome.EXHAUSTED
        if searched:
            self._proved[task, self._keys[place]] = cost

    def _limits(self, task: Ground, cost: float) -> Iterator[float]:
        """Yield bounds below which a part must cost; the last one admits all that are cheaper."""
        least = self._bounds.least[task[0]]
        seen = -1.0
        for rise in _RISES:
            limit = min(least + int((cost - least) * rise) + 0.5, cost - _SLIGHT)
            if limit > seen:
                seen = limit
                yield limit

    def _fits(self, place: int, search: Search) -> bool:
        """Take the part that a search has found, if the rest of the plan can be done after it."""
        machine, end = self._machine, self._ends[place]
        mark = len(machine.trail)
        key = self._keys[place] ^ search.state
        after = [key]  # keys after the new part, until they are as they were
        position = end
        while key != self._keys[position]:
            if position == len(self.decisions):
                break
            decision = self.decisions[position]
            if decision.method < 0:
                change = machine.act[decision.task[0]](decision.task)
                if change is None:
                    machine.undo(mark)
                    return False
                key ^= change
            elif not machine.check[decision.method](decision.binding):
                machine.undo(mark)
                return False
            position += 1
            after.append(key)
        fine = position < len(self.decisions) or key == self._keys[position] or machine.goal()
        machine.undo(mark)
        if fine:
            self._splice(place, search, after)
        return fine

    def _splice(self, place: int, search: Search, after: list[int]) -> None:
        """Put the part found in the place of the old one; the machine is left in the state before it."""
        old, end = self.decisions[place], self._ends[place]
        part = [
            one._replace(parent=one.parent + place)
            if one.parent >= 0
            else one._replace(parent=old.parent, slot=old.slot)
            for one in search.decisions()
        ]
        shift = len(part) - (end - place)
        rest = [one._replace(parent=one.parent + shift) if one.parent >= end else one for one in self.decisions[end:]]
        search.leave()
        keys = [self._keys[place]]
        mark = len(self._machine.trail)
        for one in part[:-1]:
            change = self._machine.act[one.task[0]](one.task) if one.method < 0 else 0
            keys.append(keys[-1] ^ (change or 0))
        self._machine.undo(mark)
        self._keys = [*self._keys[:place], *keys, *after, *self._keys[end + len(after) :]]
        self.decisions = [*self.decisions[:place], *part, *rest]
        self._measure()
