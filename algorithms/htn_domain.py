"""Domains and problems: operators, methods, task networks, and what holds at the start.

A task is primitive (an operator carries it out and changes facts) or compound (methods say which smaller tasks it is
made of). Everything is checked when it is built, so that the search in `algorithms.htn` meets no unbound variable.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from algorithms.dag import topological_order
from algorithms.htn_model import Condition, Effect, Fact, ForAll, Task, join_order, require_bound, variables
from state.errors import SetupError


class Estimate(NamedTuple):
    """What a primitive task is expected to take: seconds, chance to succeed at the first try, cost (any one unit)."""

    seconds: float = 1.0
    probability: float = 1.0
    cost: float = 1.0


def unit_estimate(_args: tuple[str, ...]) -> Estimate:
    """Return one second, certain success and cost one, whatever the arguments."""
    return Estimate()


@dataclass(frozen=True, slots=True)
class Operator:
    """A primitive task: what must hold, what it changes, and what it is expected to take for given arguments."""

    task: Task
    preconditions: tuple[Condition, ...] = ()
    effects: tuple[Effect, ...] = ()
    estimate: Callable[[tuple[str, ...]], Estimate] = unit_estimate

    def __post_init__(self) -> None:
        ordered, bound = join_order(self.preconditions, variables(self.task.args), self.task.name)
        object.__setattr__(self, "preconditions", ordered)
        for effect in self.effects:
            require_bound(f"operator {self.task.name}", bound, effect.fact.args)
            require_bound(f"operator {self.task.name}", bound, *(fact.args for fact in effect.when))

    @property
    def name(self) -> str:
        """The name of the task it carries out."""
        return self.task.name


@dataclass(frozen=True, slots=True)
class Network:
    """Tasks and the order they are searched in, as pairs of positions (first, second).

    `order` only guides the search: de-ordering may drop it where no fact needs it. `necessary` is part of what the
    network means: everything below the first task is done before anything below the second.
    """

    tasks: tuple[Task, ...]
    order: tuple[tuple[int, int], ...] = ()
    necessary: tuple[tuple[int, int], ...] = ()
    before: tuple[int, ...] = field(init=False)  # for each task, its direct predecessors as a bit mask

    def __post_init__(self) -> None:
        after: dict[int, list[int]] = {position: [] for position in range(len(self.tasks))}
        for first, second in (*self.order, *self.necessary):
            if first not in after or second not in after:
                raise SetupError(f"the order ({first}, {second}) names no task", where=f"network of {len(after)} tasks")
            after[second].append(first)
        topological_order(after)  # raises on a cycle
        object.__setattr__(self, "before", tuple(sum(1 << p for p in set(after[p2])) for p2 in after))

    @classmethod
    def sequence(cls, *tasks: Task) -> Self:
        """Return a network searched in the given order."""
        return cls(tasks, order=tuple(itertools.pairwise(range(len(tasks)))))


@dataclass(frozen=True, slots=True)
class Method:
    """One way to do a compound task: which tasks it is made of, when it applies, and what choosing it costs."""

    name: str
    task: Task
    network: Network = Network(())
    preconditions: tuple[Condition, ...] = ()
    cost: float = 0.0

    def __post_init__(self) -> None:
        ordered, bound = join_order(self.preconditions, variables(self.task.args), self.name)
        object.__setattr__(self, "preconditions", ordered)
        require_bound(f"method {self.name}", bound, *(task.args for task in self.network.tasks))


@dataclass(frozen=True, slots=True)
class Domain:
    """Operators and methods, the latter in the order in which equal ones are tried."""

    operators: Mapping[str, Operator]
    methods: Mapping[str, tuple[Method, ...]]

    @classmethod
    def of(cls, operators: Iterable[Operator], methods: Iterable[Method]) -> Self:
        """Build a domain; SetupError where a name is used twice, unknown, or a `when` is not unchanging."""
        by_name: dict[str, Operator] = {}
        for operator in operators:
            if operator.name in by_name:
                raise SetupError("there is another operator of that name", where=f"operator {operator.name}")
            by_name[operator.name] = operator
        by_task: dict[str, tuple[Method, ...]] = {}
        for method in methods:
            by_task[method.task.name] = (*by_task.get(method.task.name, ()), method)
        domain = cls(by_name, by_task)
        domain.check_names()
        domain.check_unchanging()
        return domain

    def check_names(self) -> None:
        """Raise SetupError where a task is both primitive and compound, or a method uses an unknown task."""
        for method in itertools.chain.from_iterable(self.methods.values()):
            if method.task.name in self.operators:
                raise SetupError(f"{method.task.name} is an operator already", where=f"method {method.name}")
            for task in method.network.tasks:
                self.check_known(task, f"method {method.name}")

    def check_known(self, task: Task, where: str) -> None:
        """Raise SetupError where no operator and no method does the task."""
        if task.name not in self.operators and task.name not in self.methods:
            raise SetupError(f"nothing does the task {task.name}", where=where)

    def check_unchanging(self) -> None:
        """Raise SetupError where a `when` uses a predicate that some operator changes."""
        changed = {effect.fact.predicate for operator in self.operators.values() for effect in operator.effects}
        for fact in self._antecedents():
            if fact.predicate in changed:
                raise SetupError(f"`when` uses {fact.predicate}, which operators change", hint="use a precondition")

    def _antecedents(self) -> Iterator[Fact]:
        schemas: tuple[Operator | Method, ...] = (
            *self.operators.values(),
            *itertools.chain.from_iterable(self.methods.values()),
        )
        for schema in schemas:
            for condition in schema.preconditions:
                if isinstance(condition, ForAll):
                    yield from condition.when
        for operator in self.operators.values():
            for effect in operator.effects:
                yield from effect.when


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be done (`network`, ground), from which facts, in which domain; `goal` names it in answers."""

    domain: Domain
    facts: frozenset[Fact]
    network: Network
    goal: str

    def __post_init__(self) -> None:
        for task in self.network.tasks:
            require_bound(f"goal {self.goal!r}", set(), task.args)
            self.domain.check_known(task, f"goal {self.goal!r}")
        for fact in self.facts:
            require_bound(f"facts of {self.goal!r}", set(), fact.args)
