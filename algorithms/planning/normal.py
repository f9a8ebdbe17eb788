"""Conditions over numbers, in negation normal form: what the compiler and the explainer of failures read.

A term is a register (a number from 0) or an object (the complement of its number, below 0). A conjunction is a tuple of
literals, disjunctions and quantified conjunctions.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from algorithms.planning.conditions import (
    And,
    Atom,
    Condition,
    Exists,
    ForAll,
    Imply,
    Not,
    OfType,
    Or,
    Same,
    Term,
    Variable,
)
from algorithms.planning.symbols import Symbols
from state.errors import SetupError

EQUAL: Final = -1  # the predicate of equality; below it are those of membership in a set of objects


def member_of(type_set: int) -> int:
    """Return the predicate of membership in a set of objects."""
    return -2 - type_set


def type_set_of(predicate: int) -> int:
    """Return the set of objects of a membership predicate."""
    return -2 - predicate


class Literal(NamedTuple):
    """A predicate over terms that must hold, or must not."""

    predicate: int
    args: tuple[int, ...]
    positive: bool = True

    def mapped(self, terms: Mapping[int, int]) -> "Literal":
        """Return the literal with its registers replaced by other terms."""
        return self._replace(args=tuple(terms[term] if term >= 0 else term for term in self.args))


class Either(NamedTuple):
    """One of the conjunctions holds."""

    options: "tuple[Conjunction, ...]"


class Some(NamedTuple):
    """For some objects of the sets (register, type set) the conjunction holds; or for none, where not `positive`."""

    over: tuple[tuple[int, int], ...]
    parts: "Conjunction"
    positive: bool


Part = Literal | Either | Some
Conjunction = tuple[Part, ...]


class Registers:
    """Numbers for the variables of one action or method, and those that its quantifiers bind."""

    def __init__(self, symbols: Symbols, variables: Iterable[Variable], where: str) -> None:
        self.symbols = symbols
        self.where = where
        self.variables = list(variables)  # by register
        self.scope = {one.name: number for number, one in enumerate(self.variables)}

    def term(self, term: Term) -> int:
        """Return the number of a term; SetupError for an unknown variable or object."""
        if isinstance(term, Variable):
            if term.name not in self.scope:
                raise SetupError(f"nothing binds {term}", where=self.where)
            return self.scope[term.name]
        if term not in self.symbols.object_ids:
            raise SetupError(f"there is no object {term!r}", where=self.where, hint="declare it with its type")
        return ~self.symbols.object_ids[term]

    def members(self, number: int) -> Iterator[Literal]:
        """Yield what the type of a variable demands of it."""
        type_set = self.symbols.type_set(self.variables[number].types)
        if not self.symbols.everything(type_set):
            yield Literal(member_of(type_set), (number,))

    def conjunction(self, condition: Condition, *, positive: bool = True) -> Conjunction:
        """Return the condition, or its negation, in normal form."""
        match condition:
            case Not(inner):
                return self.conjunction(inner, positive=not positive)
            case And(parts) | Or(parts):
                return self._connected(parts, conjunctive=isinstance(condition, And) == positive, positive=positive)
            case Imply(when, then):
                return self._connected((Not(when), then), conjunctive=not positive, positive=positive)
            case ForAll(over, inner):
                return self._some(over, inner, positive=not positive, inner_positive=False)
            case Exists(over, inner):
                return self._some(over, inner, positive=positive, inner_positive=True)
            case Atom() | Same() | OfType():
                return (self._literal(condition, positive=positive),)

    def _connected(self, parts: tuple[Condition, ...], *, conjunctive: bool, positive: bool) -> Conjunction:
        options = tuple(self.conjunction(part, positive=positive) for part in parts)
        if conjunctive:
            return tuple(part for option in options for part in option)
        return options[0] if len(options) == 1 else (Either(options),)

    def _some(
        self, over: tuple[Variable, ...], inner: Condition, *, positive: bool, inner_positive: bool
    ) -> Conjunction:
        shadowed = dict(self.scope)
        bound: list[tuple[int, int]] = []
        for one in over:
            self.scope[one.name] = len(self.variables)
            bound.append((len(self.variables), self.symbols.type_set(one.types)))
            self.variables.append(one)
        members = tuple(literal for number, _ in bound for literal in self.members(number))
        parts = (*members, *self.conjunction(inner, positive=inner_positive))
        self.scope = shadowed
        return (Some(tuple(bound), parts, positive),)

    def _literal(self, condition: Atom | Same | OfType, *, positive: bool) -> Literal:
        match condition:
            case Same(left, right):
                return Literal(EQUAL, (self.term(left), self.term(right)), positive)
            case OfType(term, types):
                return Literal(member_of(self.symbols.type_set(types)), (self.term(term),), positive)
            case Atom(name, args):
                return Literal(self._predicate(name, len(args)), tuple(map(self.term, args)), positive)

    def _predicate(self, name: str, arity: int) -> int:
        number = self.symbols.predicate_ids.get(name)
        if number is None:
            raise SetupError(f"there is no predicate {name!r}", where=self.where, hint="declare it")
        wanted = len(self.symbols.predicates[name].types)
        if arity != wanted:
            raise SetupError(f"{name} takes {wanted} arguments, not {arity}", where=self.where)
        return number


def registers_of(part: Part) -> set[int]:
    """Return the registers that a part needs bound from outside."""
    match part:
        case Literal(_, args, _):
            return {term for term in args if term >= 0}
        case Either(options):
            return {number for option in options for one in option for number in registers_of(one)}
        case Some(over, parts, _):
            return {number for one in parts for number in registers_of(one)} - {number for number, _ in over}
