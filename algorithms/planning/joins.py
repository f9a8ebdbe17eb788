"""The order in which a conjunction is tested and joined: tests as soon as they can be made, small loops first."""

from collections.abc import Collection
from typing import NamedTuple

from algorithms.planning.normal import Conjunction, Literal, Part, Some, registers_of
from algorithms.planning.schemas import Schemas

_UNKNOWN = 3.0  # rows expected of a predicate that has none at the start and is filled later


class Test(NamedTuple):
    """A part whose registers are all bound."""

    part: Part


class Loop(NamedTuple):
    """A literal that binds the registers it mentions that are still free."""

    literal: Literal
    free: tuple[int, ...]  # positions of its arguments that are not bound before


class Range(NamedTuple):
    """A register that takes every object of a set."""

    register: int
    type_set: int


Step = Test | Loop | Range


class Planner:
    """Orders joins by the facts at the start."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._expected: dict[tuple[int, tuple[int, ...]], float] = {}

    def steps(self, parts: Conjunction, bound: Collection[int], ranges: dict[int, int]) -> list[Step]:
        """Return how to test `parts` and bind the registers of `ranges` (register -> type set)."""
        known = set(bound)
        waiting = sorted(dict.fromkeys(parts), key=self._price)
        free = {register: type_set for register, type_set in ranges.items() if register not in known}
        steps: list[Step] = []
        while True:
            steps += (Test(part) for part in waiting if registers_of(part) <= known)
            waiting = [part for part in waiting if not registers_of(part) <= known]
            if not free:
                return steps
            chosen = self._next(waiting, known, free)
            steps.append(chosen)
            if isinstance(chosen, Loop):
                waiting.remove(chosen.literal)
                bound_now = {chosen.literal.args[position] for position in chosen.free}
            else:
                bound_now = {chosen.register}
            known |= bound_now
            free = {register: type_set for register, type_set in free.items() if register not in bound_now}

    def _price(self, part: Part) -> int:
        """Return how dear a test is: comparisons, static facts, changing facts, everything else."""
        if not isinstance(part, Literal):
            return 4 if isinstance(part, Some) else 3
        if part.predicate < 0:
            return 0
        return 2 if self._schemas.fluent[part.predicate] else 1

    def _next(self, waiting: list[Part], known: set[int], free: dict[int, int]) -> Loop | Range:
        """Return the loop expected to be shortest."""
        best: Loop | Range | None = None
        least = float("inf")
        for part in waiting:
            if isinstance(part, Literal) and part.positive and part.predicate >= 0:
                positions = tuple(place for place, term in enumerate(part.args) if term >= 0 and term not in known)
                rows = self._rows(part, positions)
                if rows < least:
                    best, least = Loop(part, positions), rows
        for register, type_set in free.items():
            size = len(self._schemas.symbols.type_sets[type_set])
            if size < least:
                best, least = Range(register, type_set), size
        if best is None:
            register, type_set = next(iter(free.items()))
            return Range(register, type_set)
        return best

    def _rows(self, literal: Literal, free: tuple[int, ...]) -> float:
        """Return the number of rows expected to match, by the facts at the start."""
        key = (literal.predicate, free)
        if key not in self._expected:
            facts = self._schemas.facts[literal.predicate]
            bound = [place for place in range(len(literal.args)) if place not in free]
            groups = len({tuple(row[place] for place in bound) for row in facts})
            expected = len(facts) / groups if groups else 0.0
            if self._schemas.fluent[literal.predicate]:
                expected = max(expected, 1.0) if groups else _UNKNOWN
            self._expected[key] = expected
        return self._expected[key]
