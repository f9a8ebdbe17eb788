"""Checks a plan in the competition's format against the texts of domain and problem; shares no code with the search.

Checked are: that every action executes in the listed order and the goal holds at the end; that every task is a root or
the subtask of exactly one decomposition; that each decomposition names a method of that task whose variables have
values of their types; that the order of each network is kept by all that stands below its tasks; and that each
method's condition holds at some moment between what must come before its task and its first action, the moments of a
parent coming before those of its children.

Where the world meddled, it is told what happened: facts that changed between two actions of the list, and actions that
were done and belong to no task any more.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from evals.planning.hddl_text import Form, MethodText, ProblemText, Typed, read_texts, typed

Fact = tuple[str, ...]
Binding = dict[str, str]
Changes = Collection[tuple[Fact, bool]]  # facts that became true or false at once


@dataclass
class _Node:
    """A line of the plan."""

    task: list[str]
    method: str = ""  # empty for an action
    children: list[int] = field(default_factory=list)
    time: int = -1  # of an action: its place


class _PlanError(Exception):
    """Something is wrong with the plan."""


def verify(
    domain: str,
    problem: str,
    plan: str,
    *,
    events: Mapping[int, Changes] | None = None,
    dropped: Collection[int] = (),
) -> str:
    """Return what is wrong with a plan, empty when nothing is.

    `events` are what happened before the action at a place of the list, or after all; `dropped` are the numbers of
    actions that belong to no task.
    """
    try:
        _Check(read_texts(domain, problem), plan, events or {}, dropped).run()
    except _PlanError as error:
        return str(error)
    return ""


class _History:
    """When each fact was true: it can be asked for any moment, and never copies a state."""

    def __init__(self, facts: set[Fact]) -> None:
        self.changes: dict[Fact, list[tuple[int, bool]]] = {fact: [(0, True)] for fact in facts}
        self.ever: dict[str, dict[Fact, None]] = {}
        for fact in sorted(facts):
            self.ever.setdefault(fact[0], {})[fact] = None

    def holds(self, fact: Fact, moment: int) -> bool:
        """Return whether a fact is true before the action at that place."""
        changes = self.changes.get(fact)
        if not changes:
            return False
        place = bisect_right(changes, (moment, True)) - 1
        return place >= 0 and changes[place][1]

    def set(self, fact: Fact, moment: int, *, present: bool) -> None:
        """Make a fact true or false from that moment on; moments never go back."""
        changes = self.changes.setdefault(fact, [])
        if changes and changes[-1][0] == moment:
            changes.pop()
        changes.append((moment, present))
        if present:
            self.ever.setdefault(fact[0], {})[fact] = None


class _Check:
    """The check of one plan."""

    def __init__(self, text: ProblemText, plan: str, events: Mapping[int, Changes], dropped: Collection[int]) -> None:
        self.text = text
        self.nodes: dict[int, _Node] = {}
        self.timeline: list[int | Changes] = []  # actions, by number, and events
        self.roots: list[int] = []
        self._events = events
        self._dropped = dropped
        self._read(plan)
        self.history = _History(text.facts)
        self.spans: dict[int, tuple[int, int]] = {}  # node -> first moment, moment after its last action

    def run(self) -> None:
        """Raise _PlanError for the first fault."""
        for moment, one in enumerate(self.timeline):
            if isinstance(one, int):
                self._execute(self.nodes[one], moment)
            else:
                for fact, present in one:
                    self.history.set(fact, moment + 1, present=present)
        end = len(self.timeline)
        if not self._true(self.text.goal, {}, end):
            raise _PlanError("the goal does not hold at the end")
        self._each_once()
        self._measure()
        if self.text.root is None:
            raise _PlanError("the problem has no network")
        self._place([self.text.root], _Node(["root"], "root", self.roots), end)

    def _read(self, plan: str) -> None:
        lines = plan.split("==>", 1)[-1].split("<==", 1)[0].lower().splitlines()
        acted = 0
        for line in lines:
            words = line.split()
            if not words:
                continue
            if words[0] == "root":
                self.roots = [int(word) for word in words[1:]]
            elif "->" in words:
                arrow = words.index("->")
                children = [int(word) for word in words[arrow + 2 :]]
                self.nodes[int(words[0])] = _Node(words[1:arrow], words[arrow + 1], children)
            else:
                self._happens(acted)
                acted += 1
                self.nodes[int(words[0])] = _Node(words[1:], time=len(self.timeline))
                self.timeline.append(int(words[0]))
        self._happens(acted)

    def _happens(self, place: int) -> None:
        if place in self._events:
            self.timeline.append(self._events[place])

    def _execute(self, node: _Node, moment: int) -> None:
        if node.task[0] not in self.text.actions:
            raise _PlanError(f"{' '.join(node.task)} is no action")
        parameters, condition, effect = self.text.actions[node.task[0]]
        binding = self._arguments(node, parameters)
        if not self._true(condition, binding, moment):
            raise _PlanError(f"{' '.join(node.task)} (action {moment}): its precondition does not hold")
        changes = list(self._changes(effect, binding, moment))
        for wanted in (False, True):
            for fact, present in changes:
                if present is wanted:
                    self.history.set(fact, moment + 1, present=present)

    def _arguments(self, node: _Node, parameters: Typed) -> Binding:
        """Return the arguments of an action by parameter."""
        if len(parameters) != len(node.task) - 1:
            raise _PlanError(f"{' '.join(node.task)} has the wrong number of arguments")
        for (_, types), value in zip(parameters, node.task[1:], strict=True):
            if not self.text.of_type(value, types):
                raise _PlanError(f"{' '.join(node.task)}: {value} is not of its type")
        return {name: value for (name, _), value in zip(parameters, node.task[1:], strict=True)}

    def _changes(self, effect: Form, binding: Binding, moment: int) -> Iterator[tuple[Fact, bool]]:
        match effect:
            case [] | ["increase", *_]:
                return
            case ["and", *parts]:
                for one in parts:
                    yield from self._changes(one, binding, moment)
            case ["forall", over, inner]:
                for values in self._values(over, binding):
                    yield from self._changes(inner, values, moment)
            case ["when", condition, inner]:
                yield from self._changes(inner if self._true(condition, binding, moment) else [], binding, moment)
            case ["not", atom]:
                yield _ground(atom, binding), False
            case _:
                yield _ground(effect, binding), True

    def _each_once(self) -> None:
        seen = [*self.roots, *(child for node in self.nodes.values() for child in node.children)]
        if len(set(seen)) < len(seen):
            raise _PlanError("a task is used twice")
        if {*seen, *self._dropped} != set(self.nodes) or not set(seen).isdisjoint(self._dropped):
            raise _PlanError("a task belongs to nothing, or is not listed")

    def _measure(self) -> None:
        """Find for each node the first and last moment of the actions below it."""
        todo = list(self.roots)
        ordered: list[int] = []
        while todo:
            number = todo.pop()
            ordered.append(number)
            todo += self.nodes[number].children
        if len(ordered) + len(self._dropped) < len(self.nodes):
            raise _PlanError("the decompositions are circular")
        for number in reversed(ordered):
            node = self.nodes[number]
            spans = [self.spans[child] for child in node.children if self.spans[child][1] >= 0]
            if node.time >= 0:
                self.spans[number] = (node.time, node.time + 1)
            elif spans:
                self.spans[number] = (min(first for first, _ in spans), max(last for _, last in spans))
            else:
                self.spans[number] = (-1, -1)  # comes to no action

    def _place(self, methods: list[MethodText], root: _Node, end: int) -> None:
        """Find the earliest moment for the condition of every decomposition, parents before children."""
        stack = [self._enter(root, methods, 0, end)]
        while stack:
            frame = stack[-1]
            if not frame.waiting:
                stack.pop()
                if stack:
                    stack[-1].finish(frame.end())
                continue
            child = frame.next()
            number = frame.node.children[child]
            node, earliest = self.nodes[number], frame.earliest(child)
            first, last = self.spans[number]
            if node.time >= 0:
                if node.time < earliest:
                    raise _PlanError(f"{' '.join(node.task)} (action {node.time}) comes before what must precede it")
                frame.finish(last)
                continue
            known, horizon = self.text.methods.get(node.method, []), self._horizon(frame, child)
            inner = self._enter(node, known, earliest, first if first >= 0 else horizon)
            inner.horizon = horizon
            stack.append(inner)

    def _horizon(self, frame: "_Frame", child: int) -> int:
        """Return the moment by which a task must be over: before whatever must come after it."""
        firsts = [self.spans[frame.node.children[later]][0] for later in frame.later(child)]
        return min((first for first in firsts if first >= 0), default=frame.horizon)

    def _enter(self, node: _Node, methods: list[MethodText], earliest: int, latest: int) -> "_Frame":
        told = f"{' '.join(node.task)} -> {node.method}"
        fitting = [(method, binding) for method in methods if (binding := self._head(method, node)) is not None]
        if not fitting:
            raise _PlanError(f"{told}: no such method has these subtasks")
        for moment in range(earliest, latest + 1):
            for method, binding in fitting:
                if self._fulfilled(method, binding, moment):
                    return _Frame(node, method, moment, horizon=latest)
        raise _PlanError(f"{told}: its condition or order is not kept from moment {earliest} to {latest}")

    def _head(self, method: MethodText, node: _Node) -> Binding | None:
        """Return the values that task and subtasks give to variables; None where they do not fit."""
        binding: Binding = {}
        pairs = [(method.task, node.task)]
        pairs += zip(method.subtasks, [self.nodes[child].task for child in node.children], strict=False)
        if len(method.subtasks) != len(node.children):
            return None
        for pattern, task in pairs:
            if len(pattern) != len(task) or pattern[0] != task[0]:
                return None
            for term, value in zip(pattern[1:], task[1:], strict=True):
                if (binding.setdefault(term, value) if term.startswith("?") else term) != value:
                    return None
        typed = all(self.text.of_type(value, method.parameters[name]) for name, value in binding.items())
        return binding if typed and self._suits(node.task) else None

    def _suits(self, task: list[str]) -> bool:
        """Return whether the arguments of a compound task are of the types that it declares."""
        declared = self.text.tasks.get(task[0], [])
        return all(self.text.of_type(value, types) for (_, types), value in zip(declared, task[1:], strict=False))

    def _fulfilled(self, method: MethodText, binding: Binding, moment: int) -> bool:
        """Return whether values for the variables left make the condition hold."""
        atoms = [form for condition in method.conditions for form in _atoms(condition)]
        todo = [binding]
        while todo:
            known = todo.pop()
            free = [name for name in method.parameters if name not in known]
            if not free:
                if all(self._true(condition, known, moment) for condition in method.conditions):
                    return True
                continue
            atom = next((form for form in atoms if any(term in free for term in form[1:])), None)
            todo += self._candidates(method, known, free[0], atom)
        return False

    def _candidates(self, method: MethodText, known: Binding, name: str, atom: Form | None) -> Iterator[Binding]:
        """Yield bindings of more variables: by the facts that match an atom, or by the type of one variable."""
        if atom is None:
            yield from self._values([name, "-", ["either", *method.parameters[name]]], known)
            return
        for fact in self.history.ever.get(atom[0], ()):
            found = dict(known)
            for term, value in zip(atom[1:], fact[1:], strict=True):
                if (found.setdefault(term, value) if term.startswith("?") else term) != value:
                    break
            else:
                new = found.keys() - known.keys()
                if all(self.text.of_type(found[one], method.parameters[one]) for one in new):
                    yield found

    def _values(self, declaration: Form, binding: Binding) -> Iterator[Binding]:
        """Yield the binding with every choice of objects for the variables of a typed list."""
        found = [binding]
        for name, types in typed(declaration):
            members = [one for one in self.text.objects if self.text.of_type(one, types)]
            found = [{**known, name: one} for known in found for one in members]
        yield from found

    def _true(self, form: Form, binding: Binding, moment: int) -> bool:
        match form:
            case []:
                return True
            case ["and" | "or" as word, *parts]:
                found = (self._true(one, binding, moment) for one in parts)
                return all(found) if word == "and" else any(found)
            case ["not", inner]:
                return not self._true(inner, binding, moment)
            case ["imply", when, then]:
                return not self._true(when, binding, moment) or self._true(then, binding, moment)
            case ["forall" | "exists" as word, over, inner]:
                found = (self._true(inner, values, moment) for values in self._values(over, binding))
                return all(found) if word == "forall" else any(found)
        return self._holds(form, binding, moment)

    def _holds(self, form: Form, binding: Binding, moment: int) -> bool:
        if form[0] == "=":
            left, right = _ground(form[1:], binding)
            return left == right
        if form[0] in ("sort", "sortof", "type", "typeof") and "-" in form:
            kind = form[3]
            return self.text.of_type(
                binding.get(form[1], form[1]), tuple(kind[1:]) if isinstance(kind, list) else (kind,)
            )
        return self.history.holds(_ground(form, binding), moment)


class _Frame:
    """A decomposition whose children are being placed."""

    def __init__(self, node: _Node, method: MethodText, moment: int, *, horizon: int) -> None:
        self.node = node
        self.horizon = horizon
        self._moment = moment
        self._before: list[set[int]] = [set() for _ in method.subtasks]
        self._after: list[set[int]] = [set() for _ in method.subtasks]
        for first, second in method.order:
            self._before[second].add(first)
            self._after[first].add(second)
        self._ends: dict[int, int] = {}
        self.waiting = set(range(len(method.subtasks)))
        self._current = -1

    def next(self) -> int:
        """Take a child that waits for no other."""
        found = [child for child in self.waiting if self._before[child] <= self._ends.keys()]
        if not found:
            raise _PlanError(f"{' '.join(self.node.task)}: the order of its method is circular")
        self._current = min(found)
        self.waiting.remove(self._current)
        return self._current

    def earliest(self, child: int) -> int:
        """Return the first moment for a child."""
        return max((self._ends[other] for other in self._before[child]), default=self._moment)

    def finish(self, end: int) -> None:
        """Note when the child taken last is over."""
        self._ends[self._current] = max(end, self.earliest(self._current))

    def end(self) -> int:
        """Return when all is over."""
        return max(self._ends.values(), default=self._moment)

    def later(self, child: int) -> set[int]:
        """Return the children that must come after a child, directly or not."""
        found: set[int] = set()
        todo = [child]
        while todo:
            for other in self._after[todo.pop()] - found:
                found.add(other)
                todo.append(other)
        return found


def _ground(form: Form, binding: Binding) -> Fact:
    return tuple(binding.get(term, term) for term in form)


def _atoms(form: Form) -> Iterator[Form]:
    """Yield the atoms that must hold for a condition to hold."""
    if form and form[0] == "and":
        for one in form[1:]:
            yield from _atoms(one)
    elif form and form[0] not in ("or", "not", "imply", "forall", "exists", "=", "sort", "sortof", "type", "typeof"):
        yield form
