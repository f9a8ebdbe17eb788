"""What goes wrong while a plan is carried out: facts change as no action of the plan changes them.

Drawn from a given source of chance, and so that what is left of the plan is touched: a change that nothing looks at
tells nothing about repair.
"""

import random
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from algorithms.planning.conditions import Atom
from algorithms.planning.solution import Solution, Step


class Kind(StrEnum):
    """What happens."""

    LOST = "lost"  # a fact that a later step needs becomes false
    GAINED = "gained"  # a fact becomes true: one that a later step forbids or, where there is none, any
    MOVED = "moved"  # a fact that a later step needs becomes another: the same with one argument changed
    FAILED = "failed"  # the step just done had no effect
    CLOSED = "closed"  # a fact that no action changes and a later step needs becomes false


class Flip(NamedTuple):
    """Facts that change, and become true or false, when so many steps are done; and the facts that hold then."""

    kind: Kind
    done: int
    changes: tuple[tuple[Atom, bool], ...]
    facts: frozenset[Atom]


def draw(solution: Solution, kind: Kind, chance: random.Random) -> Flip | None:
    """Return a disturbance of a plan at a moment drawn by chance; None where there is none of that kind."""
    steps = solution.steps
    moments = list(range(1, len(steps) + 1) if kind is Kind.FAILED else range(len(steps)))
    chance.shuffle(moments)
    for done in moments:
        before = set(solution.facts())
        _do(before, steps[: max(done - 1, 0)])
        state = set(before)
        _do(state, steps[max(done - 1, 0) : done])
        changes = _Drawing(solution, state, steps[done:], chance).changes(kind, before)
        if changes:
            now = state - {fact for fact, present in changes if not present}
            return Flip(kind, done, changes, frozenset(now | {fact for fact, present in changes if present}))
    return None


def _do(state: set[Atom], steps: Sequence[Step]) -> None:
    for step in steps:
        state.difference_update(step.deletes)
        state.update(step.adds)


class _Drawing:
    """Draws what changes in one state."""

    def __init__(self, solution: Solution, state: set[Atom], rest: Sequence[Step], chance: random.Random) -> None:
        self._schemas = solution.program.schemas
        self._state = state
        self._rest = rest
        self._chance = chance

    def changes(self, kind: Kind, before: set[Atom]) -> tuple[tuple[Atom, bool], ...]:
        """Return the facts that change; none where the kind cannot happen here. `before` held before the last step."""
        if kind is Kind.FAILED:
            back = [(fact, False) for fact in self._state - before] + [(fact, True) for fact in before - self._state]
            return tuple(sorted(back, key=str))
        if kind is Kind.GAINED:
            return self._gained()
        needed = [fact for fact in self._needed() if self._changes(fact) is (kind is not Kind.CLOSED)]
        if not needed:
            return ()
        lost = self._chance.choice(needed)
        if kind is not Kind.MOVED:
            return ((lost, False),)
        others = list(self._variants(lost))
        return ((lost, False), (self._chance.choice(others), True)) if others else ()

    def _gained(self) -> tuple[tuple[Atom, bool], ...]:
        found = dict.fromkeys(fact for step in self._rest for fact in step.forbids if fact not in self._state)
        if not found:
            held = sorted(filter(self._changes, self._state), key=str)
            found = dict.fromkeys(one for fact in held for one in self._variants(fact))
        return ((self._chance.choice(list(found)), True),) if found else ()

    def _needed(self) -> Iterator[Atom]:
        """Yield the facts of the state that later steps need as they are now."""
        made: set[Atom] = set()
        seen: set[Atom] = set()
        for step in self._rest:
            for fact in step.needs:
                if fact in self._state and fact not in made and fact not in seen:
                    seen.add(fact)
                    yield fact
            made.update(step.adds)

    def _changes(self, fact: Atom) -> bool:
        return self._schemas.fluent[self._schemas.symbols.predicate_ids[fact.predicate]]

    def _variants(self, fact: Atom) -> Iterator[Atom]:
        """Yield the facts that do not hold and differ from a fact in one argument."""
        symbols = self._schemas.symbols
        for place, types in enumerate(symbols.predicates[fact.predicate].types):
            kinds = (types,) if isinstance(types, str) else types
            for number in symbols.type_sets[symbols.type_set(kinds)]:
                args = (*fact.args[:place], symbols.objects[number], *fact.args[place + 1 :])
                if Atom(fact.predicate, args) not in self._state:
                    yield Atom(fact.predicate, args)
