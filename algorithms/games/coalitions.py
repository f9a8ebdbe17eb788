"""Divisions among coalitions: the Shapley value (1953), exact or drawn, and the core with a proof either way."""

import random
from collections.abc import Sequence
from fractions import Fraction
from math import factorial, sqrt

from algorithms.games.program import maximise
from state.games import Core, Division, Worth

MOST_EXACT = 15
"""Players up to whom the Shapley value is counted over all coalitions."""

MOST_IN_CORE = 10
"""Players up to whom the core is looked for: its program has a column for each coalition."""

_NORMAL_95 = 1.959964


def shapley(worth: Worth, players: int, *, samples: int = 2_000, seed: int = 0) -> Division:
    """Return what each player adds on average over all orders; above fifteen players over drawn ones.

    Drawn orders come in pairs, each with its reverse, which never widens the interval of a player's mean.
    """
    if players <= MOST_EXACT:
        return _counted(worth, players)
    return _drawn(worth, players, samples, seed)


def _counted(worth: Worth, players: int) -> Division:
    known = [worth(mask) for mask in range(1 << players)]
    weights = [Fraction(factorial(size) * factorial(players - size - 1), factorial(players)) for size in range(players)]
    by_size = [[Fraction(0)] * players for _ in range(players)]
    for mask, value in enumerate(known):
        size = mask.bit_count()
        for player in range(players):
            bit = 1 << player
            if mask & bit:
                by_size[size - 1][player] += value
            else:
                by_size[size][player] -= value
    shares = tuple(
        sum((weights[size] * by_size[size][player] for size in range(players)), Fraction(0))
        for player in range(players)
    )
    return Division(shares, (0.0,) * players, 0)


def _drawn(worth: Worth, players: int, samples: int, seed: int) -> Division:
    draw, order = random.Random(seed), list(range(players))  # noqa: S311  a seeded sample
    sums, squares = [Fraction(0)] * players, [0.0] * players
    pairs = max(2, samples // 2)
    for _ in range(pairs):
        draw.shuffle(order)
        both = [Fraction(0)] * players
        for each in (order, order[::-1]):
            for player, added in _added(worth, each):
                both[player] += added / 2
        for player, added in enumerate(both):
            sums[player] += added
            squares[player] += float(added) ** 2
    shares = tuple(total / pairs for total in sums)
    error = tuple(
        _NORMAL_95 * sqrt(max(0.0, square / pairs - float(share) ** 2) / (pairs - 1))
        for square, share in zip(squares, shares, strict=True)
    )
    return Division(shares, error, 2 * pairs)


def _added(worth: Worth, order: Sequence[int]) -> list[tuple[int, Fraction]]:
    mask, before, found = 0, worth(0), []
    for player in order:
        mask |= 1 << player
        after = worth(mask)
        found.append((player, after - before))
        before = after
    return found


def core(worth: Worth, players: int) -> Core:
    """Return a point of the core, or the balanced coalitions that show there is none (Bondareva 1963, Shapley 1967).

    ValueError for more players than the program can hold.
    """
    if players > MOST_IN_CORE:
        raise ValueError(f"the core of {players} players is not looked for")
    everybody = (1 << players) - 1
    masks = list(range(1, everybody + 1))
    columns = [[Fraction(mask >> player & 1) for player in range(players)] for mask in masks]
    singles = [masks.index(1 << player) for player in range(players)]
    solved = maximise([worth(mask) for mask in masks], columns, [Fraction(1)] * players, singles)
    if solved.value > worth(everybody):
        objections = tuple((masks[place], part) for place, part in enumerate(solved.point) if part)
        return Core(None, objections, solved.value)
    return Core(solved.prices, (), solved.value)
