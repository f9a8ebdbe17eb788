"""Auctions of one good among bidders, each with one amount: sealed first price, Vickrey, English.

The highest amount wins. Work that is bought is sold upside down: a cost is a negative amount, and the most that is
paid a negative reserve. Ties fall to whoever comes first in an order drawn from the seed and the bidders' names: no
amount, and nothing else about a bid, decides them.

Sources: W. Vickrey, Counterspeculation, auctions, and competitive sealed tenders, Journal of Finance 16 (1961); the
English auction as a clock: P. Milgrom and R. Weber, A theory of auctions and competitive bidding, Econometrica 50
(1982).
"""

import hashlib
from collections.abc import Collection, Mapping
from typing import NamedTuple

MOST_ROUNDS = 100_000
"""Rounds of an English clock; an increment that needs more is refused."""


class Sale(NamedTuple):
    """How an auction of one good ended; `winner` is None where nobody reached the reserve."""

    winner: str | None
    price: float
    rounds: int = 1


def place_of(name: str, seed: int) -> bytes:
    """Return by what ties are ordered: the lower wins."""
    return hashlib.blake2b(f"{seed}\x00{name}".encode(), digest_size=8).digest()


def ranked(amounts: Mapping[str, float], seed: int) -> list[str]:
    """Return the bidders, the highest amount first; ties in the order of the seed."""
    return sorted(amounts, key=lambda name: (-amounts[name], place_of(name, seed)))


def sealed(amounts: Mapping[str, float], *, reserve: float, seed: int = 0) -> Sale:
    """Sell to the highest bid for what it is."""
    order = [name for name in ranked(amounts, seed) if amounts[name] >= reserve]
    return Sale(order[0], amounts[order[0]]) if order else Sale(None, reserve)


def vickrey(amounts: Mapping[str, float], *, reserve: float, seed: int = 0) -> Sale:
    """Sell to the highest bid for the second highest, at least for the reserve."""
    order = [name for name in ranked(amounts, seed) if amounts[name] >= reserve]
    if not order:
        return Sale(None, reserve)
    return Sale(order[0], amounts[order[1]] if len(order) > 1 else reserve)


class Clock(NamedTuple):
    """An English auction under way: who is still in at `price`, after so many rounds."""

    active: tuple[str, ...]
    price: float
    rounds: int = 1

    @property
    def over(self) -> bool:
        """Whether at most one is left."""
        return len(self.active) <= 1


def advance(clock: Clock, stay: Collection[str], *, asked: float, seed: int = 0) -> Clock:
    """Return the clock after it asked `asked` and those of `stay` stayed.

    Where nobody did, those who left tie: the first of the order is left, at the price that all of them had accepted.
    """
    left = tuple(name for name in clock.active if name in stay)
    if left:
        return Clock(left, asked, clock.rounds + 1)
    return Clock((min(clock.active, key=lambda name: place_of(name, seed)),), clock.price, clock.rounds)


def english(amounts: Mapping[str, float], *, reserve: float, increment: float, seed: int = 0) -> Sale:
    """Let a clock rise from the reserve; who would not pay its price leaves, the last one pays where it stopped.

    With `amounts` the true values, the price lies within an increment of the second value, and at the reserve where one
    bidder is left there.

    ValueError for an increment that is not positive, or that would need more than MOST_ROUNDS rounds.
    """
    if increment <= 0:
        raise ValueError("the increment must be positive")
    active = tuple(name for name, amount in amounts.items() if amount >= reserve)
    if not active:
        return Sale(None, reserve)
    if max(amounts[name] for name in active) - reserve > increment * (MOST_ROUNDS + 1):
        raise ValueError(f"the clock would need more than {MOST_ROUNDS} rounds")
    clock = Clock(active, reserve)
    while not clock.over:
        asked = reserve + clock.rounds * increment
        clock = advance(clock, {name for name in clock.active if amounts[name] >= asked}, asked=asked, seed=seed)
    return Sale(clock.active[0], clock.price, clock.rounds)
