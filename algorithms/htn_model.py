"""The language that domains are written in: variables, facts, tasks, conditions and effects.

They are those of HDDL (Hoeller et al. 2020, "HDDL: An Extension to PDDL for Expressing Hierarchical Planning
Problems"), without disjunctions and with `ForAll` as the only quantifier. Nothing here looks at a state.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from state.errors import SetupError


class Variable(str):
    """A variable in a condition, an effect or a task; a plain string in the same place is a constant.

    Never equal to a plain string, so that a table called "t" is not taken for the variable "t".
    """

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return type(other) is Variable and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other


Binding = Mapping[Variable, str]


def substitute(terms: tuple[str, ...], binding: Binding) -> tuple[str, ...]:
    """Return `terms` with every variable that `binding` knows replaced by its constant."""
    return tuple(binding.get(term, term) if type(term) is Variable else term for term in terms)


def variables(terms: Iterable[str]) -> set[Variable]:
    """Return the variables among `terms`."""
    return {term for term in terms if type(term) is Variable}


class Fact(NamedTuple):
    """An atom. Ground when no argument is a variable; otherwise a pattern."""

    predicate: str
    args: tuple[str, ...]

    def bound(self, binding: Binding) -> "Fact":
        """Return the atom with the variables of `binding` replaced."""
        return Fact(self.predicate, substitute(self.args, binding))

    def __str__(self) -> str:
        return f"{self.predicate}({', '.join(self.args)})" if self.args else self.predicate


class Task(NamedTuple):
    """A task to do, primitive or compound. Ground when no argument is a variable."""

    name: str
    args: tuple[str, ...]

    def bound(self, binding: Binding) -> "Task":
        """Return the task with the variables of `binding` replaced."""
        return Task(self.name, substitute(self.args, binding))

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.args)})" if self.args else self.name


@dataclass(frozen=True, slots=True)
class Holds:
    """The fact is in the state; binds the variables that are still free."""

    fact: Fact


@dataclass(frozen=True, slots=True)
class Absent:
    """The fact is not in the state; its variables must be bound by other conditions."""

    fact: Fact


@dataclass(frozen=True, slots=True)
class Different:
    """The two terms are not the same constant; variables must be bound by other conditions."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class ForAll:
    """For all constants of `over`: where the facts of `when` hold, `then` holds too. Empty `over`: an implication.

    `when` may only use predicates that no operator changes, so that the instances are known beforehand and each
    becomes a precondition of its own. It must bind every variable of `over`.
    """

    over: tuple[Variable, ...]
    when: tuple[Fact, ...]
    then: Fact

    def __post_init__(self) -> None:
        free = set(self.over) - variables(term for fact in self.when for term in fact.args)
        if free:
            raise SetupError(f"`when` does not bind {', '.join(sorted(free))}", where=f"condition on {self.then}")


Condition = Holds | Absent | Different | ForAll


@dataclass(frozen=True, slots=True)
class Adds:
    """The effect makes the fact true, where all facts of `when` (unchanging predicates only) hold."""

    fact: Fact
    when: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Deletes:
    """The effect makes the fact false, where all facts of `when` hold; an operator deletes first, then adds."""

    fact: Fact
    when: tuple[Fact, ...] = ()


Effect = Adds | Deletes


def join_order(
    conditions: tuple[Condition, ...], bound: set[Variable], where: str
) -> tuple[tuple[Condition, ...], set[Variable]]:
    """Return the conditions in the order to test them, tests before joins, and the variables bound at the end.

    Among the conditions that can be tested as they stand the first declared comes first; only when there is none does
    the first declared `Holds` with a free variable bind it. SetupError where a variable is never bound.
    """
    waiting, ordered, known = list(conditions), [], set(bound)
    while waiting:
        chosen = next((c for c in waiting if _needed(c) <= known), None) or next(
            (c for c in waiting if isinstance(c, Holds)), None
        )
        if chosen is None:
            free = sorted(set().union(*(_needed(c) for c in waiting)) - known)
            raise SetupError(f"no condition binds {', '.join(free)}", where=where)
        waiting.remove(chosen)
        ordered.append(chosen)
        if isinstance(chosen, Holds):
            known |= variables(chosen.fact.args)
    return tuple(ordered), known


def require_bound(where: str, bound: set[Variable], *terms: tuple[str, ...]) -> None:
    """Raise SetupError where a variable among `terms` is not in `bound`."""
    free = sorted(variables(itertools.chain.from_iterable(terms)) - bound)
    if free:
        raise SetupError(f"nothing binds {', '.join(free)}", where=where)


def _needed(condition: Condition) -> set[Variable]:
    """Return the variables that must be bound before the condition can be tested without binding any."""
    match condition:
        case Different(left, right):
            return variables((left, right))
        case ForAll(over, when, then):
            return variables(term for fact in (*when, then) for term in fact.args) - set(over)
        case Holds(fact) | Absent(fact):
            return variables(fact.args)
