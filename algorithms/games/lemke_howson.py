"""One equilibrium of a game of two players, of any kind: Lemke and Howson's path (1964), exact.

Whole-number pivoting after von Stengel (2002); the lexicographic rule decides ties, so that degenerate games end, too.
"""

from fractions import Fraction

from algorithms.games.certificates import certified
from algorithms.games.linear import IntegerMatrix, positive_integers, transposed
from state.games import Bimatrix, Equilibrium, Mixed


class _Tableau:
    """One player's polytope: rows of coefficients with the right side last, all over one common denominator."""

    def __init__(self, answers: IntegerMatrix, variables: range, slacks: range) -> None:
        self._variables, self._slacks = variables, slacks
        size = len(answers)
        self._rows = [[*row, *(int(place == index) for place in range(size)), 1] for index, row in enumerate(answers)]
        self._labels = [*variables, *slacks]  # the label of each column
        self.basis = list(slacks)  # the label that each row gives the value of
        self._before = 1

    def enter(self, label: int) -> int:
        """Let the variable with the label grow; return the label of the one that becomes zero."""
        column = self._labels.index(label)
        candidates = [index for index, row in enumerate(self._rows) if row[column] > 0]
        place = self._leaving(candidates, column)
        head, pivot = self._rows[place], self._rows[place][column]
        for index, row in enumerate(self._rows):
            if index != place:
                factor = row[column]
                self._rows[index] = [
                    (pivot * left - factor * right) // self._before for left, right in zip(row, head, strict=True)
                ]
        self._before = pivot
        left, self.basis[place] = self.basis[place], label
        return left

    def _leaving(self, candidates: list[int], column: int) -> int:
        """Return the row of the smallest ratio; ties are decided by what stands in the columns of the slacks."""
        slack = len(self._variables)
        for place in (-1, *range(slack, slack + len(self._slacks))):
            if len(candidates) == 1:
                break
            best = candidates[0]
            kept = [best]
            for index in candidates[1:]:
                row, least = self._rows[index], self._rows[best]
                difference = row[place] * least[column] - least[place] * row[column]
                if difference < 0:
                    best, kept = index, [index]
                elif difference == 0:
                    kept.append(index)
            candidates = kept
        return candidates[0]

    def point(self) -> Mixed:
        """Return the values of the variables as a distribution."""
        values = dict(zip(self.basis, (row[-1] for row in self._rows), strict=True))
        total = sum(values.get(label, 0) for label in self._variables)
        return tuple(Fraction(values.get(label, 0), total) for label in self._variables)


def one_equilibrium(game: Bimatrix, dropped: int = 0) -> Equilibrium:
    """Return the equilibrium at the end of the path that begins by dropping a label, with its certificate.

    Labels are the strategies of the first player, then those of the second.
    """
    first, second = game.shape
    rows, columns = range(first), range(first, first + second)
    of_first = _Tableau(transposed(positive_integers(game.columns)), rows, columns)
    of_second = _Tableau(positive_integers(game.rows), columns, rows)
    label, mine = dropped, dropped < first
    while True:
        label = (of_first if mine else of_second).enter(label)
        if label == dropped:
            return certified(game, of_first.point(), of_second.point())
        mine = not mine
