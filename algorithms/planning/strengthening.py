"""What a method's subtasks need, moved up into the method, so that hopeless choices are never made.

Two kinds of need of a task over its parameters are found by a fixpoint over all its methods: what no action changes
must hold whenever the task is done ("ever"); in a totally ordered problem, what the first action needs must hold when
the task begins ("now"). A task whose methods all need themselves keeps the need of everything and is never chosen.
"""

from collections.abc import Iterator

from algorithms.planning.normal import Literal, Part, Registers, registers_of
from algorithms.planning.schemas import ActionSchema, MethodSchema, Schemas

Needs = frozenset[Literal]  # over the parameters of a task, as registers


def strengthen(schemas: Schemas, *, eager: bool) -> None:
    """Set `strengthened` of every method, by what its first actions need as well where `eager`.

    A method of an impossible task is removed from its task.
    """
    ever = _fixpoint(schemas, static=True)
    now = _fixpoint(schemas, static=False) if eager else ever
    for method in schemas.methods:
        found: dict[Part, None] = {}
        possible = True
        for position, subtask in enumerate(method.subtasks):
            needs = ever[subtask[0]]
            early = now[subtask[0]] if position in method.first else needs
            if needs is None or early is None:
                possible = False
                break
            terms = dict(enumerate(subtask[1:]))
            found |= dict.fromkeys(need.mapped(terms) for need in (*sorted(needs), *sorted(early)))
        if possible:
            own = set(method.parts)
            method.strengthened = tuple(part for part in found if part not in own)
        else:
            schemas.by_task[method.task[0]].remove(method.number)


def _fixpoint(schemas: Schemas, *, static: bool) -> list[Needs | None]:
    """Return the needs of every task; None stands for the need of everything: it cannot be done."""
    needs: list[Needs | None] = [_of_action(schemas, action, static=static) for action in schemas.actions]
    needs += [None] * (len(schemas.by_task) - len(needs))
    users = _users(schemas)
    waiting = dict.fromkeys(range(len(schemas.actions), len(needs)))
    while waiting:
        task = next(iter(waiting))
        del waiting[task]
        found = _of_compound(schemas, task, needs, static=static)
        if found != needs[task]:
            needs[task] = found
            waiting |= dict.fromkeys(users[task])
    return needs


def _users(schemas: Schemas) -> list[list[int]]:
    """Return for each task the tasks whose methods use it."""
    users: list[list[int]] = [[] for _ in schemas.by_task]
    for method in schemas.methods:
        for subtask in method.subtasks:
            users[subtask[0]].append(method.task[0])
    return users


def _of_action(schemas: Schemas, action: ActionSchema, *, static: bool) -> Needs:
    own = range(action.arity)
    return frozenset(
        part
        for part in action.parts
        if isinstance(part, Literal)
        and registers_of(part) <= set(own)
        and (not static or part.predicate < 0 or not schemas.fluent[part.predicate])
    )


def _of_compound(schemas: Schemas, task: int, needs: list[Needs | None], *, static: bool) -> Needs | None:
    common: Needs | None = None
    for number in schemas.by_task[task]:
        found = _of_method(schemas, schemas.methods[number], needs, static=static)
        if found is not None:
            common = found if common is None else common & found
    if common is None or task == schemas.top:
        return common
    parameters = schemas.symbols.parameters[task]
    registers = Registers(schemas.symbols, parameters, "task")
    return common | {literal for number in range(len(parameters)) for literal in registers.members(number)}


def _of_method(schemas: Schemas, method: MethodSchema, needs: list[Needs | None], *, static: bool) -> Needs | None:
    """Return what a method and its subtasks need, over the parameters of its task; None where it is impossible."""
    places = {term: place for place, term in enumerate(method.task[1:])}
    found: set[Literal] = set()
    for literal in _own(schemas, method, static=static):
        found |= _lifted(literal, places)
    for position, subtask in enumerate(method.subtasks):
        inner = needs[subtask[0]]
        if inner is None:
            return None
        if static or position in method.first:
            terms = dict(enumerate(subtask[1:]))
            for literal in inner:
                found |= _lifted(literal.mapped(terms), places)
    return frozenset(found)


def _own(schemas: Schemas, method: MethodSchema, *, static: bool) -> Iterator[Literal]:
    for part in method.parts:
        if isinstance(part, Literal) and (not static or part.predicate < 0 or not schemas.fluent[part.predicate]):
            yield part


def _lifted(literal: Literal, places: dict[int, int]) -> set[Literal]:
    """Return the literal over the task's parameters, where it mentions nothing else."""
    if all(term < 0 or term in places for term in literal.args):
        return {literal.mapped(places)}
    return set()
