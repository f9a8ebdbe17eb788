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

from algorithms.voting.candidates import LEAST, MOST, Candidates
from algorithms.voting.rows import ABSTAINS, Floats, Groups, Votes, discount, distinct, fellows_of

__all__ = [
    "ABSTAINS",
    "CORRELATION",
    "DawidSkene",
    "OneCoin",
    "Reliability",
    "dawid_skene",
    "discount",
    "factorise",
    "one_coin",
    "reliabilities",
    "weight",
]

CORRELATION = 0.8
"""Correlation that is assumed among voters that share a model."""

PSEUDO_VOTES = 20.0
"""How many votes even errors count in each row of a voter's confusions."""

_ITERATIONS = 200
_CONVERGED = 1e-4  # largest change of a reliability in the last iteration


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
    pseudo_votes: float = PSEUDO_VOTES,
) -> DawidSkene:
    """Return the estimates of the full model for a closed set of classes.

    Each row of a confusion matrix is shrunk towards even errors at the voter's own accuracy over all classes, which
    count `pseudo_votes` votes: with few votes it is the one-coin model, with many the voter's own confusions. Members
    of a group do not vouch for each other, as in `one_coin`. ValueError for votes that name no class.
    """
    rows, counts, inverse = distinct(votes, classes)
    discounts = discount(rows, groups, correlation)
    fellows = fellows_of(rows.shape[1], groups)
    posterior = _plurality(rows, classes, discounts)
    views = [posterior] * rows.shape[1]
    accuracy = np.zeros(rows.shape[1])
    step, change = 0, np.inf
    while step < _ITERATIONS and change > _CONVERGED:
        prevalence = (counts @ posterior + 1) / (counts.sum() + classes)
        confusion = np.stack(
            [_confusion(rows[:, voter], counts, view, pseudo_votes) for voter, view in enumerate(views)]
        )
        posterior, views = _expect(rows, discounts, fellows, np.log(prevalence), np.log(confusion))
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
    model = Candidates(votes, many, groups, correlation)
    voters = votes.shape[1]
    right = np.full(voters, 8.0) if right is None else right
    wrong = np.full(voters, 2.0) if wrong is None else wrong
    accuracy = right / (right + wrong)
    step, change = 0, 0.0 if fixed else np.inf
    while step < _ITERATIONS and change > _CONVERGED:
        agreed, voted = model.agreement(accuracy)
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
    p = np.clip(accuracy, LEAST, MOST)
    odds: Floats = np.log(p * (np.asarray(classes, dtype=np.float64) - 1) / (1 - p))
    counted: Floats = np.maximum(odds, 0.0)
    return counted


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


def _plurality(rows: NDArray[np.int64], classes: int, discounts: Floats) -> Floats:
    """Return the shares of each class among the votes of a row: where EM begins."""
    tally = np.full((len(rows), classes), 1.0 / classes)
    for voter in range(rows.shape[1]):
        voting = np.flatnonzero(rows[:, voter] >= 0)
        tally[voting, rows[voting, voter]] += discounts[voting, voter]
    shares: Floats = tally / tally.sum(axis=1, keepdims=True)
    return shares


def _confusion(votes: NDArray[np.int64], counts: Floats, posterior: Floats, pseudo_votes: float) -> Floats:
    """Return the confusions of one voter that the posterior (rows x classes) makes most likely."""
    classes = posterior.shape[1]
    voting = votes >= 0
    seen = (counts[voting, None] * posterior[voting]).T @ np.eye(classes)[votes[voting]]
    accuracy = (np.trace(seen) + 2.0) / (seen.sum() + 2.0 + 2.0 * (classes - 1) / classes)
    even = np.full((classes, classes), (1 - accuracy) / max(1, classes - 1))
    np.fill_diagonal(even, accuracy)
    shrunk: Floats = seen + pseudo_votes * even
    confusion: Floats = shrunk / shrunk.sum(axis=1, keepdims=True)
    return confusion


def _expect(
    rows: NDArray[np.int64],
    discounts: Floats,
    fellows: Sequence[frozenset[int]],
    prevalence: Floats,
    confusion: Floats,
) -> tuple[Floats, list[Floats]]:
    """Return the posterior of the classes, and as it is seen by each voter: itself whole, its fellows left out.

    `prevalence` and `confusion` are logarithms.
    """
    score = np.tile(prevalence, (len(rows), 1))
    said: dict[int, Floats] = {}  # of those with fellows
    for voter in range(rows.shape[1]):
        voting = rows[:, voter] >= 0
        each = np.where(voting[:, None], confusion[voter][:, rows[:, voter]].T, 0.0)
        score += discounts[:, voter, None] * each
        if fellows[voter]:
            said[voter] = each
    posterior = _normal(score)
    views = [posterior] * rows.shape[1]
    for voter, own in said.items():
        alone = score + (1.0 - discounts[:, voter, None]) * own
        for fellow in fellows[voter]:
            alone -= discounts[:, fellow, None] * said[fellow]
        views[voter] = _normal(alone)
    return posterior, views


def _normal(score: Floats) -> Floats:
    """Return scores as probabilities."""
    likely = np.exp(score - score.max(axis=1, keepdims=True))
    posterior: Floats = likely / likely.sum(axis=1, keepdims=True)
    return posterior
