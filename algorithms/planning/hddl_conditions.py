"""Conditions, effects and task networks in HDDL."""

import itertools
from typing import Final

from algorithms.planning.conditions import (
    TRUE,
    And,
    Atom,
    Condition,
    Effect,
    Exists,
    ForAll,
    Imply,
    Not,
    OfType,
    Or,
    Same,
    Variable,
)
from algorithms.planning.hddl_names import Names, Part
from algorithms.planning.model import Network, Task
from algorithms.planning.sexpr import Group, Word

Scope = dict[str, Variable]

_LABELLED: Final = 2  # parts of (LABEL (TASK ...))
_ORDER: Final = 3  # parts of (< LABEL LABEL)
_SORTS: Final = ("sort", "sortof", "type", "typeof")
_COMPARISONS: Final = ("<", ">", "<=", ">=")
_ASSIGNMENTS: Final = ("increase", "decrease", "assign", "scale-up", "scale-down")
_COST: Final = "total-cost"
_QUANTIFIERS: Final[dict[str, type[ForAll | Exists]]] = {"forall": ForAll, "exists": Exists}
_CONNECTIVES: Final[dict[str, type[And | Or]]] = {"and": And, "or": Or}


def head_of(group: Group) -> str:
    """Return the first word in lower case; empty where there is none."""
    return group[0].lower() if group and isinstance(group[0], Word) else ""


def read_condition(names: Names, part: Part, scope: Scope) -> Condition:
    """Return a condition; SetupError with the line where it is none."""
    group = names.group(part, "a condition")
    head = head_of(group)
    if not group:
        return TRUE
    if head in _CONNECTIVES:
        return _CONNECTIVES[head](tuple(read_condition(names, one, scope) for one in group[1:]))
    if head in _QUANTIFIERS:
        _sized(names, group, 3)
        over = names.variables(group[1])
        inner = read_condition(names, group[2], scope | {one.name: one for one in over})
        return _QUANTIFIERS[head](over, inner)
    if head == "not":
        _sized(names, group, 2)
        return Not(read_condition(names, group[1], scope))
    if head == "imply":
        _sized(names, group, 3)
        return Imply(read_condition(names, group[1], scope), read_condition(names, group[2], scope))
    return _test(names, group, scope)


def _test(names: Names, group: Group, scope: Scope) -> Condition:
    head = head_of(group)
    if head == "=":
        _sized(names, group, 3)
        return Same(names.term(group[1], scope), names.term(group[2], scope))
    if head in _COMPARISONS and head not in names.predicates:
        names.fail(group, f"a comparison of numbers ({head} ...) is not read", "state the problem without numbers")
    if head in _SORTS and "-" in group:
        types = tuple(names.type(word) for _, found in names.typed(list(group[1:]), "a variable") for word in found)
        return OfType(names.term(group[1], scope), types)
    return read_atom(names, group, scope)


def read_atom(names: Names, group: Group, scope: Scope) -> Atom:
    """Return a predicate over terms."""
    if not group:
        names.fail(group, "a predicate is expected")
    word = names.word(group[0], "a predicate")
    found = names.predicates.get(word.lower())
    if found is None:
        names.fail(word, f"there is no predicate {str(word)!r}", "declare it in :predicates")
    if len(group) - 1 != found[1]:
        names.fail(word, f"{word} takes {found[1]} arguments, not {len(group) - 1}")
    return Atom(found[0], tuple(names.term(one, scope) for one in group[1:]))


def read_effects(names: Names, part: Part, scope: Scope) -> tuple[list[Effect], list[Group]]:
    """Return the effects, and the expressions that increase the cost."""
    effects: list[Effect] = []
    costs: list[Group] = []
    todo: list[tuple[Part, Scope, tuple[Variable, ...], Condition]] = [(part, scope, (), TRUE)]
    while todo:
        one, inside, over, when = todo.pop(0)
        group = names.group(one, "an effect")
        head = head_of(group)
        if head == "and":
            todo[:0] = [(inner, inside, over, when) for inner in group[1:]]
        elif head == "forall":
            _sized(names, group, 3)
            bound = names.variables(group[1])
            todo.insert(0, (group[2], inside | {new.name: new for new in bound}, (*over, *bound), when))
        elif head == "when":
            _sized(names, group, 3)
            condition = read_condition(names, group[1], inside)
            todo.insert(0, (group[2], inside, over, condition if when == TRUE else when & condition))
        elif head in _ASSIGNMENTS and head not in names.predicates:
            costs += _cost(names, group)
        elif group:
            effects.append(_effect(names, group, inside, over, when))
    return effects, costs


def _effect(names: Names, group: Group, scope: Scope, over: tuple[Variable, ...], when: Condition) -> Effect:
    """Return the effect that makes an atom true, or false."""
    present = head_of(group) != "not"
    if not present:
        _sized(names, group, 2)
        group = names.group(group[1], "an effect")
    return Effect(read_atom(names, group, scope), present=present, over=over, when=when)


def _cost(names: Names, group: Group) -> list[Group]:
    """Return an increase of the cost; none for that of any other number, as no condition looks at it."""
    if head_of(group) != "increase":
        names.fail(
            group, f"an effect on numbers ({head_of(group)} ...) is not read", f"only (increase ({_COST}) ...) is"
        )
    _sized(names, group, 3)
    return [group] if head_of(names.group(group[1], "a function")) == _COST else []


def read_network(names: Names, sections: dict[str, Part], scope: Scope, uses: list[tuple[Word, int]]) -> Network:
    """Return the subtasks and their order; the tasks used are added to `uses`, to be looked up at the end."""
    keys = [key for key in sections if key.endswith("tasks")]
    if len(keys) > 1:
        names.fail(sections[keys[1]], f"{keys[0]} and {keys[1]} stand in one network", "keep one of them")
    labels: dict[str, int] = {}
    tasks: list[Task] = []
    for entry in _listed(names, sections[keys[0]]) if keys else ():
        group = entry
        if len(entry) == _LABELLED and isinstance(entry[1], Group) and isinstance(entry[0], Word):
            if entry[0].lower() in labels:
                names.fail(entry, f"two subtasks are called {str(entry[0])!r}")
            labels[entry[0].lower()] = len(tasks)
            group = entry[1]
        tasks.append(read_task(names, group, scope, uses))
    order: list[tuple[int, int]] = []
    if keys and keys[0].startswith(":ordered"):
        order += itertools.pairwise(range(len(tasks)))
    for key in (":ordering", ":order"):
        if key in sections:
            order += _order(names, sections[key], labels)
    return Network(tuple(tasks), tuple(order))


def read_task(names: Names, group: Group, scope: Scope, uses: list[tuple[Word, int]]) -> Task:
    """Return a task over terms."""
    if not group:
        names.fail(group, "a task is expected")
    word = names.word(group[0], "a task")
    uses.append((word, len(group) - 1))
    return Task(word.lower(), tuple(names.term(one, scope) for one in group[1:]))


def _order(names: Names, part: Part, labels: dict[str, int]) -> list[tuple[int, int]]:
    order: list[tuple[int, int]] = []
    for group in _listed(names, part):
        words = [names.word(one, "a subtask") for one in group]
        if len(words) != _ORDER or "<" not in words[:2]:
            names.fail(group, "an order (< TASK TASK) is expected")
        pair = [word for word in words if word != "<"]  # (TASK < TASK) is written, too
        unknown = next((word for word in pair if word.lower() not in labels), None)
        if unknown is not None:
            names.fail(unknown, f"no subtask is called {str(unknown)!r}")
        order.append((labels[pair[0].lower()], labels[pair[1].lower()]))
    return order


def _listed(names: Names, part: Part) -> list[Group]:
    """Return the members of `(and ...)`, or the one expression, or nothing."""
    group = names.group(part, "a list of tasks or orders")
    if not group:
        return []
    if head_of(group) != "and":
        return [group]
    return [names.group(one, "a task or order") for one in group[1:]]


def _sized(names: Names, group: Group, size: int) -> None:
    if len(group) != size:
        names.fail(group, f"{head_of(group)!r} takes {size - 1} parts, not {len(group) - 1}")
