"""The judge of equilibria: it counts gains from the payoffs by itself and trusts no certificate."""

from collections.abc import Sequence
from fractions import Fraction

from state.games import Bimatrix, Equilibrium


def regret_of(game: Bimatrix, first: Sequence[Fraction], second: Sequence[Fraction]) -> Fraction:
    """Return the most that a player gains by deviating; ValueError where the profile is none."""
    if sum(first) != 1 or sum(second) != 1 or min(*first, *second) < 0:
        raise ValueError("not a pair of distributions")
    rows, columns = game.shape
    mine = [sum(second[j] * game.rows[i][j] for j in range(columns)) for i in range(rows)]
    theirs = [sum(first[i] * game.columns[i][j] for i in range(rows)) for j in range(columns)]
    earned = sum(first[i] * mine[i] for i in range(rows))
    other = sum(second[j] * theirs[j] for j in range(columns))
    return Fraction(max(max(mine) - earned, max(theirs) - other))


def fault_of(game: Bimatrix, found: Sequence[Equilibrium]) -> str:
    """Return what is wrong with equilibria of a game: none, one that is none, or a certificate that is not true."""
    if not found:
        return "no equilibrium, which Nash's theorem forbids"
    for each in found:
        regret = regret_of(game, each.first, each.second)
        if regret > 0:
            return f"somebody gains {float(regret):.3g} by deviating"
        if each.certificate.regret != regret:
            return "the certificate does not say what is gained"
    return ""
