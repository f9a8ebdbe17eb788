"""The search: depth-first progression through a task network, with complete backtracking over methods and bindings.

The tasks that nothing comes before are the frontier; one of them is done next (SHOP2: Nau et al. 2003; interleavings of
unordered tasks included). The state is therefore known whenever a method or an action is tried. Nothing recurses in
Python, so plans may be as long and as deep as memory allows.

Cut are: a pair of state and remaining network that was met before; a task below itself in the same state; with a bound,
whatever must cost as much as the best plan. The second cut may hide a plan that needs such a recursion, so "exhausted"
means exhausted under it.
"""

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from algorithms.planning.bounds import Bounds
from algorithms.planning.choosing import AsDeclared, Chooser
from algorithms.planning.collector import no_collection
from algorithms.planning.compilation import Ground, Instance, Machine

_LOOK: Final = 64  # nodes between two looks at the clock

Move = tuple["Cell", int, Instance | None]  # the task done next, its method or -1 for an action, the instance


class Cell:
    """A task of the network at hand and what comes directly after it."""

    __slots__ = ("after", "imprint", "parent", "reached", "slot", "task", "waits")

    def __init__(self, task: Ground, after: "tuple[Cell, ...]", waits: int, parent: int, slot: int) -> None:
        self.task = task
        self.after = after
        self.waits = waits  # tasks that must be done before
        self.parent = parent  # the decision it comes from, or -1
        self.reached = 0  # how often all before it was done
        self.slot = slot  # its place among the subtasks of that decision
        self.imprint: int  # equal for equal tasks before equal rests of a network
        if len(after) == 1:
            self.imprint = hash((task, after[0].imprint))
        else:
            self.imprint = hash((task, *[cell.imprint for cell in after]))


class Decision(NamedTuple):
    """One step of a search: an action done, or a method chosen with the values of its kept registers."""

    task: Ground
    method: int  # -1 for an action
    binding: tuple[int, ...]
    parent: int  # the decision whose subtask this is, or -1
    slot: int


class Outcome(StrEnum):
    """How a run of a search ended."""

    FOUND = "found"
    EXHAUSTED = "exhausted"
    CUT = "cut"


# A choice point: what is left to try, and everything needed to come back to it. A plain tuple: one is made per node.
_Frame = tuple[
    Iterator[Move],
    Cell | None,  # the one task that it decomposes, where one other waits for that task alone
    int,  # how often that other was reached before
    int,  # what was cut before
    tuple[Cell, ...],  # frontier
    int,  # state
    int,  # network
    float,  # least cost
    int,  # length of the trail,
    int,  # of the path
    int,  # and of the changes of what cells wait for
]


class Style(NamedTuple):
    """How a search prunes beyond what is certain.

    A task may be below itself in the same state `repeats` times. A `focused` search finishes each task before it begins
    another that is no part of it, and so misses plans that must interleave them. A `hasty` one does not try a task
    again in a state from which it was never finished, even where that was only because it would have been below itself.
    """

    repeats: int = 0
    focused: bool = False
    hasty: bool = False

    @property
    def complete(self) -> bool:
        """Whether no plan is missed, but for one that needs a task below itself in the same state."""
        return not self.focused and not self.hasty


_CAREFUL: Final = Style()


class Search:
    """One search for ways to do tasks, one after the other, from the present state of a machine.

    `run` it; again for the next plan.

    `limit` may be lowered between runs: only plans that cost less are found. When the search is exhausted the machine
    is in the state it began with; otherwise `leave` brings it back.
    """

    def __init__(
        self,
        machine: Machine,
        bounds: Bounds,
        *tasks: Ground,
        chooser: Chooser | None = None,
        goal: Callable[[], bool] | None = None,
        limit: float = math.inf,
        style: Style = _CAREFUL,
    ) -> None:
        self.machine = machine
        self.limit = limit
        self.nodes = 0
        self.least = sum(
            bounds.least[task[0]] for task in tasks
        )  # what is spent and what the rest costs at least; in the end, the cost
        self._repeats, self._focused, self._hasty = style
        self.looped = False  # something was cut because a task was below itself in the same state
        self.bounded = False  # something was cut because of the limit
        self.failures: Callable[[Cell, int], None] = _unheard  # told a cell and the depth
        self._bounds = bounds
        self._unit = bounds.unit
        self._chooser = chooser or AsDeclared(machine.program, bounds)
        self._listed = self._chooser.listed
        self._act_of, self._expand, self._trail = machine.act, machine.expand, machine.trail
        self._aloof = machine.program.schemas.aloof
        self._goal = goal
        self._schemas = machine.program.schemas
        self._actions = len(self._schemas.actions)
        self._path: list[tuple[Cell, int, Instance | None, int]] = []
        self._open: dict[tuple[Ground, int], int] = {}
        self._closed: dict[int, float] = {}
        self._hopeless: set[tuple[Ground, int]] = set()  # tasks that were never finished from a state
        self._cuts = 0  # branches not searched, by the limit or because they were met before
        self._waits: list[tuple[Cell, int]] = []
        self._stack: list[_Frame] = []
        self._start = len(machine.trail)
        self._state = 0
        self._network = 0
        self._frontier: tuple[Cell, ...] = ()
        for slot in range(len(tasks) - 1, -1, -1):
            cell = Cell(tasks[slot], self._frontier, min(slot, 1), -1, slot)
            self._network += cell.imprint
            self._frontier = (cell,)
        self._alive = True  # the present node has not been worked on

    def decisions(self) -> list[Decision]:
        """Return the decisions of the branch at hand, in the order made."""
        with no_collection():
            return [
                tuple.__new__(Decision, (cell.task, method, instance[0] if instance else (), cell.parent, cell.slot))
                for cell, method, instance, _ in self._path
            ]

    @property
    def state(self) -> int:
        """The change of the state's key since the search began."""
        return self._state

    def depth(self) -> int:
        """Return how many decisions the branch at hand has."""
        return len(self._path)

    def leave(self) -> None:
        """Bring the machine back into the state that the search began with."""
        self.machine.undo(self._start)

    def run(self, nodes: int, over: Callable[[], bool], dead_ends: int | None = None) -> Outcome:
        """Search until the next plan, the end, `nodes` more nodes or `dead_ends`, or `over` says that time is up."""
        with no_collection():
            return self._run(self.nodes + nodes, over, dead_ends)

    def forget(self) -> None:
        """Forget what is left to try, so that the search's parts are freed with it."""
        self._stack.clear()

    def _run(self, stop: int, over: Callable[[], bool], dead_ends: int | None) -> Outcome:
        look = self.nodes + _LOOK
        failed = 0
        while True:
            if not self._alive:
                if not self._stack or failed == dead_ends:
                    return Outcome.CUT if self._stack else self._end()
                failed += 1
                self._alive = self._next_move()
            elif self._frontier:
                self._alive = self._advance()
            elif self._reached_goal():
                return Outcome.FOUND
            if self.nodes >= look:
                look = self.nodes + _LOOK
                if self.nodes >= stop or over():
                    return Outcome.CUT

    def _reached_goal(self) -> bool:
        """Return whether the network that is worked off made a plan; either way the search goes back next."""
        self._alive = False
        return self._goal is None or self._goal()

    def _end(self) -> Outcome:
        self.leave()
        return Outcome.EXHAUSTED

    def _advance(self) -> bool:
        """Go on from a node that was just reached; False where nothing can be done there."""
        frontier = self._frontier
        alone = len(frontier) == 1
        first = frontier[0]
        if alone and first.task[0] < self._actions:
            if self._act(first):
                return True
            self.failures(first, len(self._path))
            return False
        met = hash((self._state, self._network))
        spent = self._closed.get(met)
        if spent is not None and spent <= self.least:
            self._cuts += 1
            if first.task[0] >= self._actions:
                self.failures(first, len(self._path))
            return False
        self._closed[met] = self.least
        choice = frontier if alone else self._choice(frontier)
        lone = choice[0] if len(choice) == len(choice[0].after) == 1 and choice[0].after[0].waits == 1 else None
        if self._hasty and lone is not None and (lone.task, self._state) in self._hopeless:
            return False
        moves = self._moves(choice) if self._listed is None or len(choice) > 1 else self._decomposing(choice[0])
        self._stack.append(
            (
                moves,
                lone,
                lone.after[0].reached if lone is not None else 0,
                self._cuts,
                frontier,
                self._state,
                self._network,
                self.least,
                len(self._trail),
                len(self._path),
                len(self._waits),
            )
        )
        return self._next_move()

    def _next_move(self) -> bool:
        """Come back to the last choice point and make its next move; False where none is left."""
        moves, lone, reached, cuts, frontier, state, network, least, trail, path, waits = self._stack[-1]
        if len(self._path) > path:  # not where the choice point is new
            self.machine.undo(trail)
            self._shorten(path)
        while len(self._waits) > waits:
            cell, change = self._waits.pop()
            cell.waits -= change
        self._state, self._network, self.least, self._frontier = state, network, least, frontier
        for cell, method, instance in moves:
            if instance is None:
                if self._act(cell):
                    return True
                self.failures(cell, len(self._path))
            else:
                self.nodes += 1
                spent = least + self._bounds.added[method]
                if spent < self.limit:
                    self.least = spent
                    self._split(cell, method, instance)
                    return True
                self.bounded = True
                self._cuts += 1
        self._stack.pop()
        if self._hasty and lone is not None and lone.after[0].reached == reached and self._cuts == cuts:
            self._hopeless.add((lone.task, state))
        return False

    def _shorten(self, length: int) -> None:
        """Forget the decisions made since the path had that length."""
        path = self._path
        while len(path) > length:
            cell, method, _, state = path.pop()
            if method >= 0:
                self._open[cell.task, state] -= 1

    def _choice(self, frontier: tuple[Cell, ...]) -> tuple[Cell, ...]:
        """Return the tasks of which one is done next.

        Where the conditions of the foremost task look at nothing that changes, no other needs to come before it.
        """
        if self._aloof[frontier[0].task[0]]:
            return frontier[:1]
        if self._focused and len(frontier) > 1:
            parent = frontier[0].parent
            return tuple([cell for cell in frontier if cell.parent == parent])
        return frontier

    def _moves(self, frontier: tuple[Cell, ...]) -> Iterator[Move]:
        """Yield the moves at a node."""
        recurs = [self._recurs(cell) for cell in frontier]
        found = [cell.task[0] < self._actions for cell in frontier]
        for place, method in self._chooser.ways([cell.task for cell in frontier]):
            cell = frontier[place]
            if method < 0:
                yield cell, -1, None
            elif not recurs[place]:
                for instance in self._instances(cell.task, method):
                    found[place] = True
                    yield cell, method, instance
        for cell in itertools.compress(frontier, map(operator.not_, found)):
            self.failures(cell, len(self._path))

    def _instances(self, task: Ground, method: int) -> Iterable[Instance]:
        return self._chooser.instances(task, method, self._expand[method](task))

    def _decomposing(self, cell: Cell) -> Iterator[Move]:
        """Yield the moves where one task alone may come next, and its methods are tried in a fixed order."""
        task = cell.task
        if task[0] < self._actions:
            yield cell, -1, None
            return
        found = False
        if self._listed is not None and not self._recurs(cell):
            for method in self._listed[task[0]]:
                for instance in self._expand[method](task):
                    found = True
                    yield cell, method, instance
        if not found:
            self.failures(cell, len(self._path))

    def _recurs(self, cell: Cell) -> bool:
        """Return whether the task is a part of itself in the same state, once more than is allowed."""
        if self._open.get((cell.task, self._state), 0) <= self._repeats:
            return False
        found = 0
        parent = cell.parent
        while parent >= 0:
            ancestor, _, _, state = self._path[parent]
            found += state == self._state and ancestor.task == cell.task
            parent = ancestor.parent
        if found > self._repeats:
            self.looped = True
        return found > self._repeats

    def _act(self, cell: Cell) -> bool:
        """Do an action and go past it; False where its precondition does not hold or it costs too much."""
        self.nodes += 1
        task = cell.task
        mark = len(self._trail)
        change = self._act_of[task[0]](task)
        if change is None:
            return False
        if not self._unit[task[0]]:
            least = self.least + self._bounds.beyond(task)
            if least >= self.limit:
                self.machine.undo(mark)
                self.bounded = True
                self._cuts += 1
                return False
            self.least = least
        self._path.append((cell, -1, None, 0))
        self._state ^= change
        self._network -= cell.imprint
        after = cell.after
        if len(after) == len(self._frontier) == 1 and after[0].waits == 1:
            after[0].reached += 1
            self._frontier = after
        else:
            self._finish(cell)
        return True

    def _split(self, cell: Cell, method: int, instance: Instance) -> None:
        """Put the subtasks in the place of a task."""
        schema, parent = self._schemas.methods[method], len(self._path)
        key = (cell.task, self._state)
        self._open[key] = self._open.get(key, 0) + 1
        self._path.append((cell, method, instance, self._state))
        network = self._network - cell.imprint
        subtasks = instance[1]
        if not subtasks:
            self._network = network
            self._finish(cell)
            return
        if schema.ordered:
            after, waits = cell.after, schema.waits
            for slot in schema.backwards:
                new = Cell(subtasks[slot], after, waits[slot], parent, slot)
                network += new.imprint
                after = (new,)
            self._network = network
            self._begin(cell, after)
            return
        made: list[Cell] = [cell] * len(subtasks)
        last = 0
        for slot in schema.backwards:
            later = schema.after[slot]
            if later:
                after = tuple([made[position] for position in later])
            else:
                after = cell.after
                last += 1
            new = made[slot] = Cell(subtasks[slot], after, schema.waits[slot], parent, slot)
            network += new.imprint
        if last > 1:
            for follower in cell.after:
                follower.waits += last - 1
                self._waits.append((follower, last - 1))
        self._network = network
        self._begin(cell, tuple([made[slot] for slot in schema.first]))

    def _begin(self, cell: Cell, first: tuple[Cell, ...]) -> None:
        """Put the first of its subtasks in the place of a cell in the frontier."""
        rest = self._frontier
        self._frontier = first if len(rest) == 1 else first + tuple([other for other in rest if other is not cell])

    def _finish(self, cell: Cell) -> None:
        """Take a cell that is done out of the frontier, and put in those that waited for it alone."""
        begin: tuple[Cell, ...] = ()
        for follower in cell.after:
            if follower.waits == 1:
                follower.reached += 1
                begin = (*begin, follower)
            else:
                follower.waits -= 1
                self._waits.append((follower, -1))
        self._begin(cell, begin)


def _unheard(_cell: Cell, _depth: int) -> None:
    """Nobody asks what failed."""
