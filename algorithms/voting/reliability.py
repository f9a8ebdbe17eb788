"""How reliable voters are: learned without truth from how they agree, and from the outcomes of earlier runs.

Votes are integer arrays of items by voters: the class or candidate voted for, from 0, or -1 for an abstention. Equal
rows are counted once, so hundreds of thousands of items cost no more than their distinct rows.

Sources: A. P. Dawid and A. M. Skene, Maximum likelihood estimation of observer error-rates using the EM algorithm,
Applied Statistics 28 (1979); the one-coin model and its weights: H. Li and B. Yu, Error rate bounds and iterative
weighted majority voting for crowdsourcing (2014), with log(p(K-1)/(1-p)) the weight that is best for K options of
which the wrong ones are equally likely; the design effect by which correlated voters are discounted: L. Kish, Survey
Sampling (1965).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Votes = NDArray[np.integer]
Floats = NDArray[np.float64]
Groups = Sequence[Sequence[int]]

ABSTAINS = -1
CORRELATION = 0.8
"""Correlation that is assumed among voters that share a model."""

_LEAST, _MOST = 1e-3, 1 - 1e-3  # no voter is taken for surer, nor for worse
_ITERATIONS = 200
_CONVERGED = 1e-5  # largest change of a reliability in the last iteration
_INT64 = 2**62


class DawidSkene(NamedTuple):
    """Estimates of the full model: each voter has a matrix of its confusions."""

    posterior: Floats  # items x classes: probability of the true class
    prevalence: Floats  # classes
    confusion: Floats  # voters x true class x class voted for
    accuracy: Floats  # voters: share of right votes expected under the prevalence
    iterations: int
    converged: bool

    @property
    def decisions(self) -> NDArray[np.int64]:
        """The most likely class of each item; of equal ones the first."""
        best: NDArray[np.int64] = np.argmax(self.posterior, axis=1).astype(np.int64)
        return best


class OneCoin(NamedTuple):
    """Estimates of the one-coin model: each voter is right with one probability, its errors are spread evenly."""

    decisions: NDArray[np.int64]  # items: the most likely candidate, of equal ones the first; -1 where nobody voted
    confidence: Floats  # items: its probability among all labels; 0 where nobody voted
    accuracy: Floats  # voters
    iterations: int
    converged: bool


def dawid_skene(
    votes: Votes,
    classes: int,
    *,
    groups: Groups = (),
    correlation: float = CORRELATION,
    pseudo_votes: float = 1.0,
) -> DawidSkene:
    """Return the estimates of the full model for a closed set of classes.

    `pseudo_votes` is how many votes the prior of each row of a confusion matrix counts, the diagonal having twice the
    share of another class; it keeps voters with few votes near it and the classes from changing names. ValueError
    for votes that name no class.
    """
    rows, counts, inverse = _distinct(votes, classes)
    discounts = discount(rows, groups, correlation)
    prior = pseudo_votes * (np.ones((classes, classes)) + np.eye(classes)) / (classes + 1)
    posterior = _plurality(rows, classes, discounts)
    accuracy = np.zeros(rows.shape[1])
    step, change = 0, np.inf
    while step < _ITERATIONS and change > _CONVERGED:
        prevalence, confusion = _maximise(rows, counts[:, None] * posterior, prior)
        posterior = _expect(rows, discounts, np.log(prevalence), np.log(confusion))
        now = np.einsum("c,vcc->v", prevalence, confusion)
        step, change, accuracy = step + 1, float(np.max(np.abs(now - accuracy), initial=0.0)), now
    return DawidSkene(posterior[inverse], prevalence, confusion, accuracy, step, change <= _CONVERGED)


def one_coin(
    votes: Votes,
    labels: int | NDArray[np.integer],
    *,
    right: Floats | None = None,
    wrong: Floats | None = None,
    groups: Groups = (),
    correlation: float = CORRELATION,
    fixed: bool = False,
) -> OneCoin:
    """Return the estimates of the one-coin model for open sets of labels.

    Votes name the candidates of their own item, numbered from 0 (`factorise`); `labels` is how many labels are
    possible, of all items or of each (at least 2). `right` and `wrong` are the pseudo-votes of each voter's Beta prior
    (8 and 2 unless given: voters are taken to be mostly right). With `fixed` the reliabilities stay at the mean of
    that prior, so that a decision is a weighted vote. ValueError for votes below -1 or labels below 2.
    """
    many = np.broadcast_to(np.asarray(labels, dtype=np.int64), (len(votes),))
    model = _Candidates(votes, many, groups, correlation)
    voters = votes.shape[1]
    right = np.full(voters, 8.0) if right is None else right
    wrong = np.full(voters, 2.0) if wrong is None else wrong
    accuracy = right / (right + wrong)
    step, change = 0, 0.0 if fixed else np.inf
    while step < _ITERATIONS and change > _CONVERGED:
        agreed, voted = model.agreement(model.posterior(accuracy))
        now = (right + agreed) / (right + wrong + voted)
        step, change, accuracy = step + 1, float(np.max(np.abs(now - accuracy), initial=0.0)), now
    decisions, confidence = model.decide(model.posterior(accuracy))
    return OneCoin(decisions, confidence, accuracy, step, change <= _CONVERGED)


def factorise(labels: Sequence[Sequence[str | None]]) -> tuple[NDArray[np.int64], list[list[str]]]:
    """Return votes for one_coin and the candidates of each item in order, from labels of items by voters.

    Candidates are sorted, so that ties do not hang on who voted first. None abstains.
    """
    candidates = [sorted({label for label in row if label is not None}) for row in labels]
    voters = len(labels[0]) if labels else 0
    votes = np.full((len(labels), voters), ABSTAINS, dtype=np.int64)
    for number, (row, names) in enumerate(zip(labels, candidates, strict=True)):
        places = {name: place for place, name in enumerate(names)}
        votes[number] = [ABSTAINS if label is None else places[label] for label in row]
    return votes, candidates


def weight(accuracy: Floats, classes: float | Floats) -> Floats:
    """Return log(p(K-1)/(1-p)): the weight of a vote for one of K classes; 0 for a voter no better than chance."""
    p = np.clip(accuracy, _LEAST, _MOST)
    odds: Floats = np.log(p * (np.asarray(classes, dtype=np.float64) - 1) / (1 - p))
    return np.maximum(odds, 0.0)


class Reliability(NamedTuple):
    """A voter's reliability from earlier outcomes: a Beta posterior."""

    right: float  # its parameters: outcomes and prior
    wrong: float

    @property
    def mean(self) -> float:
        """The probability that the next vote is right."""
        return self.right / (self.right + self.wrong)

    @property
    def deviation(self) -> float:
        """The standard deviation of that probability."""
        total = self.right + self.wrong
        return float(np.sqrt(self.right * self.wrong / (total * total * (total + 1))))


def reliabilities(outcomes: Sequence[tuple[int, int]], *, strength: float = 10.0) -> tuple[Reliability, ...]:
    """Return the posterior of each voter from its (right, wrong) outcomes of earlier runs.

    Voters are shrunk towards the share of right votes of all of them together: the prior counts `strength` outcomes,
    so a voter without outcomes has that share, and one with many its own. Without any outcome that share is a half
    to begin with (one right and one wrong outcome are added).
    """
    rights, wrongs = sum(right for right, _ in outcomes), sum(wrong for _, wrong in outcomes)
    pooled = (rights + 1) / (rights + wrongs + 2)
    return tuple(Reliability(strength * pooled + right, strength * (1 - pooled) + wrong) for right, wrong in outcomes)


def discount(votes: Votes, groups: Groups, correlation: float = CORRELATION) -> Floats:
    """Return by how much each vote counts (items x voters): 1, or less where correlated voters vote on the same item.

    m members of a group that vote on an item count together as m / (1 + (m-1) c), whatever m at most 1/c: with a
    correlation of 0.8 two count as 1.11 and any number as less than 1.25.
    """
    factors = np.ones(votes.shape)
    for group in groups:
        members = list(group)
        voting = np.maximum(np.sum(votes[:, members] != ABSTAINS, axis=1), 1)
        factors[:, members] = (1.0 / (1.0 + (voting - 1) * correlation))[:, None]
    return factors


def _distinct(votes: Votes, classes: int) -> tuple[NDArray[np.int64], Floats, NDArray[np.intp]]:
    """Return the distinct rows, how often each occurs, and for each row which it is."""
    if votes.size and (votes.min() < ABSTAINS or votes.max() >= classes):
        raise ValueError(f"votes are -1 to {classes - 1}")
    base, voters = classes + 1, votes.shape[1]
    if base**voters >= _INT64:
        rows, inverse, counts = np.unique(votes, axis=0, return_inverse=True, return_counts=True)
        return rows.astype(np.int64), counts.astype(np.float64), inverse.reshape(-1)
    places = np.array([base**place for place in range(voters)], dtype=np.int64)
    codes, inverse, counts = np.unique((votes.astype(np.int64) + 1) @ places, return_inverse=True, return_counts=True)
    return codes[:, None] // places % base - 1, counts.astype(np.float64), inverse.reshape(-1)


def _plurality(rows: NDArray[np.int64], classes: int, discounts: Floats) -> Floats:
    """Return the shares of each class among the votes of a row: where EM begins."""
    tally = np.full((len(rows), classes), 1.0 / classes)
    for voter in range(rows.shape[1]):
        voting = np.flatnonzero(rows[:, voter] >= 0)
        tally[voting, rows[voting, voter]] += discounts[voting, voter]
    return tally / tally.sum(axis=1, keepdims=True)


def _maximise(rows: NDArray[np.int64], weights: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Return prevalence and confusions that the weighted posterior (rows x classes) makes most likely."""
    classes = weights.shape[1]
    prevalence = weights.sum(axis=0) + 1.0
    confusion = np.empty((rows.shape[1], classes, classes))
    for voter in range(rows.shape[1]):
        voting = rows[:, voter] >= 0
        chosen = np.eye(classes)[rows[voting, voter]]
        confusion[voter] = prior + weights[voting].T @ chosen
    return prevalence / prevalence.sum(), confusion / confusion.sum(axis=2, keepdims=True)


def _expect(rows: NDArray[np.int64], discounts: Floats, prevalence: Floats, confusion: Floats) -> Floats:
    """Return the posterior of the classes; `prevalence` and `confusion` are logarithms."""
    score = np.tile(prevalence, (len(rows), 1))
    for voter in range(rows.shape[1]):
        voting = np.flatnonzero(rows[:, voter] >= 0)
        score[voting] += discounts[voting, voter, None] * confusion[voter][:, rows[voting, voter]].T
    score = np.exp(score - score.max(axis=1, keepdims=True))
    posterior: Floats = score / score.sum(axis=1, keepdims=True)
    return posterior


class _Candidates:
    """Distinct rows of votes for candidates, laid end to end: one cell for each candidate of each row."""

    def __init__(self, votes: Votes, labels: NDArray[np.int64], groups: Groups, correlation: float) -> None:
        if votes.size and votes.min() < ABSTAINS:
            raise ValueError("votes are -1 or a candidate's number")
        if labels.size and labels.min() < 2:  # noqa: PLR2004  one label is no choice
            raise ValueError("there are at least two labels")
        together = np.column_stack([votes.astype(np.int64), _places(labels)])
        classes = int(together.max(initial=0)) + 1
        rows, self._counts, self._inverse = _distinct(together, classes)
        self._rows, self._labels = rows[:, :-1], np.unique(labels)[rows[:, -1]] if len(rows) else labels
        self._discounts = discount(self._rows, groups, correlation)
        self._sizes = np.maximum(self._rows.max(axis=1, initial=ABSTAINS) + 1, 1)
        self._labels = np.maximum(self._labels, self._sizes)  # there are at least as many labels as candidates
        self._starts = np.concatenate([[0], np.cumsum(self._sizes)[:-1]]).astype(np.int64)
        self._owner = np.repeat(np.arange(len(self._rows)), self._sizes)

    def posterior(self, accuracy: Floats) -> Floats:
        """Return the probability of every candidate among all labels of its item; the unnamed ones have the rest."""
        score = np.zeros(len(self._owner))
        p = np.clip(accuracy, _LEAST, _MOST)
        for voter in range(self._rows.shape[1]):
            voting = np.flatnonzero(self._rows[:, voter] >= 0)
            odds = np.log(p[voter] * (self._labels[voting] - 1) / (1 - p[voter]))
            score[self._starts[voting] + self._rows[voting, voter]] += self._discounts[voting, voter] * odds
        if not len(score):
            return score
        top = np.maximum(np.maximum.reduceat(score, self._starts), 0.0)
        likely = np.exp(score - top[self._owner])
        unnamed = (self._labels - self._sizes) * np.exp(-top)
        whole = np.add.reduceat(likely, self._starts) + unnamed
        posterior: Floats = likely / whole[self._owner]
        return posterior

    def agreement(self, posterior: Floats) -> tuple[Floats, Floats]:
        """Return for each voter how many of its votes are right, as expected, and how many it gave."""
        agreed, voted = np.zeros(self._rows.shape[1]), np.zeros(self._rows.shape[1])
        for voter in range(self._rows.shape[1]):
            voting = np.flatnonzero(self._rows[:, voter] >= 0)
            agreed[voter] = self._counts[voting] @ posterior[self._starts[voting] + self._rows[voting, voter]]
            voted[voter] = self._counts[voting].sum()
        return agreed, voted

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
