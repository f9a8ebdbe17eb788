"""Conflicts drawn from seeds, in families, each with what it is stated to be worth and what it truly is.

What parties state is what a ruling is made on; in some families it is not what comes of it: a party overstates what
it wants, or figures are estimates.
"""

import random
from collections.abc import Callable, Mapping
from typing import NamedTuple

from state.conflicts import Conflict, Option, Party

_NAMES = ("completeness", "correctness", "cost", "timeliness", "contract")


class Drawn(NamedTuple):
    """A conflict and what each option truly is worth, by option and party."""

    family: str
    conflict: Conflict
    truth: Mapping[str, Mapping[str, float]]


def _worths(draw: random.Random, parties: int, options: int) -> list[list[float]]:
    return [[draw.random() for _ in range(parties)] for _ in range(options)]


def _opposed(draw: random.Random) -> list[list[float]]:
    """Two aims share one thing: what one gets the other does not."""
    return [[part, 1 - part + draw.gauss(0, 0.03)] for part in (draw.random() for _ in range(draw.randint(3, 9)))]


def _traded(draw: random.Random) -> list[list[float]]:
    """Several issues that matter differently: giving way where it costs little helps everybody."""
    parties, issues = draw.randint(2, 4), draw.randint(3, 4)
    stakes = [[draw.random() ** 3 for _ in range(issues)] for _ in range(parties)]
    return [
        [sum(stake for issue, stake in enumerate(mine) if package // parties**issue % parties == party)
         for party, mine in enumerate(stakes)]
        for package in draw.sample(range(parties**issues), min(12, parties**issues))
    ]  # fmt: skip


def _camps(draw: random.Random) -> list[list[float]]:
    """Two camps of several: within one all want nearly the same."""
    sizes = draw.randint(2, 3), draw.randint(1, 2)
    found = []
    for _ in range(draw.randint(4, 9)):
        left, right = draw.random(), draw.random()
        found.append([max(0.0, of + draw.gauss(0, 0.05)) for of, size in zip((left, right), sizes, strict=True)
                      for _ in range(size)])  # fmt: skip
    return found


def _mixed(draw: random.Random) -> list[list[float]]:
    return _worths(draw, draw.randint(2, 5), draw.randint(3, 10))


def _dominated(draw: random.Random) -> list[list[float]]:
    """One option is best for everybody."""
    found = _mixed(draw)
    found.append([max(column) + 0.01 for column in zip(*found, strict=True)])
    draw.shuffle(found)
    return found


def _blocked(draw: random.Random) -> list[list[float]]:
    """Every option takes something from somebody."""
    found = _mixed(draw)
    for worths in found:
        worths[draw.randrange(len(worths))] = -draw.random()
    return found


FAMILIES: Mapping[str, Callable[[random.Random], list[list[float]]]] = {
    "opposed": _opposed,
    "traded": _traded,
    "camps": _camps,
    "mixed": _mixed,
    "dominated": _dominated,
    "blocked": _blocked,
    "overstated": _mixed,
    "estimated": _mixed,
}


def drawn_conflict(seed: int) -> Drawn:
    """Return a conflict; families follow each other."""
    draw = random.Random(seed)  # noqa: S311  a seeded case
    family = list(FAMILIES)[seed % len(FAMILIES)]
    truth = FAMILIES[family](draw)
    stated = [list(worths) for worths in truth]
    if family == "overstated":
        best = max(range(len(truth)), key=lambda option: truth[option][0])
        stated[best][0] *= 1 + 2 * draw.random()
    if family == "estimated":
        stated = [[max(0.0, worth + draw.gauss(0, 0.1)) for worth in worths] for worths in truth]
    names = _NAMES[: len(truth[0])]
    weights = [draw.choice((1.0, 1.0, 2.0)) for _ in names]
    return Drawn(
        family=family,
        conflict=Conflict(
            subject=f"{family} {seed}",
            parties=tuple(Party(name=name, weight=weight) for name, weight in zip(names, weights, strict=True)),
            options=tuple(
                Option(name=f"option {number}", worth=dict(zip(names, map(_short, worths), strict=True)))
                for number, worths in enumerate(stated)
            ),
            run_id=f"seed {seed}",
        ),
        truth={
            f"option {number}": dict(zip(names, map(_short, worths), strict=True))
            for number, worths in enumerate(truth)
        },
    )


def _short(worth: float) -> float:
    return round(worth, 4)
