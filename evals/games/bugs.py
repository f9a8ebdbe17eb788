"""Solvers with a planted bug: the judge must find each of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from algorithms.games.certificates import certified
from algorithms.games.enumeration import all_equilibria
from algorithms.games.linear import positive_integers, solve, transposed
from state.games import Bimatrix, Certificate, Equilibrium

Solver = Callable[[Bimatrix], Sequence[Equilibrium]]


def _supports(game: Bimatrix, *, asks_others: bool, whole: bool) -> list[Equilibrium]:
    """Enumerate supports of equal size; `asks_others`: whether a strategy outside is better is asked.

    `whole`: every strategy of a support must be played.
    """
    found, (rows, columns) = [], game.shape
    mine, theirs = positive_integers(game.rows), transposed(positive_integers(game.columns))
    for size in range(1, min(rows, columns) + 1):
        for left in combinations(range(rows), size):
            for right in combinations(range(columns), size):
                first = solve([[*(theirs[j][i] for i in left), 1] for j in right])
                second = solve([[*(mine[i][j] for j in right), 1] for i in left])
                least = 1 if whole else 0
                if first is None or second is None or min(*first, *second) < least:
                    continue
                one = _spread(left, first, rows)
                two = _spread(right, second, columns)
                each = certified(game, one, two)
                if not asks_others or not each.certificate.regret:
                    found.append(each)
    return found


def _spread(support: Sequence[int], solved: Sequence[int], size: int) -> tuple[Fraction, ...]:
    total = sum(solved[:-1])
    point = [Fraction(0)] * size
    for index, value in zip(support, solved, strict=False):
        point[index] = Fraction(value, total)
    return tuple(point)


def _without_outsiders(game: Bimatrix) -> Sequence[Equilibrium]:
    return _supports(game, asks_others=False, whole=False)


def _only_full_supports_of_two(game: Bimatrix) -> Sequence[Equilibrium]:
    return [each for each in _supports(game, asks_others=True, whole=True) if each.pure]


def _own_payoffs_twice(game: Bimatrix) -> Sequence[Equilibrium]:
    return all_equilibria(Bimatrix(game.rows, game.rows)).found


def _certificate_of_zero(game: Bimatrix) -> Sequence[Equilibrium]:
    one = (Fraction(1), *[Fraction(0)] * (game.shape[0] - 1))
    two = (Fraction(1), *[Fraction(0)] * (game.shape[1] - 1))
    return [certified(game, one, two)._replace(certificate=Certificate(Fraction(0), 0, 0))]


@dataclass(frozen=True, slots=True)
class Bug:
    """A solver that is wrong, and how."""

    solver: Solver
    told: str


BUGS: Mapping[str, Bug] = {
    "outsiders": Bug(_without_outsiders, "it never asks whether a strategy outside the support is better"),
    "pure only": Bug(_only_full_supports_of_two, "it finds no equilibrium in which somebody mixes"),
    "own payoffs twice": Bug(_own_payoffs_twice, "it takes the first player's payoffs for the second's"),
    "empty certificate": Bug(_certificate_of_zero, "it says that nobody gains and never counts"),
}
