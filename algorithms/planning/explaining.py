"""Reads conditions in a state without compiled code: why one does not hold, and which facts make one hold.

Slower than the compiled code by far, and used only where a person or a de-ordering wants to know.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from algorithms.planning.compilation import Machine, as_row
from algorithms.planning.conditions import Atom
from algorithms.planning.normal import (
    EQUAL,
    Conjunction,
    Either,
    Literal,
    Part,
    Some,
    registers_of,
    type_set_of,
)
from algorithms.planning.schemas import Schemas

_TOLD: Final = 10  # facts named of a universal condition

Values = dict[int, int]  # register -> object


class Support(NamedTuple):
    """Facts that hold, and facts that do not, by which a condition holds."""

    needs: dict[Atom, None]
    forbids: dict[Atom, None]


class Reader:
    """Reads conditions in the present state of a machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._schemas = machine.program.schemas
        self._indexes: dict[tuple[int, ...], dict[tuple[int, ...], list[tuple[int, ...]]]] = {}
        self._names = list(self._schemas.symbols.predicates)

    def unmet(self, parts: Conjunction, values: Values, ranges: dict[int, int]) -> str:
        """Return what does not hold, at the deepest point that a join of the parts reaches; empty where all holds.

        `ranges` are the registers to find values for, with their type sets.
        """
        waiting = [part for part in parts if not (isinstance(part, Literal) and part.predicate < EQUAL)]
        members = [part for part in parts if part not in waiting]
        deepest, reason = -1, ""
        todo: list[tuple[list[Part], Values]] = [([*members, *waiting], values)]
        while todo:
            left, known = todo.pop()
            failed, left = self._tested(left, known)
            if failed is not None:
                if len(known) > deepest:
                    deepest, reason = len(known), self.told(failed, known)
                continue
            if not left:
                return ""
            branches = list(self._bound(left, known, ranges))
            if not branches and len(known) > deepest:
                deepest, reason = len(known), self.told(left[0], known)
            todo += [(left, branch) for branch in reversed(branches)]
        return reason

    def support(self, parts: Conjunction, values: Values) -> Support:
        """Return the facts by which a conjunction holds in the state; of alternatives the first that holds."""
        support = Support({}, {})
        for part in parts:
            self._add(part, values, support)
        return support

    def decided(self, parts: Conjunction, values: Values, support: Support) -> bool:
        """Return whether a conjunction holds, and add to `support` the facts by which it does or does not."""
        failing = [part for part in parts if not self.holds(part, values)]
        if not failing:
            for part in parts:
                if not isinstance(part, Literal) or self._changes(part):
                    self._add(part, values, support)
            return True
        if not any(isinstance(part, Literal) and not self._changes(part) for part in failing):
            self._add_negation(failing[0], values, support)
        return False

    def holds(self, part: Part, values: Values) -> bool:
        """Return whether a part, its registers all given, holds."""
        match part:
            case Literal(predicate, args, positive):
                row = tuple(values[term] if term >= 0 else ~term for term in args)
                if predicate == EQUAL:
                    return (row[0] == row[1]) == positive
                if predicate < EQUAL:
                    return (row[0] in self._schemas.symbols.type_sets[type_set_of(predicate)]) == positive
                return (as_row(row) in self._machine.rows[predicate]) == positive
            case Either(options):
                return any(all(self.holds(one, values) for one in option) for option in options)
            case Some(_, _, positive):
                return (next(self._witnesses(part, values), None) is not None) == positive

    def told(self, part: Part, values: Values) -> str:
        """Return that a part does not hold, in words."""
        match part:
            case Literal(predicate, args, positive):
                terms = [self._term(term, values) for term in args]
                if predicate == EQUAL:
                    return f"{terms[0]} is {'not ' if positive else ''}{terms[1]}"
                if predicate < EQUAL:
                    return f"{terms[0]} is {'not ' if positive else ''}of the type asked for"
                atom = Atom(self._names[predicate], tuple(terms))
                return f"{atom} does not hold" if positive else f"{atom} holds"
            case Either(options):
                return " and ".join(self._first_failing(option, values) for option in options)
            case Some(_, parts, positive):
                if positive:
                    return f"nothing fulfils: {self._first_failing(parts, values)}"
                return self._told_witness(part, values)

    def atom(self, literal: Literal, values: Values) -> Atom:
        """Return the fact of a literal."""
        return Atom(self._names[literal.predicate], tuple(self._term(term, values) for term in literal.args))

    def _told_witness(self, part: Some, values: Values) -> str:
        """Tell which facts are missing, or too many, by the objects for which a universal condition fails."""
        literal = part.parts[-1] if part.parts else None
        if not isinstance(literal, Literal) or literal.predicate < 0:
            return "a condition on all objects does not hold"
        found = itertools.islice(self._witnesses(part, values), _TOLD)
        facts = dict.fromkeys(str(self.atom(literal, known)) for known in found)
        verb = ("does not hold", "do not hold") if not literal.positive else ("holds", "hold")
        return f"{', '.join(facts)} {verb[len(facts) > 1]}"

    def _first_failing(self, parts: Conjunction, values: Values) -> str:
        open_or_false = [p for p in parts if not registers_of(p) <= values.keys() or not self.holds(p, values)]
        return self.told(open_or_false[0], values) if open_or_false else "nothing"

    def _changes(self, literal: Literal) -> bool:
        return literal.predicate >= 0 and self._schemas.fluent[literal.predicate]

    def _term(self, term: int, values: Values) -> str:
        if term < 0:
            return self._schemas.symbols.objects[~term]
        return self._schemas.symbols.objects[values[term]] if term in values else "?"

    def _tested(self, parts: list[Part], values: Values) -> tuple[Part | None, list[Part]]:
        """Return the first part that can be tested and does not hold, and the parts that cannot be tested yet."""
        left: list[Part] = []
        for part in parts:
            if not registers_of(part) <= values.keys():
                left.append(part)
            elif not self.holds(part, values):
                return part, []
        return None, left

    def _bound(self, parts: list[Part], values: Values, ranges: dict[int, int]) -> Iterator[Values]:
        """Yield the values that bind more registers: those of the first literal, or of the first open register."""
        for part in parts:
            if isinstance(part, Literal) and part.positive and part.predicate >= 0:
                yield from self._matches(part, values)
                return
        register = min(number for part in parts for number in registers_of(part) if number not in values)
        type_set = ranges.get(register)
        objects = range(len(self._schemas.symbols.objects))
        for one in objects if type_set is None else self._schemas.symbols.type_sets[type_set]:
            yield {**values, register: one}

    def _matches(self, literal: Literal, values: Values) -> Iterator[Values]:
        for row in self._rows(literal, values):
            found = dict(values)
            for term, one in zip(literal.args, row, strict=True):
                if one != (~term if term < 0 else found.setdefault(term, one)):
                    break
            else:
                yield found

    def _rows(self, literal: Literal, values: Values) -> Sequence[tuple[int, ...]]:
        """Return the rows of a predicate that may match: of one that nothing changes by an index made on first use."""
        predicate = literal.predicate
        if self._changes(literal):
            arity = len(literal.args)
            return [row if arity > 1 else (row,) * arity for row in self._machine.rows[predicate]]
        bound = {
            place: ~term if term < 0 else values[term]
            for place, term in enumerate(literal.args)
            if term < 0 or term in values
        }
        key = (predicate, *bound)
        if key not in self._indexes:
            index: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
            for row in self._schemas.facts[predicate]:
                index.setdefault(tuple(row[place] for place in bound), []).append(row)
            self._indexes[key] = index
        return self._indexes[key].get(tuple(bound.values()), [])

    def _witnesses(self, part: Some, values: Values) -> Iterator[Values]:
        """Yield the values by which the conjunction under a quantifier holds."""
        todo: list[tuple[list[Part], Values]] = [(list(part.parts), values)]
        ranges = dict(part.over)
        while todo:
            left, known = todo.pop()
            failed, left = self._tested(left, known)
            if failed is None and not left:
                yield known
            elif failed is None:
                todo += [(left, branch) for branch in reversed(list(self._bound(left, known, ranges)))]

    def _add(self, part: Part, values: Values, support: Support) -> None:
        match part:
            case Literal(predicate, _, positive):
                if predicate >= 0:
                    (support.needs if positive else support.forbids)[self.atom(part, values)] = None
            case Either(options):
                chosen = next((o for o in options if all(self.holds(one, values) for one in o)), ())
                for one in chosen:
                    self._add(one, values, support)
            case Some(over, parts, positive):
                if positive:
                    found = next(self._witnesses(part, values), values)
                    for one in parts:
                        self._add(one, found, support)
                else:
                    self._add_all(over, parts, values, support)

    def _add_all(self, over: tuple[tuple[int, int], ...], parts: Conjunction, values: Values, support: Support) -> None:
        """Add, for all objects, the fact by which the conjunction fails; none where it fails whatever is done."""
        fixed = tuple(part for part in parts if isinstance(part, Literal) and not self._changes(part))
        mentioned = {number for part in fixed for number in registers_of(part)}
        open_ones = [(register, type_set) for register, type_set in over if register not in mentioned]
        sets = [self._schemas.symbols.type_sets[type_set] for _, type_set in open_ones]
        for known in self._witnesses(Some(over, fixed, positive=True), values):
            for objects in itertools.product(*sets):
                chosen = zip((register for register, _ in open_ones), objects, strict=True)
                self.decided(parts, {**known, **dict(chosen)}, support)

    def _add_negation(self, part: Part, values: Values, support: Support) -> None:
        match part:
            case Literal(_, _, positive):
                self._add(part._replace(positive=not positive), values, support)
            case Either(options):
                for option in options:
                    failing = next(one for one in option if not self.holds(one, values))
                    self._add_negation(failing, values, support)
            case Some(_, _, positive):
                self._add(part._replace(positive=not positive), values, support)


def why_not(reader: Reader, schemas: Schemas, method: int, task: tuple[int, ...]) -> str:
    """Return why a method is no way to do a ground task now; or that only what it leads to cannot be done."""
    schema = schemas.methods[method]
    values: Values = {}
    for term, one in zip(schema.task[1:], task[1:], strict=True):
        if (~term if term < 0 else values.setdefault(term, one)) != one:
            return "its arguments do not fit"
    ranges = dict(enumerate(schema.ranges[: schema.variables]))
    own = reader.unmet(schema.parts, values, ranges)
    if own:
        return own
    return reader.unmet((*schema.parts, *schema.strengthened), values, ranges) or "what it leads to cannot be done"
