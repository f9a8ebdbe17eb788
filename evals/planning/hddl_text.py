"""A second, small reader of HDDL for the check of plans; it shares nothing with the planner's own.

Everything is lower case. A condition stays the nested list that it is written as; a typed list becomes pairs of name
and types.
"""

import re
from dataclasses import dataclass, field
from typing import Any

Form = Any  # a word, or a list of forms
Typed = list[tuple[str, tuple[str, ...]]]


@dataclass
class MethodText:
    """A method: its task and subtasks with variables, the pairs of positions in order, and what must hold."""

    task: list[str]
    parameters: dict[str, tuple[str, ...]]
    subtasks: list[list[str]]
    order: list[tuple[int, int]]
    conditions: list[Form]


@dataclass
class ProblemText:
    """A domain and a problem of it."""

    parents: dict[str, set[str]] = field(default_factory=dict)
    objects: dict[str, set[str]] = field(default_factory=dict)
    tasks: dict[str, Typed] = field(default_factory=dict)
    actions: dict[str, tuple[Typed, Form, Form]] = field(default_factory=dict)
    methods: dict[str, list[MethodText]] = field(default_factory=dict)
    root: MethodText | None = None
    facts: set[tuple[str, ...]] = field(default_factory=set)
    goal: Form = field(default_factory=list)

    def of_type(self, name: str, types: tuple[str, ...]) -> bool:
        """Return whether an object is of one of the types, or of a type below one of them."""
        todo, seen = list(self.objects.get(name, ())), {"object"}
        while todo:
            kind = todo.pop()
            if kind not in seen:
                seen.add(kind)
                todo += self.parents.get(kind, ())
        return name in self.objects and not seen.isdisjoint(types)


def read_texts(domain: str, problem: str) -> ProblemText:
    """Return what the two texts state; they are taken to be correct."""
    found = ProblemText()
    for section in (*_forms(domain)[0][1:], *_forms(problem)[0][1:]):
        _section(found, section)
    return found


def _forms(text: str) -> list[Form]:
    stack: list[list[Form]] = [[]]
    for word in re.findall(r"[()]|[^\s()]+", re.sub(r";[^\n]*|\ufeff", " ", text).lower()):
        if word == "(":
            stack.append([])
        elif word != ")":
            stack[-1].append(word)
        elif len(stack) > 1:  # there may be some too many at the end
            done = stack.pop()
            stack[-1].append(done)
    return stack[0]


def _section(found: ProblemText, section: list[Form]) -> None:
    key, rest = section[0], section[1:]
    if key in (":types", ":objects", ":constants"):
        known = found.parents if key == ":types" else found.objects
        for name, types in typed(rest):
            known.setdefault(name, set()).update(types)
    elif key == ":init":
        stated = [one for fact in rest for one in (fact[1:] if fact[0] == "and" else [fact])]
        found.facts |= {tuple(fact) for fact in stated if fact[0] not in {"=", "not"}}
    elif key == ":goal":
        found.goal = [one for part in rest for one in part]
    elif key == ":htn":
        found.root = _method(["root"], _keys(rest))
    elif key in (":task", ":action", ":method"):
        _schema(found, key, rest[0], _keys(rest[1:]))


def _schema(found: ProblemText, key: str, name: str, keys: dict[str, Form]) -> None:
    if key == ":task":
        found.tasks[name] = typed(keys.get(":parameters", []))
    elif key == ":action":
        parameters = typed(keys.get(":parameters", []))
        found.actions[name] = (parameters, keys.get(":precondition", []), keys.get(":effect", []))
    else:
        found.methods.setdefault(name, []).append(_method(keys[":task"], keys))


def _keys(parts: list[Form]) -> dict[str, Form]:
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _method(task: list[str], keys: dict[str, Form]) -> MethodText:
    key = next((one for one in keys if one.endswith("tasks")), "")
    entries = listed(keys.get(key, []))
    labels = {entry[0]: place for place, entry in enumerate(entries) if len(entry) > 1 and isinstance(entry[1], list)}
    subtasks = [entry[1] if len(entry) > 1 and isinstance(entry[1], list) else entry for entry in entries]
    order = [(place, place + 1) for place in range(len(subtasks) - 1)] if "ordered" in key else []
    for one in (":ordering", ":order"):
        pairs = [[word for word in pair if word != "<"] for pair in listed(keys.get(one, []))]
        order += [(labels[first], labels[second]) for first, second in pairs]
    conditions = [keys[one] for one in (":precondition", ":constraints") if keys.get(one)]
    return MethodText(task, dict(typed(keys.get(":parameters", []))), subtasks, order, conditions)


def listed(form: list[Form]) -> list[Form]:
    """Return the members of `(and ...)`, or the one form, or nothing."""
    if not form:
        return []
    return form[1:] if form[0] == "and" else [form]


def _against(part: Form) -> bool:
    """Return whether a dash is written against the type behind it."""
    return isinstance(part, str) and part.startswith("-") and part != "-"


def typed(parts: list[Form]) -> Typed:
    """Return a typed list as pairs of name and types."""
    found: Typed = []
    waiting: list[str] = []
    parts = [word for part in parts for word in (["-", part[1:]] if _against(part) else [part])]
    position = 0
    while position < len(parts):
        if parts[position] == "-":
            kind = parts[position + 1]
            types = tuple(kind[1:]) if isinstance(kind, list) else (kind,)
            found += [(name, types) for name in waiting]
            waiting = []
            position += 2
        else:
            waiting.append(parts[position])
            position += 1
    return found + [(name, ("object",)) for name in waiting]
