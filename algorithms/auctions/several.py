"""Several goods at once, by Vickrey, Clarke and Groves: most value in sum, each pays what it takes from others.

Two exact ways. Where bids add up and each bidder takes at most so many goods, the best division is an assignment,
solved in polynomial time (`algorithms/assignment.py`). Where bidders name an amount for a whole package, the best
division is found over all subsets of the goods, at most MOST_GOODS of them. A program of integers (scipy's) would do
both and weigh 35 MB; it is not needed here.

Sources: E. Clarke, Multipart pricing of public goods, Public Choice 11 (1971); T. Groves, Incentives in teams,
Econometrica 41 (1973); packages by dynamic programming: M. Rothkopf, A. Pekec and R. Harstad, Computationally
manageable combinational auctions, Management Science 44 (1998).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from algorithms.assignment import optimal_assignment
from algorithms.auctions.mechanisms import place_of

MOST_GOODS = 12
"""Goods in an auction of packages: its time grows by three to their number."""

Amounts = Mapping[str, Mapping[str, float]]
"""By bidder, by good, what it offers."""


class Division(NamedTuple):
    """Who gets which goods, and pays what; `welfare` is the sum of the winning amounts."""

    goods: dict[str, tuple[str, ...]]  # by bidder that gets any
    payments: dict[str, float]  # of the same bidders
    welfare: float


def divide(amounts: Amounts, *, capacity: Mapping[str, int] | None = None, seed: int = 0) -> Division:
    """Divide goods among bidders whose amounts add up, each with a capacity (1 unless given).

    Amounts that are not positive take no part.
    """
    capacities = {name: (capacity or {}).get(name, 1) for name in amounts}
    order = sorted(amounts, key=lambda name: place_of(name, seed))
    taken, welfare = _assigned(amounts, order, capacities)
    payments = {}
    for name, goods in taken.items():
        others = welfare - sum(amounts[name][good] for good in goods)
        without = _assigned(amounts, [other for other in order if other != name], capacities)[1]
        payments[name] = max(0.0, without - others)
    return Division(taken, payments, welfare)


def divide_packages(
    packages: Mapping[str, Mapping[frozenset[str], float]], goods: Sequence[str], *, seed: int = 0
) -> Division:
    """Divide goods among bidders that name an amount for each package they want; each gets at most one package.

    ValueError for more than MOST_GOODS goods.
    """
    if len(goods) > MOST_GOODS:
        raise ValueError(f"more than {MOST_GOODS} goods in an auction of packages")
    order = sorted(packages, key=lambda name: place_of(name, seed))
    taken, welfare = _packed(packages, goods, order)
    payments = {}
    for name, package in taken.items():
        others = welfare - packages[name][package]
        payments[name] = max(0.0, _packed(packages, goods, [one for one in order if one != name])[1] - others)
    place = {good: index for index, good in enumerate(goods)}
    named = {name: tuple(sorted(package, key=place.__getitem__)) for name, package in taken.items()}
    return Division(named, payments, welfare)


def _assigned(
    amounts: Amounts, order: Sequence[str], capacity: Mapping[str, int]
) -> tuple[dict[str, tuple[str, ...]], float]:
    goods = sorted({good for name in order for good in amounts[name]})
    seats = [name for name in order for _ in range(min(capacity[name], len(goods)))]
    if not goods or not seats:
        return {}, 0.0
    weights = np.array([[amounts[name].get(good, 0.0) for name in seats] for good in goods])
    found: dict[str, list[str]] = {}
    for good, seat in zip(goods, optimal_assignment(weights), strict=True):
        if seat >= 0:
            found.setdefault(seats[seat], []).append(good)
    taken = {name: tuple(each) for name, each in found.items()}
    return taken, float(sum(amounts[name][good] for name, each in taken.items() for good in each))


def _packed(
    packages: Mapping[str, Mapping[frozenset[str], float]], goods: Sequence[str], order: Sequence[str]
) -> tuple[dict[str, frozenset[str]], float]:
    """Return the best division: bidder by bidder, the best value for every set of goods that is still free."""
    bit = {good: 1 << index for index, good in enumerate(goods)}
    best: dict[int, tuple[float, tuple[tuple[str, frozenset[str]], ...]]] = {0: (0.0, ())}
    for name in order:
        wanted = [(sum(bit[good] for good in package), package, worth) for package, worth in packages[name].items()]
        grown = dict(best)
        for used, (value, chosen) in best.items():
            for mask, package, worth in wanted:
                if worth > 0 and mask and not used & mask and value + worth > grown.get(used | mask, (-1.0, ()))[0]:
                    grown[used | mask] = value + worth, (*chosen, (name, package))
        best = grown
    welfare, chosen = max(best.values(), key=lambda each: each[0])
    return dict(chosen), welfare
