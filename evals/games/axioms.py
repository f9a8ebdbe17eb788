"""Axioms as properties on drawn cases: of the Shapley value, of Nash's bargain, and what a core must prove."""

import random
from fractions import Fraction

from algorithms.games.bargaining import Point, nash_bargain
from algorithms.games.coalitions import core, shapley
from state.games import Bargain

_PLAYERS = (2, 3, 4, 5)
_NEAR = Fraction(1, 10**6)


def _table(draw: random.Random, players: int) -> list[Fraction]:
    return [Fraction(0), *(Fraction(draw.randint(0, 60), draw.choice((1, 2, 3))) for _ in range((1 << players) - 1))]


def shapley_faults(seed: int) -> list[str]:
    """Return which axioms the Shapley value breaks on drawn games: efficiency, symmetry, dummy, additivity."""
    draw = random.Random(seed)  # noqa: S311  a seeded case
    players = draw.choice(_PLAYERS)
    one, two = _table(draw, players), _table(draw, players)
    worth = shapley(one.__getitem__, players).shares
    faults = [] if sum(worth) == one[-1] else ["efficiency"]
    both = shapley(lambda mask: one[mask] + two[mask], players).shares
    if both != tuple(a + b for a, b in zip(worth, shapley(two.__getitem__, players).shares, strict=True)):
        faults.append("additivity")
    # Players 0 and 1 are made to add the same to everybody else.
    alike = shapley(lambda mask: one[_swapped(mask)] + one[mask], players).shares
    if alike[0] != alike[1]:
        faults.append("symmetry")
    # One more player, who adds the same to every coalition.
    own = Fraction(draw.randint(0, 9))
    more = shapley(lambda mask: one[mask & (1 << players) - 1] + (own if mask >> players else 0), players + 1).shares
    return faults if more[-1] == own and more[:-1] == worth else [*faults, "dummy"]


def _swapped(mask: int) -> int:
    first, second = mask & 1, mask >> 1 & 1
    return mask & ~3 | first << 1 | second


def bargaining_faults(seed: int) -> list[str]:
    """Return which axioms Nash's bargain of two breaks on drawn alternatives.

    Asked are Pareto optimality, individual rationality, symmetry, scale invariance and independence of irrelevant
    alternatives.
    """
    draw = random.Random(seed)  # noqa: S311  a seeded case
    points: list[Point] = [_point(draw) for _ in range(draw.randint(2, 7))]
    least = (Fraction(draw.randint(0, 4)), Fraction(draw.randint(0, 4)))
    found = nash_bargain(points, least)
    if found is None:
        return []
    faults = []
    if any(got <= low for got, low in zip(found.expected, least, strict=True)):
        faults.append("individual rationality")
    if any(_is_above(points, found.expected, step) for step in range(11)):
        faults.append("Pareto optimality")
    scale, shift = Fraction(draw.randint(1, 9)), Fraction(draw.randint(-5, 5))
    scaled = nash_bargain([(scale * a + shift, b) for a, b in points], (scale * least[0] + shift, least[1]))
    if scaled is None or scaled.expected != (scale * found.expected[0] + shift, found.expected[1]):
        faults.append("scale invariance")
    mirrored = nash_bargain([*points, *((b, a) for a, b in points)], (least[0], least[0]))
    if mirrored is not None and mirrored.expected[0] != mirrored.expected[1]:
        faults.append("symmetry")
    fewer = [point for point, share in zip(points, found.lottery, strict=True) if share or draw.random() < 1 / 2]
    again = nash_bargain(fewer, least)
    if again is None or again.expected != found.expected:
        faults.append("independence of irrelevant alternatives")
    return faults


def _point(draw: random.Random) -> Point:
    return Fraction(draw.randint(0, 30)), Fraction(draw.randint(0, 30))


def _is_above(points: list[Point], got: Point, step: int) -> bool:
    """Return whether some lottery of two alternatives is better for both."""
    share = Fraction(step, 10)
    mixed = [
        tuple(share * a + (1 - share) * b for a, b in zip(one, two, strict=True)) for one in points for two in points
    ]
    return any(a > got[0] and b > got[1] for a, b in mixed)


def many_faults(seed: int) -> list[str]:
    """Return what is wrong with the bargain of three to five: a lottery that is none, or a gap that is not kept."""
    draw = random.Random(seed)  # noqa: S311  a seeded case
    parties = draw.choice((3, 4, 5))
    points: list[Point] = [tuple(Fraction(draw.randint(0, 20)) for _ in range(parties)) for _ in range(6)]
    least = (Fraction(0),) * parties
    found = nash_bargain(points, least)
    if found is None:
        return []
    faults = [] if sum(found.lottery) == 1 and min(found.lottery) >= 0 else ["no lottery"]
    if found.gap > _NEAR * 10**4:
        faults.append(f"a gap of {float(found.gap):.2g}")
    return faults if not _better_by_more(draw, points, found) else [*faults, "a lottery is better by more than the gap"]


def _better_by_more(draw: random.Random, points: list[Point], found: Bargain) -> bool:
    product = _product(found.expected)
    for _ in range(50):
        parts = [Fraction(draw.randint(0, 9)) for _ in points]
        if not sum(parts):
            continue
        expected = [
            sum((part * point[party] for part, point in zip(parts, points, strict=True)), Fraction(0)) / sum(parts)
            for party in range(len(found.expected))
        ]
        if float(_product(expected)) > float(product) * (1 + float(found.gap)) ** len(expected) * (1 + 1e-9):
            return True
    return False


def _product(values: tuple[Fraction, ...] | list[Fraction]) -> Fraction:
    product = Fraction(1)
    for value in values:
        product *= value
    return product


def core_faults(seed: int) -> list[str]:
    """Return what is wrong with a core: a point that a coalition objects to, or objections that prove nothing."""
    draw = random.Random(seed)  # noqa: S311  a seeded case
    players = draw.choice(_PLAYERS)
    worth, everybody = _table(draw, players), (1 << players) - 1
    if draw.random() < 1 / 2:  # where coalitions gain by joining there is mostly a point
        worth = [value * mask.bit_count() ** 2 for mask, value in enumerate(worth)]
    found = core(worth.__getitem__, players)
    if found.point is not None:
        shares = found.point
        short = [
            mask
            for mask in range(1, everybody + 1)
            if sum(shares[player] for player in range(players) if mask >> player & 1) < worth[mask]
        ]
        return ["a coalition objects"] if short or sum(shares) != worth[everybody] else []
    balanced = all(sum(part for mask, part in found.objections if mask >> player & 1) == 1 for player in range(players))
    asked = sum(part * worth[mask] for mask, part in found.objections)
    return [] if balanced and asked > worth[everybody] else ["the objections are no proof"]
