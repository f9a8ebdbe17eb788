"""Domains and problems: actions, compound tasks, methods, task networks, and what holds at the start.

A task is primitive (an action carries it out and changes facts), compound (methods say which smaller tasks it is made
of) or abstract (it is refined by the choice of one concrete task). Declared in Python:

    table = variable("t", "table")
    landed, ready = Predicate("landed", ("table",)), Predicate("ready", ("table",))
    load = Action("load", (table,), landed(table), (adds(ready(table)),))
    prepare = Compound("prepare", (table,))
    plain = Method("plain", prepare(table), sequence(load(table)), landed(table))
    domain = Domain.of("delivery", types={"table": "object"}, predicates=(landed, ready), actions=(load,),
                       compounds=(prepare,), methods=(plain,))
    problem = Problem(domain, {"orders": "table"}, (landed("orders"),), sequence(prepare("orders")))

`algorithms.planning.checks` refuses what does not fit together, when a problem is compiled.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self, TypeVar

from algorithms.planning.conditions import TRUE, Atom, Condition, Effect, Term, Variable, adds, free_variables, named
from state.errors import SetupError

Named = TypeVar("Named", "Predicate", "Action", "Compound")

AVAILABLE: Final = "available"  # of data: some task has written it, or it was there at the start


class Task(NamedTuple):
    """A task to do: a name and terms."""

    name: str
    args: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.args))})" if self.args else self.name


class Estimate(NamedTuple):
    """What is expected: seconds, chance to succeed at the first try, cost (any one unit), resources held."""

    seconds: float = 1.0
    probability: float = 1.0
    cost: float = 1.0
    resources: tuple[tuple[str, float], ...] = ()  # ("memory", 2.0): held while it runs, given back after


_NOTHING: Final = Estimate(seconds=0.0, cost=0.0)


def unit_estimate(_args: tuple[str, ...]) -> Estimate:
    """Return one second, certain success and cost one, whatever the arguments."""
    return Estimate()


@dataclass(frozen=True, slots=True)
class Predicate:
    """A predicate and the types of its arguments; call it with terms for an atom."""

    name: str
    types: tuple[str | tuple[str, ...], ...] = ()

    def __call__(self, *args: Term) -> Atom:
        """Return the atom over the terms."""
        return Atom(self.name, args)


@dataclass(frozen=True, slots=True)
class Action:
    """A primitive task: what must hold, what it changes, what it reads and writes, and what it is expected to take.

    Data that it `reads` must be `available`; data that it `writes` becomes so.
    """

    name: str
    parameters: tuple[Variable, ...] = ()
    condition: Condition = TRUE
    effects: tuple[Effect, ...] = ()
    estimate: Callable[[tuple[str, ...]], Estimate] = unit_estimate
    reads: tuple[Term, ...] = ()
    writes: tuple[Term, ...] = ()

    def __call__(self, *args: Term) -> Task:
        """Return the task over the terms."""
        return Task(self.name, args)

    def full_condition(self) -> Condition:
        """Return the precondition together with the data it reads."""
        reading: Condition = self.condition
        for term in self.reads:
            reading = reading & Atom(AVAILABLE, (term,))
        return reading

    def full_effects(self) -> tuple[Effect, ...]:
        """Return the effects together with the data it writes."""
        return (*self.effects, *(adds(Atom(AVAILABLE, (term,))) for term in self.writes))


@dataclass(frozen=True, slots=True)
class Compound:
    """A task that methods decompose; call it with terms for a task to do.

    With `choices` it is abstract: each of them, a task over the same parameters, is a way to do it.
    """

    name: str
    parameters: tuple[Variable, ...] = ()
    choices: tuple[Task, ...] = ()

    def __call__(self, *args: Term) -> Task:
        """Return the task over the terms."""
        return Task(self.name, args)


@dataclass(frozen=True, slots=True)
class Network:
    """Tasks and the order they are done in, as pairs of positions (first, second): everything below before everything.

    `order` may be dropped by de-ordering where no fact needs it; `necessary` is kept in every plan.
    """

    tasks: tuple[Task, ...] = ()
    order: tuple[tuple[int, int], ...] = ()
    necessary: tuple[tuple[int, int], ...] = ()


def sequence(*tasks: Task) -> Network:
    """Return a network in the given order."""
    return Network(tasks, order=tuple(itertools.pairwise(range(len(tasks)))))


def unordered(*tasks: Task) -> Network:
    """Return a network in any order, also interleaved."""
    return Network(tasks)


@dataclass(frozen=True, slots=True)
class Method:
    """One way to do a compound task. What it is expected to be worth guides the choice, never the plan's validity.

    `parameters` are its variables; those of the task, the condition and the network unless given. One that no
    condition binds ranges over its type.
    """

    name: str
    task: Task
    network: Network = field(default_factory=Network)
    condition: Condition = TRUE
    estimate: Estimate = _NOTHING
    priority: float = 0.0  # higher is tried first
    parameters: tuple[Variable, ...] = ()

    def variables(self) -> tuple[Variable, ...]:
        """Return its parameters, those of its task first."""
        found = named(self.task.args)
        if self.parameters:
            return tuple({**found, **{one.name: one for one in self.parameters}}.values())
        used = itertools.chain.from_iterable(task.args for task in self.network.tasks)
        return tuple({**named(tuple(used)), **free_variables(self.condition), **found}.values())


@dataclass(frozen=True, slots=True)
class Domain:
    """Types (by name, with their parents), constants (with their types), predicates, actions, tasks and methods.

    Methods are tried in the order declared unless a chooser says otherwise.
    """

    name: str
    types: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, tuple[str, ...]]
    predicates: Mapping[str, Predicate]
    actions: Mapping[str, Action]
    compounds: Mapping[str, Compound]
    methods: tuple[Method, ...]

    @classmethod
    def of(
        cls,
        name: str,
        *,
        predicates: Iterable[Predicate],
        actions: Iterable[Action],
        compounds: Iterable[Compound] = (),
        methods: Iterable[Method] = (),
        types: Mapping[str, str] | None = None,
        constants: Mapping[str, str] | None = None,
    ) -> Self:
        """Build a domain from its parts; abstract tasks get their methods here."""
        found = tuple(compounds)
        return cls(
            name=name,
            types={key: (parent,) for key, parent in (types or {}).items()},
            constants={key: (kind,) for key, kind in (constants or {}).items()},
            predicates=_by_name("predicate", predicates),
            actions=_by_name("action", actions),
            compounds=_by_name("task", found),
            methods=(*methods, *itertools.chain.from_iterable(map(_refinements, found))),
        )


def _by_name(kind: str, parts: Iterable[Named]) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for part in parts:
        if part.name in found:
            raise SetupError(f"there is another {kind} of that name", where=f"{kind} {part.name}")
        found[part.name] = part
    return found


def _refinements(abstract: Compound) -> Iterable[Method]:
    head = Task(abstract.name, abstract.parameters)
    return [Method(f"{abstract.name}_as_{choice.name}", head, sequence(choice)) for choice in abstract.choices]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be done (`network`), from which facts, in which domain.

    `variables` of the network (those it uses, unless given) are chosen by the search, under `condition`, which is
    tested at the start. `goal` must
    hold at the end.
    """

    domain: Domain
    objects: Mapping[str, str | tuple[str, ...]]
    facts: tuple[Atom, ...]
    network: Network
    variables: tuple[Variable, ...] = ()
    condition: Condition = TRUE
    goal: Condition = TRUE
    name: str = ""
