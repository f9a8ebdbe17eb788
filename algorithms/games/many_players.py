"""Games of any number of players: all pure equilibria, and where there is none the best profile that was found.

No exact solver for mixed equilibria of three and more players is here: what is returned says what it is.
"""

from fractions import Fraction
from itertools import product
from math import prod
from typing import NamedTuple

from algorithms.games.certificates import certificate_of
from state.games import Certificate, StrategicGame

MOST_PROFILES = 200_000


class PureProfile(NamedTuple):
    """A pure profile, what each player gets, and its certificate."""

    profile: tuple[int, ...]
    payoffs: tuple[Fraction, ...]
    certificate: Certificate


class PureAnswer(NamedTuple):
    """All pure equilibria; where there is none, the profile with the smallest regret, which is no equilibrium."""

    equilibria: tuple[PureProfile, ...]
    nearest: PureProfile
    claim: str  # in words: what was found and what was not looked for


def pure_equilibria(game: StrategicGame) -> PureAnswer:
    """Return every pure equilibrium; ValueError for a game of more profiles than can be looked at."""
    count = prod(game.strategies)
    if not 0 < count <= MOST_PROFILES:
        raise ValueError(f"a game of {count} profiles cannot be looked through")
    found, nearest = [], None
    for profile in product(*map(range, game.strategies)):
        certificate = certificate_of(game, profile)
        if nearest is None or certificate.regret < nearest.certificate.regret:
            nearest = PureProfile(profile, game.payoff(profile), certificate)
        if not certificate.regret:
            found.append(PureProfile(profile, game.payoff(profile), certificate))
    if nearest is None:
        raise ValueError("a game without profiles")
    if found:
        claim = f"{len(found)} pure equilibria of {count} profiles; mixed ones were not looked for"
    else:
        gain = nearest.certificate.regret
        claim = f"no pure equilibrium among {count} profiles; by leaving the nearest one somebody gains {gain}"
    return PureAnswer(tuple(found), nearest, claim)
