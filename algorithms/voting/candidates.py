"""The one-coin model over open sets of labels: distinct rows of votes for candidates, and what they make likely."""

import numpy as np
from numpy.typing import NDArray

from algorithms.voting.rows import ABSTAINS, Floats, Groups, Votes, discount, distinct, fellows_of

LEAST, MOST = 1e-3, 1 - 1e-3
"""No voter is taken for worse, nor for surer."""


class Candidates:
    """Distinct rows of votes for candidates, laid end to end: one cell for each candidate of each row."""

    def __init__(self, votes: Votes, labels: NDArray[np.int64], groups: Groups, correlation: float) -> None:
        if votes.size and votes.min() < ABSTAINS:
            raise ValueError("votes are -1 or a candidate's number")
        if labels.size and labels.min() < 2:  # noqa: PLR2004  one label is no choice
            raise ValueError("there are at least two labels")
        together = np.column_stack([votes.astype(np.int64), _places(labels)])
        classes = int(together.max(initial=0)) + 1
        rows, self._counts, self._inverse = distinct(together, classes)
        self._rows, self._labels = rows[:, :-1], np.unique(labels)[rows[:, -1]] if len(rows) else labels
        self._fellows = fellows_of(votes.shape[1], groups)
        discounts = discount(self._rows, groups, correlation)
        self._sizes = np.maximum(self._rows.max(axis=1, initial=ABSTAINS) + 1, 1)
        self._labels = np.maximum(self._labels, self._sizes)  # there are at least as many labels as candidates
        self._starts = np.concatenate([[0], np.cumsum(self._sizes)[:-1]]).astype(np.int64)
        self._owner = np.repeat(np.arange(len(self._rows)), self._sizes)
        voting = [np.flatnonzero(votes >= 0) for votes in self._rows.T]
        self._cells = [self._starts[rows] + self._rows[rows, voter] for voter, rows in enumerate(voting)]
        self._given = [discounts[rows, voter] for voter, rows in enumerate(voting)]

    def posterior(self, accuracy: Floats) -> Floats:
        """Return the probability of every candidate among all labels of its item; the unnamed ones have the rest."""
        score = np.zeros(len(self._owner))
        for voter, cells in enumerate(self._cells):
            score[cells] += self._given[voter] * self._odds(accuracy, voter)
        return self._normal(score)

    def agreement(self, accuracy: Floats) -> tuple[Floats, Floats]:
        """Return for each voter how many of its votes are right, as expected, and how many it gave.

        Correlated voters do not vouch for each other: each counts whole, and its fellows not at all.
        """
        odds = [self._odds(accuracy, voter) for voter in range(len(self._cells))]
        score = np.zeros(len(self._owner))
        for voter, cells in enumerate(self._cells):
            score[cells] += self._given[voter] * odds[voter]
        together = self._normal(score)
        agreed, voted = np.zeros(len(self._cells)), np.zeros(len(self._cells))
        for voter, cells in enumerate(self._cells):
            posterior = together
            if self._fellows[voter]:
                alone = score.copy()
                alone[cells] += (1.0 - self._given[voter]) * odds[voter]
                for fellow in self._fellows[voter]:
                    alone[self._cells[fellow]] -= self._given[fellow] * odds[fellow]
                posterior = self._normal(alone)
            counts = self._counts[self._owner[cells]]
            agreed[voter], voted[voter] = counts @ posterior[cells], counts.sum()
        return agreed, voted

    def _odds(self, accuracy: Floats, voter: int) -> Floats:
        """Return what each vote of a voter weighs."""
        p = np.clip(accuracy[voter], LEAST, MOST)
        odds: Floats = np.log(p * (self._labels[self._owner[self._cells[voter]]] - 1) / (1 - p))
        return odds

    def _normal(self, score: Floats) -> Floats:
        """Return scores as probabilities."""
        if not len(score):
            return score
        top = np.maximum(np.maximum.reduceat(score, self._starts), 0.0)
        likely = np.exp(score - top[self._owner])
        unnamed = (self._labels - self._sizes) * np.exp(-top)
        whole = np.add.reduceat(likely, self._starts) + unnamed
        posterior: Floats = likely / whole[self._owner]
        return posterior

    def decide(self, posterior: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Return the most likely candidate of every item and its probability."""
        if not len(self._rows):
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        best = np.maximum.reduceat(posterior, self._starts)
        cells = np.flatnonzero(posterior == best[self._owner])
        _, first = np.unique(self._owner[cells], return_index=True)
        decisions = cells[first] - self._starts
        silent = np.all(self._rows == ABSTAINS, axis=1)
        decisions[silent], best[silent] = ABSTAINS, 0.0
        return decisions[self._inverse], best[self._inverse]


def _places(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each number of labels which of the distinct ones it is."""
    return np.unique(labels, return_inverse=True)[1].reshape(-1).astype(np.int64)
