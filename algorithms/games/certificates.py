"""Certificates: what the best deviation from a profile gains, counted exactly from the payoffs of the game itself."""

from collections.abc import Sequence
from fractions import Fraction

from state.games import Bimatrix, Certificate, Equilibrium, Mixed, StrategicGame


def certified(game: Bimatrix, first: Mixed, second: Mixed) -> Equilibrium:
    """Return a profile with its payoffs and its certificate; ValueError where it is no pair of distributions."""
    for mixed, size in zip((first, second), game.shape, strict=True):
        if len(mixed) != size or sum(mixed) != 1 or min(mixed) < 0:
            raise ValueError(f"{mixed} is no distribution over {size} strategies")
    of_rows = [_dot(row, second) for row in game.rows]
    of_columns = [_dot(column, first) for column in zip(*game.columns, strict=True)]
    payoffs = _dot(of_rows, first), _dot(of_columns, second)
    gains = [
        (max(answers) - payoff, player, answers.index(max(answers)))
        for player, (answers, payoff) in enumerate(zip((of_rows, of_columns), payoffs, strict=True))
    ]
    worst = max(gains, key=lambda gain: gain[0])
    return Equilibrium(first, second, payoffs, Certificate(*worst))


def certificate_of(game: StrategicGame, profile: tuple[int, ...]) -> Certificate:
    """Return the certificate of a pure profile of any number of players."""
    now, worst = game.payoff(profile), Certificate(Fraction(0), 0, profile[0])
    for player, count in enumerate(game.strategies):
        for strategy in range(count):
            other = (*profile[:player], strategy, *profile[player + 1 :])
            gain = game.payoff(other)[player] - now[player]
            if gain > worst.regret:
                worst = Certificate(gain, player, strategy)
    return worst


def _dot(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    return sum((one * other for one, other in zip(left, right, strict=True) if other), start=Fraction(0))
