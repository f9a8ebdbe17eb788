"""Reads a domain written in HDDL. Durative actions, numeric conditions and derived predicates are refused."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from algorithms.planning.conditions import TRUE, Condition, Term, Variable
from algorithms.planning.hddl_conditions import (
    Scope,
    head_of,
    read_condition,
    read_effects,
    read_network,
    read_task,
)
from algorithms.planning.hddl_names import Names, Part
from algorithms.planning.model import Action, Compound, Domain, Method, Predicate, Task
from algorithms.planning.sexpr import Group, Word, read
from algorithms.planning.symbols import ANY
from state.errors import SetupError

NETWORK_KEYS: Final = (
    *(":parameters", ":constraints", ":ordering", ":order"),
    *(":subtasks", ":tasks", ":ordered-subtasks", ":ordered-tasks"),
)
_METHOD_KEYS: Final = (*NETWORK_KEYS, ":task", ":precondition")
_ACTION_KEYS: Final = (":parameters", ":precondition", ":effect")

Increase = float | tuple[str, tuple[Term, ...]]  # a number, or a function over terms


@dataclass(slots=True)
class Draft:
    """A domain as far as it is read; `costs` are the increases of each action's cost."""

    names: Names
    name: str = ""
    types: dict[str, tuple[str, ...]] = field(default_factory=dict)
    constants: dict[str, tuple[str, ...]] = field(default_factory=dict)
    predicates: dict[str, Predicate] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)
    compounds: dict[str, Compound] = field(default_factory=dict)
    methods: list[Method] = field(default_factory=list)
    uses: list[tuple[Word, int]] = field(default_factory=list)
    costs: dict[str, list[Increase]] = field(default_factory=dict)

    def domain(self) -> Domain:
        """Return the domain."""
        return Domain(
            name=self.name,
            types=self.types,
            constants=self.constants,
            predicates=self.predicates,
            actions=self.actions,
            compounds=self.compounds,
            methods=tuple(self.methods),
        )

    def check_uses(self) -> None:
        """Refuse subtasks that name no task, or give it the wrong number of terms."""
        for word, arity in self.uses:
            found = self.names.tasks.get(word.lower())
            if found is None:
                self.names.fail(word, f"there is no task or action {str(word)!r}", "declare it")
            if found[1] != arity:
                self.names.fail(word, f"{word} takes {found[1]} arguments, not {arity}")
        self.uses.clear()

    def spelled(self, task: Task) -> Task:
        """Return a task with its name as declared."""
        return task._replace(name=self.names.tasks[task.name][0])


def read_sections(names: Names, text: str, kind: str) -> list[Group]:
    """Return the sections of `(define (kind NAME) section ...)`, the head first."""
    outer = read(text, names.where)
    if head_of(outer) != "define" or len(outer) < 2:  # noqa: PLR2004  the word and the head
        raise SetupError(f"(define ({kind} NAME) ...) is expected", where=f"{names.where}:{outer.line}")
    sections = [names.group(part, "a section") for part in outer[1:]]
    if head_of(sections[0]) != kind or len(sections[0]) != 2:  # noqa: PLR2004
        names.fail(sections[0], f"({kind} NAME) is expected")
    return sections


def read_domain(text: str, where: str) -> Draft:
    """Return the domain that a text states; SetupError with the line where it is wrong."""
    draft = Draft(Names(where))
    head, *sections = read_sections(draft.names, text, "domain")
    draft.name = str(head[1])
    readers = {
        ":requirements": lambda _draft, _section: None,
        ":types": _types,
        ":constants": _constants,
        ":predicates": _predicates,
        ":functions": _functions,
        ":task": _task,
        ":method": _method,
        ":action": _action,
    }
    first = (":types", ":constants", ":predicates", ":functions", ":task")  # whatever their order in the text
    for section in sorted(sections, key=lambda one: first.index(head_of(one)) if head_of(one) in first else len(first)):
        reader = readers.get(head_of(section))
        if reader is None:
            known = ", ".join(readers)
            draft.names.fail(section, f"a section {head_of(section) or 'without a name'} is not read", f"read: {known}")
        reader(draft, section)
    draft.check_uses()
    draft.methods = [_respelled(draft, method) for method in draft.methods]
    return draft


def read_objects(names: Names, parts: list[Part], found: dict[str, tuple[str, ...]]) -> None:
    """Add the objects of a typed list."""
    for word, types in names.typed(parts, "an object"):
        spelling = names.objects.setdefault(word.lower(), str(word))
        found[spelling] = tuple(
            dict.fromkeys((*found.get(spelling, ()), *(map(names.type, types) if types else (ANY,))))
        )


def keyed(names: Names, parts: Iterable[Part], known: tuple[str, ...], where: Group) -> dict[str, Part]:
    """Return the values after the keys of a section."""
    listed = list(parts)
    if len(listed) % 2:
        names.fail(where, "a key has no value, or a value no key")
    found: dict[str, Part] = {}
    for key, value in zip(listed[::2], listed[1::2], strict=True):
        word = names.word(key, "a key").lower()
        if word not in known:
            names.fail(key, f"the key {word!r} is not read here", f"read: {', '.join(known)}")
        if word in found:
            names.fail(key, f"the key {word!r} stands here twice")
        found[word] = value
    return found


def parameters(names: Names, found: dict[str, Part]) -> tuple[tuple[Variable, ...], Scope]:
    """Return the parameters of a section, as a tuple and by name."""
    variables = names.variables(found[":parameters"]) if ":parameters" in found else ()
    return variables, {one.name: one for one in variables}


def condition(names: Names, found: dict[str, Part], scope: Scope, *keys: str) -> Condition:
    """Return the conjunction of the conditions under the keys."""
    result: Condition = TRUE
    for key in keys:
        if key in found:
            one = read_condition(names, found[key], scope)
            result = one if result == TRUE else result & one
    return result


def _types(draft: Draft, section: Group) -> None:
    names = draft.names
    listed = list(names.typed(list(section[1:]), "a type"))
    for word, parents in listed:
        for one in (word, *parents):
            names.types.setdefault(one.lower(), str(one))
    for word, parents in listed:
        if word.lower() != ANY:
            draft.types[names.type(word)] = (
                *draft.types.get(names.type(word), ()),
                *(map(names.type, parents) if parents else (ANY,)),
            )


def _constants(draft: Draft, section: Group) -> None:
    read_objects(draft.names, list(section[1:]), draft.constants)


def _predicates(draft: Draft, section: Group) -> None:
    names = draft.names
    for part in section[1:]:
        group = names.group(part, "a predicate")
        word = names.word(group[0], "a predicate") if group else names.word(part, "a predicate")
        if word == "=":
            continue
        types = [tuple(map(names.type, found)) or (ANY,) for _, found in names.typed(list(group[1:]), "a parameter")]
        spelling, arity = names.predicates.setdefault(word.lower(), (str(word), len(types)))
        if arity != len(types):
            names.fail(word, f"there is another predicate {str(word)!r}, over {arity} arguments", "rename one of them")
        known = draft.predicates.get(spelling, Predicate(spelling, ((),) * arity)).types
        both = (tuple(dict.fromkeys((*old, *new))) for old, new in zip(known, types, strict=True))
        draft.predicates[spelling] = Predicate(spelling, tuple(both))  # one for arguments of any of the types


def _functions(draft: Draft, section: Group) -> None:
    names = draft.names
    for part in section[1:]:
        if isinstance(part, Group) and part:
            word = names.word(part[0], "a function")
            names.functions[word.lower()] = str(word)


def _named(draft: Draft, section: Group, kind: str) -> Word:
    if len(section) < 2:  # noqa: PLR2004  the key and the name
        draft.names.fail(section, f"{kind} has no name")
    return draft.names.word(section[1], kind)


def _declare(draft: Draft, word: Word, arity: int) -> None:
    if word.lower() in draft.names.tasks:
        draft.names.fail(word, f"there is another task or action {str(word)!r}")
    draft.names.tasks[word.lower()] = (str(word), arity)


def _task(draft: Draft, section: Group) -> None:
    word = _named(draft, section, "a task")
    known = (":parameters", ":precondition", ":effect")  # the latter two are allowed, and mean nothing here
    found = keyed(draft.names, section[2:], known, section)
    variables, _ = parameters(draft.names, found)
    _declare(draft, word, len(variables))
    draft.compounds[str(word)] = Compound(str(word), variables)


def _action(draft: Draft, section: Group) -> None:
    names = draft.names
    word = _named(draft, section, "an action")
    found = keyed(names, section[2:], _ACTION_KEYS, section)
    variables, scope = parameters(names, found)
    _declare(draft, word, len(variables))
    effects, costs = read_effects(names, found[":effect"], scope) if ":effect" in found else ([], [])
    precondition = condition(names, found, scope, ":precondition")
    draft.actions[str(word)] = Action(str(word), variables, precondition, tuple(effects))
    if costs:
        draft.costs[str(word)] = [_increase(names, group, scope) for group in costs]


def _increase(names: Names, group: Group, scope: Scope) -> Increase:
    amount = group[2]
    if isinstance(amount, Group):
        word = names.word(amount[0], "a function") if amount else names.word(amount, "a function")
        if word.lower() not in names.functions:
            names.fail(amount, f"there is no function {str(word)!r}", "declare it in :functions")
        return word.lower(), tuple(names.term(one, scope) for one in amount[1:])
    return number(names, amount)


def number(names: Names, part: Part) -> float:
    """Return a number."""
    try:
        return float(names.word(part, "a number"))
    except ValueError:
        names.fail(part, f"{str(part)!r} is no number")


def _method(draft: Draft, section: Group) -> None:
    names = draft.names
    word = _named(draft, section, "a method")
    found = keyed(names, section[2:], _METHOD_KEYS, section)
    variables, scope = parameters(names, found)
    if ":task" not in found:
        names.fail(section, f"the method {word} names no :task")
    task = read_task(names, names.group(found[":task"], "a task"), scope, draft.uses)
    network = read_network(names, found, scope, draft.uses)
    tested = condition(names, found, scope, ":precondition", ":constraints")
    draft.methods.append(Method(str(word), task, network, tested, parameters=variables))


def _respelled(draft: Draft, method: Method) -> Method:
    network = method.network
    spelled = type(network)(tuple(map(draft.spelled, network.tasks)), network.order)
    return Method(method.name, draft.spelled(method.task), spelled, method.condition, parameters=method.parameters)
