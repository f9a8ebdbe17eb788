"""Order: topological order, components, de-ordering a sequence into a directed acyclic graph, critical path, checking.

Everything works on values, never on a search: the check of a plan shares no code with what found it.
"""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from state.errors import SetupError, StepError
from state.plans import Plan, Step

NOT = "not "  # before a fact's text: a precondition that it is false, an effect that makes it false

Key = TypeVar("Key", bound=Hashable)


class Executable(Protocol):
    """A ground action: the facts it needs true and false, then those it makes false, then those it makes true."""

    @property
    def needs(self) -> Collection[Hashable]:
        """Facts that must be true."""

    @property
    def forbids(self) -> Collection[Hashable]:
        """Facts that must be false."""

    @property
    def deletes(self) -> Collection[Hashable]:
        """Facts it makes false."""

    @property
    def adds(self) -> Collection[Hashable]:
        """Facts it makes true, also those it deletes."""


class Fault(NamedTuple):
    """Where a sequence cannot be executed: the action's position, the fact, and what it should have been."""

    position: int
    fact: Hashable
    wanted: bool


def topological_order(after: Mapping[Key, Collection[Key]]) -> tuple[Key, ...]:
    """Return the keys so that each comes behind those in `after[key]`; ties keep the order of the mapping.

    Kahn's algorithm with a heap, O((V + E) log V). SetupError where the order is circular; predecessors that are no
    keys are ignored.
    """
    keys = list(after)
    place = {key: index for index, key in enumerate(keys)}
    waiting = {index: {place[other] for other in after[key] if other in place} for index, key in enumerate(keys)}
    followers: dict[int, list[int]] = {index: [] for index in waiting}
    for index, before in waiting.items():
        for other in before:
            followers[other].append(index)
    free = [index for index, before in waiting.items() if not before]
    ordered: list[Key] = []
    while free:
        index = heapq.heappop(free)
        ordered.append(keys[index])
        for follower in followers[index]:
            waiting[follower].remove(index)
            if not waiting[follower]:
                heapq.heappush(free, follower)
    if len(ordered) < len(keys):
        stuck = ", ".join(str(keys[index]) for index, before in waiting.items() if before)
        raise SetupError(f"the order is circular at or before {stuck}")
    return tuple(ordered)


def components(after: Mapping[Key, Collection[Key]]) -> tuple[tuple[Key, ...], ...]:
    """Return the strongly connected components in topological order; a key outside every cycle is one of its own.

    Kosaraju's algorithm without recursion. Ties keep the order of the mapping; members of a cycle are listed so that
    each but the first comes behind one that it waits for.
    """
    graph = {key: [other for other in others if other in after] for key, others in after.items()}
    reverse: dict[Key, list[Key]] = {key: [] for key in graph}
    for key, others in graph.items():
        for other in others:
            reverse[other].append(key)
    members: dict[Key, list[Key]] = {}
    root_of: dict[Key, Key] = {}
    for root in reversed(_postorder(graph)):
        stack = [root]
        while stack:
            key = stack.pop()
            if key not in root_of:
                root_of[key] = root
                members.setdefault(root, []).append(key)
                stack += reverse[key]
    between = {root_of[key]: set[Key]() for key in graph}
    for key, others in graph.items():
        between[root_of[key]].update(root_of[other] for other in others if root_of[other] != root_of[key])
    return tuple(tuple(members[root]) for root in topological_order(between))


def deorder(
    actions: Sequence[Executable], initial: Collection[Hashable], necessary: Iterable[tuple[int, int]] = ()
) -> tuple[tuple[int, ...], ...]:
    """Return, for each action of a sequence that executes from `initial`, the positions that must be done before it.

    Keeps only the order that facts demand: every need is linked to the earliest action that makes it so and is not
    undone in between, and whatever would undo it stays before the maker or behind the user (causal links and threats,
    McAllester and Rosenblitt 1991; the greedy de-ordering of Veloso et al. 1990). `necessary` pairs are kept as they
    are. Every linearisation executes. Transitive edges are left out. StepError where the sequence does not execute.
    """
    start = set(initial)
    changes: dict[tuple[Hashable, bool], list[int]] = {}
    for position, action in enumerate(actions):
        for fact in set(action.adds):
            changes.setdefault((fact, True), []).append(position)
        for fact in set(action.deletes) - set(action.adds):
            changes.setdefault((fact, False), []).append(position)
    before: list[set[int]] = [set() for _ in actions]
    for first, second in necessary:
        before[second].add(first)
    for (fact, wanted), positions in _users(actions).items():
        makers, breakers = changes.get((fact, wanted), []), changes.get((fact, not wanted), [])
        _protect(positions, makers, breakers, before, given=(fact in start) == wanted)
    return _reduced(before)


def first_fault(actions: Iterable[Executable], initial: Collection[Hashable]) -> Fault | None:
    """Execute the actions from the initial facts; return the first condition that does not hold, or None."""
    state = set(initial)
    for position, action in enumerate(actions):
        for fact in action.needs:
            if fact not in state:
                return Fault(position, fact, wanted=True)
        for fact in action.forbids:
            if fact in state:
                return Fault(position, fact, wanted=False)
        state.difference_update(action.deletes)
        state.update(action.adds)
    return None


def check(plan: Plan, facts: Collection[str]) -> tuple[str, ...]:
    """Return what is wrong with a plan that starts from `facts` (as text); empty for a plan that can be executed.

    Checks that ids are unique, that every step refers only to steps listed before it, and that the steps execute in
    their listed order.
    """
    wrong: list[str] = []
    seen: set[str] = set()
    for step in plan.steps:
        if step.step_id in seen:
            wrong.append(f"{step.step_id}: there is another step of that id")
        wrong += [f"{step.step_id}: comes before {other}" for other in step.after if other not in seen]
        seen.add(step.step_id)
    fault = first_fault([_Literals.of(step) for step in plan.steps], facts)
    if fault is not None:
        verb = "does not hold" if fault.wanted else "holds"
        wrong.append(f"{plan.steps[fault.position].step_id}: {fault.fact} {verb}")
    return tuple(wrong)


def ready(plan: Plan, done: Collection[str]) -> tuple[Step, ...]:
    """Return the steps that are not done and wait for nothing, in the order of the plan."""
    finished = set(done)
    return tuple(step for step in plan.steps if step.step_id not in finished and finished.issuperset(step.after))


def critical_path(steps: Sequence[Step]) -> tuple[str, ...]:
    """Return the ids of a longest chain of steps by their seconds; `steps` in topological order.

    Ties keep the order of the steps. Predecessors that are not among the steps count as done.
    """
    finish: dict[str, float] = {}
    previous: dict[str, str | None] = {}
    for step in steps:
        inside = [other for other in step.after if other in finish]
        latest = max(inside, key=finish.__getitem__, default=None)
        previous[step.step_id] = latest
        finish[step.step_id] = step.seconds + (finish[latest] if latest is not None else 0.0)
    chain: list[str] = []
    last = max(finish, key=finish.__getitem__, default=None)
    while last is not None:
        chain.append(last)
        last = previous[last]
    return tuple(reversed(chain))


def makespan(steps: Sequence[Step]) -> float:
    """Return the seconds from start to end when nothing waits for a free worker; 0 for no steps."""
    chain = set(critical_path(steps))
    return sum(step.seconds for step in steps if step.step_id in chain)


class _Literals(NamedTuple):
    """The conditions and effects of a step, told apart."""

    needs: frozenset[str]
    forbids: frozenset[str]
    deletes: frozenset[str]
    adds: frozenset[str]

    @classmethod
    def of(cls, step: Step) -> "_Literals":
        needs, forbids = _split(step.preconditions)
        adds, deletes = _split(step.effects)
        return cls(needs, forbids, deletes, adds)


def _split(texts: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the facts that stand as they are and those behind `NOT`."""
    plain, negated = set(), set()
    for text in texts:
        if text.startswith(NOT):
            negated.add(text.removeprefix(NOT))
        else:
            plain.add(text)
    return frozenset(plain), frozenset(negated)


def _postorder(graph: Mapping[Key, Sequence[Key]]) -> list[Key]:
    """Return the keys in the order in which a depth-first walk leaves them."""
    left: list[Key] = []
    entered: set[Key] = set()
    for root in graph:
        stack = [(root, iter(graph[root]))] if root not in entered else []
        entered.add(root)
        while stack:
            key, others = stack[-1]
            fresh = next((other for other in others if other not in entered), None)
            if fresh is None:
                left.append(key)
                stack.pop()
            else:
                entered.add(fresh)
                stack.append((fresh, iter(graph[fresh])))
    return left


def _users(actions: Sequence[Executable]) -> dict[tuple[Hashable, bool], list[int]]:
    """Return for each condition, a fact and what it must be, the positions of the actions that have it."""
    users: dict[tuple[Hashable, bool], list[int]] = {}
    for position, action in enumerate(actions):
        for wanted, facts in ((True, action.needs), (False, action.forbids)):
            for fact in dict.fromkeys(facts):
                users.setdefault((fact, wanted), []).append(position)
    return users


def _protect(users: list[int], makers: list[int], breakers: list[int], before: list[set[int]], *, given: bool) -> None:
    """Add to `before` what keeps one condition true for all its users; `given`: it is so at the start.

    Between two breakers all users share one maker. Users come before the breakers up to those that the next maker
    comes behind, so that what lies further apart is in order through them.
    """
    groups = [(bisect_left(breakers, user), user) for user in users]
    starts = [place for place, (broken, _) in enumerate(groups) if not place or groups[place - 1][0] < broken]
    past = 0
    for start, end in zip(starts, [*starts[1:], len(groups)], strict=True):
        broken, first = groups[start]
        if broken or not given:
            last_break = breakers[broken - 1] if broken else -1
            found = bisect_right(makers, last_break)
            if found == len(makers) or makers[found] >= first:
                raise StepError(f"action {first} has a condition that nothing before it makes true", where="plan")
            maker = makers[found]
            before[maker].update(breakers[past:broken])
            for _, user in groups[start:end]:
                before[user].add(maker)
        until = groups[end][0] if end < len(groups) else len(breakers)
        for breaker in breakers[broken:until]:
            before[breaker].update(user for _, user in groups[start:end] if user != breaker)
        past = broken


def _reduced(before: Sequence[set[int]]) -> tuple[tuple[int, ...], ...]:
    """Return `before` without the edges that others imply; every edge goes from a lower to a higher position."""
    last = list(range(len(before)))  # the last position that looks at each one's ancestors
    for position, others in enumerate(before):
        for other in others:
            last[other] = position
    ending: dict[int, list[int]] = {}
    for other, position in enumerate(last):
        ending.setdefault(position, []).append(other)
    ancestors: dict[int, int] = {}  # bit masks, kept while they are needed
    direct: list[tuple[int, ...]] = []
    for position, others in enumerate(before):
        covered, kept = 0, []
        for other in sorted(others, reverse=True):
            if not covered >> other & 1:
                kept.append(other)
                covered |= ancestors[other] | 1 << other
        ancestors[position] = covered
        direct.append(tuple(reversed(kept)))
        for other in ending.get(position, ()):
            del ancestors[other]
    return tuple(direct)
