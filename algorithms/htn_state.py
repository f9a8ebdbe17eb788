"""The state of a search: a mutable set of facts with indexes, an undo trail and an incremental key."""

import hashlib
from collections.abc import Iterable

from algorithms.htn_model import Binding, Fact, Variable

Args = tuple[str, ...]


class State:
    """Facts that hold now. Changes go on a trail and are undone back to a mark, so nothing is ever copied."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._by_predicate: dict[str, dict[Args, None]] = {}
        self._by_argument: dict[tuple[str, int, str], dict[Args, None]] = {}
        self._trail: list[tuple[Fact, bool]] = []
        self._prints: dict[Fact, int] = {}
        self.key = 0  # equal for equal sets of facts, and 128 bits wide: different sets do not meet in practice
        for fact in sorted(facts):  # the order in which matches are found must not depend on hashing
            self._set(fact, present=True)

    def __contains__(self, fact: Fact) -> bool:
        return fact.args in self._by_predicate.get(fact.predicate, ())

    def facts(self) -> frozenset[Fact]:
        """Return every fact that holds."""
        return frozenset(Fact(name, args) for name, rows in self._by_predicate.items() for args in rows)

    def mark(self) -> int:
        """Return a mark of the present state for `undo`."""
        return len(self._trail)

    def undo(self, mark: int) -> None:
        """Take back every change made since `mark`."""
        while len(self._trail) > mark:
            fact, present = self._trail.pop()
            self._set(fact, present=not present)

    def change(self, fact: Fact, *, present: bool) -> None:
        """Make the fact true or false; nothing happens where it is so already."""
        if (fact in self) != present:
            self._set(fact, present=present)
            self._trail.append((fact, present))

    def matches(self, pattern: Fact, binding: Binding) -> list[Args]:
        """Return the arguments of every fact that the pattern may match under `binding`: a superset, as a snapshot.

        The smallest index bucket of the arguments that are constants or bound. Repeated variables are left to the
        caller.
        """
        predicate, terms = pattern.bound(binding)
        smallest = self._by_predicate.get(predicate)
        if not smallest:
            return []
        if terms in smallest:  # a free variable never stands in a fact, so these are constants
            return [terms]
        for position, term in enumerate(terms):
            if type(term) is not Variable:
                bucket = self._by_argument.get((predicate, position, term))
                if not bucket:
                    return []
                if len(bucket) < len(smallest):
                    smallest = bucket
        return list(smallest)

    def _set(self, fact: Fact, *, present: bool) -> None:
        predicate, args = fact
        buckets = [self._by_predicate.setdefault(predicate, {})]
        buckets += [self._by_argument.setdefault((predicate, position, term), {}) for position, term in enumerate(args)]
        for bucket in buckets:
            if present:
                bucket[args] = None
            else:
                del bucket[args]
        self.key ^= self._print(fact)

    def _print(self, fact: Fact) -> int:
        """Return the fact's share of the key (Zobrist 1970): random bits, the same in every process."""
        found = self._prints.get(fact)
        if found is None:
            text = repr((fact.predicate, fact.args)).encode()
            found = int.from_bytes(hashlib.blake2b(text, digest_size=16).digest())
            self._prints[fact] = found
        return found
