"""The vote on the cells of one column: every voter's choice, reliabilities learned without labels, the winner's chance.

The one-coin model of Dawid and Skene (`algorithms.voting.reliability`) over all cells of the column, not only the
contested ones: a voter that often contradicts cells that nobody else doubts loses its weight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from algorithms.repair.factors import Codes, Factor, Flags, Numbers
from algorithms.repair.opinions import Opinions
from algorithms.voting.reliability import ABSTAINS, one_coin

_MOST_CANDIDATES: Final = 8
_EMPTY: Final = -9  # a candidate's place that nobody has taken


@dataclass(frozen=True, slots=True)
class Tally:
    """How the vote on a column ended; arrays over its rows."""

    winner: Codes  # code of the winning value
    chance: Numbers  # that it is right, 0..1
    accuracy: tuple[float, ...]  # learned, of each voter
    opinions: tuple[Opinions, ...]


def hold_vote(factor: Factor, opinions: Sequence[Opinions], correlation: float) -> Tally:
    """Return the outcome for every row; the value that stands in a cell is its first candidate and wins ties."""
    candidates = np.full((factor.codes.size, _MOST_CANDIDATES), _EMPTY, dtype=np.int64)
    candidates[:, 0] = factor.codes
    votes = np.full((factor.codes.size, len(opinions)), ABSTAINS, dtype=np.int64)
    for place, spoken in enumerate(opinions):
        votes[spoken.rows, place] = _enter(candidates, spoken.rows, spoken.choices)
    told = one_coin(
        votes,
        max(2, round(effective_size(factor))),
        right=np.array([spoken.right for spoken in opinions]),
        wrong=np.array([spoken.wrong for spoken in opinions]),
        groups=_groups(opinions),
        correlation=correlation,
    )
    first = np.where(told.decisions >= 0, told.decisions, 0)
    winner = candidates[np.arange(first.size), first]
    return Tally(winner, told.confidence, tuple(map(float, told.accuracy)), tuple(opinions))


def contested(factor: Factor, opinions: Sequence[Opinions]) -> Flags:
    """Whether anybody speaks against the value that stands in the cell, row by row."""
    against = np.zeros(factor.codes.size, dtype=bool)
    for spoken in opinions:
        against[spoken.rows[spoken.choices != factor.codes[spoken.rows]]] = True
    return against


def _enter(candidates: Codes, rows: Codes, choices: Codes) -> Codes:
    """Return each choice's place among its row's candidates, taking a free one for a new choice."""
    places = np.full(rows.size, ABSTAINS, dtype=np.int64)
    for place in range(_MOST_CANDIDATES):
        held = candidates[rows, place]
        open_ = (places == ABSTAINS) & ((held == choices) | (held == _EMPTY))
        candidates[rows[open_], place] = choices[open_]
        places[open_] = place
    return places


def effective_size(factor: Factor) -> float:
    """Return how many equally likely values the column's distribution amounts to (the inverse of Simpson's index)."""
    counts = factor.counts().astype(np.float64)
    total = counts.sum()
    return float(total * total / np.square(counts).sum()) if total else 0.0


def _groups(opinions: Sequence[Opinions]) -> list[list[int]]:
    """Return the voters of each specialist together: what they say comes from the same evidence."""
    names = sorted({spoken.specialist for spoken in opinions})
    return [[place for place, spoken in enumerate(opinions) if spoken.specialist == name] for name in names]
