"""What a method's subtasks need, moved up into the method, so that hopeless choices are never made.

A need of a task is a literal over its parameters that must hold when the task begins. The needs of an action are its
preconditions. A method needs its own precondition and whatever a subtask needs that nothing before that subtask can
make so: a fact that no action changes, or that none of the actions that may come before it makes true. A task needs
what all of its methods need (a greatest fixpoint); one whose methods all contain it needs everything
and is never chosen.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from algorithms.planning.normal import EQUAL, Literal, Part, Registers, registers_of, type_set_of
from algorithms.planning.schemas import ActionSchema, MethodSchema, Schemas

Needs = frozenset[Literal]  # over the parameters of a task, as registers

_LARGE: Final = 60  # subtasks of a method in which only the first are asked for needs that may change


class _Change(NamedTuple):
    """A literal that an action may make true: for each argument the objects it may be."""

    predicate: int
    positive: bool
    objects: tuple[frozenset[int], ...]


def strengthen(schemas: Schemas, *, eager: bool) -> None:
    """Set `strengthened` of every method; a method of an impossible task is removed from its task.

    With `eager` each method is taken to be done without tasks from elsewhere in between; otherwise only needs of what
    no action changes count.
    """
    needs = _Needs(schemas, eager=eager)
    for method in schemas.methods:
        found = needs.below(method)
        if found is None:
            schemas.by_task[method.task[0]].remove(method.number)
        else:
            own: set[Part] = set(method.parts)
            method.strengthened = tuple(literal for literal in found if literal not in own)


class _Needs:
    """The needs of every task."""

    def __init__(self, schemas: Schemas, *, eager: bool) -> None:
        self._schemas = schemas
        self._eager = eager
        self._sets = [frozenset(members) for members in schemas.symbols.type_sets]
        self._facts = [frozenset(rows) for rows in schemas.facts]
        self._changes = _changes(schemas, self._sets) if eager else []
        self._meets: dict[tuple[int, Literal, tuple[frozenset[int], ...]], bool] = {}
        self._needs: list[Needs | None] = [self._of_action(action) for action in schemas.actions]
        self._needs += [None] * (len(schemas.by_task) - len(self._needs))
        self._settle()

    def below(self, method: MethodSchema) -> dict[Literal, None] | None:
        """Return what the subtasks of a method need when it begins; None where one of them is impossible."""
        found: dict[Literal, None] = {}
        ordered: dict[int, list[Literal]] = {}
        large = len(method.subtasks) > _LARGE
        for position, subtask in enumerate(method.subtasks):
            needs = self._needs[subtask[0]]
            if needs is None:
                return None
            wanted = ordered.get(subtask[0])
            if wanted is None:
                wanted = ordered[subtask[0]] = sorted(needs)
            asked = self._eager and (not large or (position in method.first and method.ordered))
            terms = dict(enumerate(subtask[1:]))
            for need in wanted:
                lasts = self._lasts(need)
                if lasts or asked:
                    literal = need.mapped(terms)
                    if not self._given(literal) if lasts else self._untouched(method, position, literal):
                        found[literal] = None
        return found

    def _given(self, literal: Literal) -> bool:
        """Return whether a literal about objects, which no action changes, holds: it need not be asked for."""
        if any(term >= 0 for term in literal.args):
            return False
        row = tuple([~term for term in literal.args])
        if literal.predicate == EQUAL:
            return (row[0] == row[1]) == literal.positive
        if literal.predicate < EQUAL:
            return (row[0] in self._sets[type_set_of(literal.predicate)]) == literal.positive
        return (row in self._facts[literal.predicate]) == literal.positive

    def _settle(self) -> None:
        schemas = self._schemas
        users: list[list[int]] = [[] for _ in schemas.by_task]
        for method in schemas.methods:
            for subtask in method.subtasks:
                users[subtask[0]].append(method.task[0])
        waiting = dict.fromkeys(range(len(schemas.actions), len(schemas.by_task)))
        while waiting:
            task = next(iter(waiting))
            del waiting[task]
            found = self._of_compound(task)
            if found != self._needs[task]:
                self._needs[task] = found
                waiting |= dict.fromkeys(users[task])

    def _of_action(self, action: ActionSchema) -> Needs:
        own = set(range(action.arity))
        literals = (part for part in action.parts if isinstance(part, Literal) and registers_of(part) <= own)
        return frozenset(literal for literal in literals if self._eager or self._lasts(literal))

    def _of_compound(self, task: int) -> Needs | None:
        common: Needs | None = None
        for number in self._schemas.by_task[task]:
            method = self._schemas.methods[number]
            below = self.below(method)
            if below is not None:
                found = frozenset(_lifted(method, (*self._own(method), *below)))
                common = found if common is None else common & found
        if common is None or task == self._schemas.top:
            return common
        parameters = self._schemas.symbols.parameters[task]
        registers = Registers(self._schemas.symbols, parameters, "task")
        return common | {literal for number in range(len(parameters)) for literal in registers.members(number)}

    def _own(self, method: MethodSchema) -> Iterator[Literal]:
        for part in method.parts:
            if isinstance(part, Literal) and (self._eager or self._lasts(part)):
                yield part

    def _lasts(self, literal: Literal) -> bool:
        """Return whether no action changes what the literal is about."""
        return literal.predicate < 0 or not self._schemas.fluent[literal.predicate]

    def _untouched(self, method: MethodSchema, position: int, literal: Literal) -> bool:
        """Return whether nothing that may be done before a subtask makes the literal true."""
        if len(method.subtasks) > _LARGE:
            return True  # the first one
        objects = tuple(frozenset((~term,)) if term < 0 else self._sets[method.ranges[term]] for term in literal.args)
        return not any(
            self._may_make(method.subtasks[other][0], literal, objects) for other in method.earlier(position)
        )

    def _may_make(self, task: int, literal: Literal, objects: tuple[frozenset[int], ...]) -> bool:
        key = (task, literal._replace(args=()), objects)
        if key not in self._meets:
            self._meets[key] = any(
                change.predicate == literal.predicate
                and change.positive == literal.positive
                and not any(one.isdisjoint(other) for one, other in zip(change.objects, objects, strict=True))
                for change in self._changes[task]
            )
        return self._meets[key]


def _changes(schemas: Schemas, sets: list[frozenset[int]]) -> list[set[_Change]]:
    """Return for each task what the actions that may be below it can make true."""
    changes = [
        {
            _Change(
                effect.literal.predicate,
                effect.literal.positive,
                tuple(frozenset((~term,)) if term < 0 else sets[action.ranges[term]] for term in effect.literal.args),
            )
            for effect in action.effects
        }
        for action in schemas.actions
    ]
    changes += [set() for _ in range(len(schemas.by_task) - len(changes))]
    growing = True
    while growing:
        growing = False
        for method in schemas.methods:
            task = changes[method.task[0]]
            size = len(task)
            task.update(*(changes[subtask[0]] for subtask in method.subtasks))
            growing = growing or len(task) > size
    return changes


def _lifted(method: MethodSchema, literals: Iterable[Literal]) -> Iterator[Literal]:
    """Yield the literals over a method's registers that are about its task's arguments, over the task's parameters."""
    places = {term: place for place, term in enumerate(method.task[1:])}
    for literal in literals:
        if all(term < 0 or term in places for term in literal.args):
            yield literal.mapped(places)
