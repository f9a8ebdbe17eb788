"""Negotiation: offers, concessions and rounds, after Zeuthen (1930) and Harsanyi (1956), for any number of parties.

Everybody begins with what is best for it. Who risks least by giving way, as it has least to lose against the others'
offers, goes one step down its own list. It ends when an offer is as good for everybody as its own.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from algorithms.conflicts.table import ConflictTable, agreement
from state.conflicts import MOST_ROUNDS


class Standpoint(NamedTuple):
    """How far each party has gone down its own list of options."""

    lists: tuple[tuple[int, ...], ...]
    places: tuple[int, ...]

    @property
    def offers(self) -> tuple[int, ...]:
        """The option each party stands for."""
        return tuple(mine[place] for mine, place in zip(self.lists, self.places, strict=True))


def opening(table: ConflictTable) -> Standpoint:
    """Return where the parties begin: each with its best option, of equals the one that all together gain most by."""
    lists = tuple(
        tuple(
            sorted(
                table.efficient,
                key=lambda number: (-table.gains[number][party], -table.sums[number], number),
            )
        )
        for party in range(len(table.weights))
    )
    return Standpoint(lists, (0,) * len(lists))


def agreed(table: ConflictTable, offers: Sequence[int]) -> int | None:
    """Return the offer that is as good for everybody as its own; None while there is none."""
    fit = [
        offer
        for offer in dict.fromkeys(offers)
        if all(table.gains[offer][party] >= table.gains[own][party] for party, own in enumerate(offers))
    ]
    return max(fit, key=lambda offer: (agreement(table, offer), -offer)) if fit else None


def concede(table: ConflictTable, at: Standpoint) -> tuple[Standpoint, int]:
    """Return the standpoint after one concession, and who made it: who risks least by it, of equals who weighs less."""
    offers = at.offers
    able = [party for party, place in enumerate(at.places) if place + 1 < len(at.lists[party])]
    party = min(able, key=lambda each: (_risk(table, offers, each), table.weights[each], each))
    places = (*at.places[:party], at.places[party] + 1, *at.places[party + 1 :])
    return at._replace(places=places), party


def negotiate(table: ConflictTable) -> tuple[int, int]:
    """Return the option that is agreed on and the number of rounds; of a talk that ends without, the best offer."""
    at = opening(table)
    for number in range(1, MOST_ROUNDS):
        found = agreed(table, at.offers)
        if found is not None:
            return found, number
        at, _ = concede(table, at)
    return nearest(table, at.offers), MOST_ROUNDS


def nearest(table: ConflictTable, offers: Sequence[int]) -> int:
    """Return the offer with the largest agreement."""
    return max(offers, key=lambda offer: (agreement(table, offer), -offer))


def _risk(table: ConflictTable, offers: Sequence[int], party: int) -> Fraction:
    """Return which share of its gain a party would lose with the worst of the others' offers: 1, all of it."""
    own = table.gains[offers[party]][party]
    worst = min(table.gains[offer][party] for offer in offers)
    return (own - worst) / own if own > 0 else Fraction(0)
