"""All extreme equilibria of a game of two players: vertices of both best-response polytopes that carry every label.

Exact, in whole numbers. After Mangasarian (1964); see von Stengel, "Computing equilibria for two-person games" (2002).
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import NamedTuple

from algorithms.games.certificates import certified
from algorithms.games.linear import IntegerMatrix, positive_integers, solve, transposed
from state.games import Bimatrix, Equilibria, Mixed

MOST_BASES = 50_000
"""Candidates for a vertex that are tried of each polytope: games up to about nine by nine."""


class _Vertex(NamedTuple):
    point: Mixed
    labels: int  # bit i: the strategy with label i is unused (own), or a best answer (of the other)
    tight: int  # number of labels


def can_enumerate(game: Bimatrix) -> bool:
    """Return whether the game is small enough for all its equilibria to be listed."""
    first, second = game.shape
    return comb(first + second, first) <= MOST_BASES


def all_equilibria(game: Bimatrix) -> Equilibria:
    """Return every extreme equilibrium with its certificate; ValueError for a game that is too large."""
    if not can_enumerate(game):
        raise ValueError(f"a game of {game.shape} is too large to list all equilibria")
    first, second = game.shape
    every = (1 << (first + second)) - 1
    of_second = transposed(positive_integers(game.columns))  # row j: what strategy j earns against each of the first's
    of_first = positive_integers(game.rows)
    mine = list(_vertices(of_second, first, own=0, others=first))
    theirs = list(_vertices(of_first, second, own=first, others=0))
    found = [
        certified(game, left.point, right.point)
        for left in mine
        for right in theirs
        if left.labels | right.labels == every
    ]
    degenerate = any(vertex.tight > first for vertex in mine) or any(vertex.tight > second for vertex in theirs)
    found.sort(key=lambda each: (each.first, each.second), reverse=True)
    return Equilibria(tuple(found), complete=True, degenerate=degenerate)


def _vertices(answers: IntegerMatrix, size: int, *, own: int, others: int) -> Iterator[_Vertex]:
    """Yield the vertices but for the origin of {x >= 0, answers x <= 1}, scaled to distributions, each once.

    `own` and `others` say from where labels of own strategies and of the other player's are counted.
    """
    seen: set[Mixed] = set()
    for used in range(1, min(size, len(answers)) + 1):
        for support in combinations(range(size), used):
            parts = [[row[index] for index in support] for row in answers]
            for best in combinations(range(len(answers)), used):
                solved = solve([[*parts[index], 1] for index in best])
                if solved is None or min(solved) < 0:
                    continue
                whole, denominator = solved[:-1], solved[-1]
                earned = [sum(map(int.__mul__, row, whole)) for row in parts]
                if max(earned) > denominator:
                    continue
                total = sum(whole)
                point = [Fraction(0)] * size
                for index, value in zip(support, whole, strict=True):
                    point[index] = Fraction(value, total)
                if tuple(point) in seen:
                    continue
                seen.add(tuple(point))
                labels = sum(1 << (own + index) for index in range(size) if not point[index])
                labels += sum(1 << (others + index) for index, value in enumerate(earned) if value == denominator)
                yield _Vertex(tuple(point), labels, labels.bit_count())
