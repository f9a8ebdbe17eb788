"""Auctions of one good among bidders, each with one amount: sealed first price, Vickrey, English.

The highest amount wins. Work that is bought is sold upside down: a cost is a negative amount, and the most that is paid
is a negative reserve (`bought`). Ties fall to whoever comes first in an order drawn from the seed and the bidders' names:
no amount, and nothing else about a bid, decides them.

Sources: W. Vickrey, Counterspeculation, auctions, and competitive sealed tenders, Journal of Finance 16 (1961); the
English auction as a clock: P. Milgrom and R. Weber, A theory of auctions and competitive bidding, Econometrica 50 (1982).
"""

import hashlib
from collections.abc import Mapping
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
    """The highest bid wins and pays what it is."""
    order = [name for name in ranked(amounts, seed) if amounts[name] >= reserve]
    return Sale(order[0], amounts[order[0]]) if order else Sale(None, reserve)


def vickrey(amounts: Mapping[str, float], *, reserve: float, seed: int = 0) -> Sale:
    """The highest bid wins and pays the second highest, at least the reserve."""
    order = [name for name in ranked(amounts, seed) if amounts[name] >= reserve]
    if not order:
        return Sale(None, reserve)
    return Sale(order[0], amounts[order[1]] if len(order) > 1 else reserve)


def english(amounts: Mapping[str, float], *, reserve: float, increment: float, seed: int = 0) -> Sale:
    """A clock rises from the reserve; whoever would not pay its price leaves; the last one pays where it stopped.

    With `amounts` the true values, the price lies between the second value less an increment and the second value,
    and at the reserve where one bidder is left there. Those who leave in the same round as the last of all tie: the
    first of the order gets it at the price of the round before, which all of them were ready to pay.

    ValueError for an increment that is not positive, or that would need more than MOST_ROUNDS rounds.
    """
    if increment <= 0:
        raise ValueError("the increment must be positive")
    active = {name: amount for name, amount in amounts.items() if amount >= reserve}
    if not active:
        return Sale(None, reserve)
    if max(active.values()) - reserve > increment * MOST_ROUNDS:
        raise ValueError(f"the clock would need more than {MOST_ROUNDS} rounds")
    price, rounds = reserve, 1
    while len(active) > 1:
        asked = reserve + rounds * increment
        left = {name: amount for name, amount in active.items() if amount >= asked}
        if not left:
            return Sale(min(active, key=lambda name: place_of(name, seed)), price, rounds)
        active, price, rounds = left, asked, rounds + 1
    return Sale(next(iter(active)), price, rounds)
