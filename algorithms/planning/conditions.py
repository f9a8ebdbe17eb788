"""Terms, atoms, conditions and effects: the language that preconditions are written in.

It is that of HDDL (Hoeller et al. 2020, "HDDL: An Extension to PDDL for Expressing Hierarchical Planning Problems")
with every connective and quantifier; effects may be universal and conditional. Nothing here looks at a state.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple


class Variable(NamedTuple):
    """A variable and the types its values may have: any of them (HDDL's `either`)."""

    name: str
    types: tuple[str, ...] = ("object",)

    def __str__(self) -> str:
        return f"?{self.name}"


def variable(name: str, *types: str) -> Variable:
    """Return a variable over objects of any of the types; over all objects when none is given."""
    return Variable(name, types or ("object",))


Term = Variable | str  # a plain string is an object
Binding = Mapping[str, str]  # objects by the names of variables


class _Combines:
    """Conditions are combined with `&`, `|` and `~`."""

    __slots__ = ()

    def __and__(self, other: "Condition") -> "And":
        return And((self, other))  # type: ignore[arg-type]

    def __or__(self, other: "Condition") -> "Or":
        return Or((self, other))  # type: ignore[arg-type]

    def __invert__(self) -> "Not":
        return Not(self)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Atom(_Combines):
    """A predicate over terms; a fact when every term is an object."""

    predicate: str
    args: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return f"{self.predicate}({', '.join(map(str, self.args))})" if self.args else self.predicate


@dataclass(frozen=True, slots=True)
class Same(_Combines):
    """Both terms are the same object."""

    left: Term
    right: Term

    def __str__(self) -> str:
        return f"{self.left} = {self.right}"


@dataclass(frozen=True, slots=True)
class OfType(_Combines):
    """The term is an object of one of the types."""

    term: Term
    types: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.term} is a {' or '.join(self.types)}"


@dataclass(frozen=True, slots=True)
class Not(_Combines):
    """The condition does not hold."""

    condition: "Condition"

    def __str__(self) -> str:
        return f"not {self.condition}"


@dataclass(frozen=True, slots=True)
class And(_Combines):
    """Every part holds; true when there is none."""

    parts: "tuple[Condition, ...]" = ()

    def __str__(self) -> str:
        return f"({' and '.join(map(str, self.parts))})" if self.parts else "nothing"


@dataclass(frozen=True, slots=True)
class Or(_Combines):
    """Some part holds; false when there is none."""

    parts: "tuple[Condition, ...]" = ()

    def __str__(self) -> str:
        return f"({' or '.join(map(str, self.parts))})" if self.parts else "the impossible"


@dataclass(frozen=True, slots=True)
class Imply(_Combines):
    """Where `when` holds, `then` holds too."""

    when: "Condition"
    then: "Condition"

    def __str__(self) -> str:
        return f"({self.when} implies {self.then})"


@dataclass(frozen=True, slots=True)
class ForAll(_Combines):
    """The condition holds for all objects of the types of the variables."""

    over: tuple[Variable, ...]
    condition: "Condition"

    def __str__(self) -> str:
        return f"for all {', '.join(map(str, self.over))}: {self.condition}"


@dataclass(frozen=True, slots=True)
class Exists(_Combines):
    """The condition holds for some objects of the types of the variables."""

    over: tuple[Variable, ...]
    condition: "Condition"

    def __str__(self) -> str:
        return f"for some {', '.join(map(str, self.over))}: {self.condition}"


Condition = Atom | Same | OfType | Not | And | Or | Imply | ForAll | Exists

TRUE: Final = And()


@dataclass(frozen=True, slots=True)
class Effect:
    """The atom becomes true (or false), for all objects of `over`, where `when` held before the action.

    Of what an action makes false and true at once, true remains.
    """

    atom: Atom
    present: bool = True
    over: tuple[Variable, ...] = ()
    when: Condition = TRUE


def adds(atom: Atom, *, when: Condition = TRUE, over: tuple[Variable, ...] = ()) -> Effect:
    """Return the effect that makes the atom true."""
    return Effect(atom, present=True, over=over, when=when)


def deletes(atom: Atom, *, when: Condition = TRUE, over: tuple[Variable, ...] = ()) -> Effect:
    """Return the effect that makes the atom false."""
    return Effect(atom, present=False, over=over, when=when)


def conjuncts(condition: Condition) -> Iterator[Condition]:
    """Yield the parts of nested conjunctions, in order."""
    if isinstance(condition, And):
        for part in condition.parts:
            yield from conjuncts(part)
    else:
        yield condition


def atoms(condition: Condition) -> Iterator[Atom]:
    """Yield every atom of a condition, wherever it stands."""
    match condition:
        case Atom():
            yield condition
        case And(parts) | Or(parts):
            for part in parts:
                yield from atoms(part)
        case Imply(when, then):
            yield from atoms(when)
            yield from atoms(then)
        case Not(inner) | ForAll(_, inner) | Exists(_, inner):
            yield from atoms(inner)
        case Same() | OfType():
            return


def free_variables(condition: Condition) -> dict[str, Variable]:
    """Return the variables that no quantifier of the condition binds, by name, in the order met."""
    match condition:
        case Atom(_, args):
            return named(args)
        case Same(left, right):
            return named((left, right))
        case OfType(term, _):
            return named((term,))
        case Not(inner):
            parts: tuple[Condition, ...] = (inner,)
        case And(inside) | Or(inside):
            parts = inside
        case Imply(when, then):
            parts = (when, then)
        case ForAll(over, inner) | Exists(over, inner):
            bound = {one.name for one in over}
            return {name: found for name, found in free_variables(inner).items() if name not in bound}
    return {name: found for part in parts for name, found in free_variables(part).items()}


def named(terms: tuple[Term, ...]) -> dict[str, Variable]:
    """Return the variables among the terms by name, in the order met."""
    return {term.name: term for term in terms if isinstance(term, Variable)}
