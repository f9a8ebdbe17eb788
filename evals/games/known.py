"""Games with answers that others published, and games drawn from seeds."""

import random
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from state.games import Bimatrix

Rows = Sequence[Sequence[int | Fraction]]


def game_of(rows: Rows, columns: Rows) -> Bimatrix:
    """Return a game of two matrices of numbers."""
    first = tuple(tuple(Fraction(entry) for entry in row) for row in rows)
    return Bimatrix(first, tuple(tuple(Fraction(entry) for entry in row) for row in columns))


class Textbook(NamedTuple):
    """A game and its extreme equilibria: pairs of distributions."""

    name: str
    game: Bimatrix
    equilibria: frozenset[tuple[tuple[Fraction, ...], tuple[Fraction, ...]]]


def _book(name: str, rows: Rows, columns: Rows, *equilibria: tuple[str, str]) -> Textbook:
    def mixed(text: str) -> tuple[Fraction, ...]:
        return tuple(map(Fraction, text.split()))

    return Textbook(name, game_of(rows, columns), frozenset((mixed(one), mixed(two)) for one, two in equilibria))


TEXTBOOKS = (
    _book("prisoners' dilemma", [[3, 0], [5, 1]], [[3, 5], [0, 1]], ("0 1", "0 1")),
    _book("matching pennies", [[1, -1], [-1, 1]], [[-1, 1], [1, -1]], ("1/2 1/2", "1/2 1/2")),
    _book(
        "battle of the sexes",
        *([[3, 0], [0, 2]], [[2, 0], [0, 3]]),
        *(("1 0", "1 0"), ("0 1", "0 1"), ("3/5 2/5", "2/5 3/5")),
    ),
    _book(
        "stag hunt",
        *([[4, 0], [3, 3]], [[4, 3], [0, 3]]),
        *(("1 0", "1 0"), ("0 1", "0 1"), ("3/4 1/4", "3/4 1/4")),
    ),
    _book(
        "chicken",
        *([[0, -1], [1, -10]], [[0, 1], [-1, -10]]),
        *(("1 0", "0 1"), ("0 1", "1 0"), ("9/10 1/10", "9/10 1/10")),
    ),
    _book(
        "rock, paper, scissors",
        *([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], [[0, 1, -1], [-1, 0, 1], [1, -1, 0]]),
        ("1/3 1/3 1/3", "1/3 1/3 1/3"),
    ),
    _book(
        "a strategy that only a mixture dominates",
        *([[3, 0], [0, 3], [1, 1]], [[0, 1], [1, 0], [0, 0]]),
        ("1/2 1/2 0", "1/2 1/2"),
    ),
    _book(
        "a degenerate game: an indifferent player",
        *([[1, 1], [0, 0]], [[1, 1], [0, 0]]),
        *(("1 0", "1 0"), ("1 0", "0 1")),
    ),
)

VON_STENGEL_COUNT = 75


def von_stengel() -> Bimatrix:
    """Return the game of six strategies each with the most equilibria that are known.

    Payoffs and their number: B. von Stengel, "New maximal numbers of equilibria in bimatrix games", Discrete &
    Computational Geometry 21 (1999).
    """
    rows = [
        [9504, -660, 19976, -20526, 1776, -8976],
        [-111771, 31680, -130944, 168124, -8514, 52764],
        [397584, -113850, 451176, -586476, 29216, -178761],
        [171204, -45936, 208626, -263076, 14124, -84436],
        [1303104, -453420, 1227336, -1718376, 72336, -461736],
        [737154, -227040, 774576, -1039236, 48081, -300036],
    ]
    # The second player's are the same numbers with the roles changed and its strategies in another order.
    order = (4, 5, 2, 3, 0, 1)
    columns = [[rows[order[j]][order[i]] for j in range(6)] for i in range(6)]
    return game_of(rows, columns)


def drawn_game(seed: int) -> Bimatrix:
    """Return a game of two to five strategies each; every third has few different payoffs, so that it is degenerate."""
    draw = random.Random(seed)  # noqa: S311  a seeded case
    rows, columns = draw.randint(2, 5), draw.randint(2, 5)
    most = 3 if seed % 3 == 0 else 1_000
    return game_of(*([[draw.randint(0, most) for _ in range(columns)] for _ in range(rows)] for _ in range(2)))
