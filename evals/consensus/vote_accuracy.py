"""Decisions of simulated voters whose reliabilities are known: learned weights beside those of an oracle.

A voter's reliability is drawn between a little above chance and 0.95; its errors are spread evenly, or, where voters
are systematic, mostly fall on one other class. One of a correlated pair copies the other's vote in four of five items,
else it judges for itself. Who abstains is not right: the best single voter is charged for it.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from algorithms.intervals import bootstrap_mean
from algorithms.voting.reliability import ABSTAINS, dawid_skene, one_coin, reliabilities

ITEMS = 2_000
"""Items of one simulated vote: about the doubtful cells of a table."""

_COPIED = 0.8
_ABOVE_CHANCE = 0.05
_BEST = 0.95
_UNEVEN = 0.3  # of the Dirichlet distribution of systematic errors: most fall on one class
_RARE = 1e-6
_EARLIER = 100  # outcomes of each voter in earlier runs

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Condition(NamedTuple):
    """What is simulated."""

    voters: int
    classes: int
    abstain: float = 0.0
    pairs: int = 0  # of correlated voters
    systematic: bool = False  # each voter takes each class for a certain other more than for the rest

    @property
    def name(self) -> str:
        """The condition in words."""
        told = f"{self.voters} voters, {self.classes} classes"
        told += f", {self.abstain:.0%} abstain" if self.abstain else ""
        told += ", systematic errors" if self.systematic else ""
        return told + (f", {self.pairs} correlated pairs" if self.pairs else "")

    @property
    def groups(self) -> tuple[tuple[int, int], ...]:
        """The pairs: the first two voters, the next two."""
        return tuple((2 * pair, 2 * pair + 1) for pair in range(self.pairs))


class Simulated(NamedTuple):
    """A simulated vote."""

    truth: Ints
    votes: Ints  # items x voters
    confusion: Floats  # voters x true class x class voted for
    earlier: tuple[tuple[int, int], ...]  # right and wrong outcomes of each voter in earlier runs

    @property
    def reliability(self) -> Floats:
        """The share of right votes of each voter, all classes being equally frequent."""
        shares: Floats = np.einsum("vcc->v", self.confusion) / self.confusion.shape[1]
        return shares


CONDITIONS = tuple(
    Condition(voters, classes, abstain, pairs)
    for voters in (3, 5, 7, 15)
    for classes in (2, 8)
    for abstain in (0.0, 0.3)
    for pairs in ((0, 2) if voters > 3 else (0,))  # noqa: PLR2004  two pairs need more voters than three
)


SYSTEMATIC = tuple(Condition(5, classes, systematic=True) for classes in (2, 4, 8))
"""Conditions for the full model of Dawid and Skene."""


def simulate(condition: Condition, seed: int, items: int = ITEMS) -> Simulated:
    """Return a vote drawn from a seed."""
    draw = np.random.default_rng([seed, *condition[:2], condition.pairs, round(100 * condition.abstain)])
    voters, classes = condition.voters, condition.classes
    confusion = _confusions(condition, draw)
    for first, second in condition.groups:
        confusion[second] = confusion[first]
    truth = draw.integers(0, classes, items)
    chance = draw.random((items, voters))
    below = confusion.cumsum(axis=2)[:, truth, :-1].transpose(1, 0, 2)  # items x voters x classes but the last
    votes = (chance[:, :, None] > below).sum(axis=2)
    for first, second in condition.groups:
        copied = draw.random(items) < _COPIED
        votes[copied, second] = votes[copied, first]
    votes[draw.random(votes.shape) < condition.abstain] = ABSTAINS
    rights = draw.binomial(_EARLIER, np.einsum("vcc->v", confusion) / classes)
    return Simulated(truth, votes, confusion, tuple((int(right), _EARLIER - int(right)) for right in rights))


def _confusions(condition: Condition, draw: np.random.Generator) -> Floats:
    """Return the confusions of the voters: voters x true class x class voted for."""
    voters, classes = condition.voters, condition.classes
    shape = (voters, classes) if condition.systematic else (voters, 1)
    right = draw.uniform(1 / classes + _ABOVE_CHANCE, _BEST, shape) * np.ones((voters, classes))
    errors = np.ones((voters, classes, classes))
    if condition.systematic:
        errors = draw.dirichlet(np.full(classes, _UNEVEN), (voters, classes)) + _RARE
    errors[:, range(classes), range(classes)] = 0.0
    confusion: Floats = errors / errors.sum(axis=2, keepdims=True) * (1 - right)[:, :, None]
    confusion[:, range(classes), range(classes)] = right
    return confusion


def accuracies(condition: Condition, seed: int, items: int = ITEMS) -> dict[str, float]:
    """Return the share of right decisions by each way to decide, on the same votes."""
    vote = simulate(condition, seed, items)
    classes, groups = condition.classes, condition.groups
    known = np.array([posterior.mean for posterior in reliabilities(vote.earlier)])
    decided = {
        "oracle": _likeliest(vote) if condition.systematic else _weighted(vote, vote.reliability, classes, groups),
        "one coin": one_coin(vote.votes, classes, groups=groups).decisions,
        "Dawid-Skene": dawid_skene(vote.votes, classes, groups=groups).decisions,
        "earlier outcomes": _weighted(vote, known, classes, groups),
        "majority": _weighted(vote, np.full(condition.voters, _BEST), classes, ()),
        "best single voter": vote.votes[:, int(np.argmax(vote.reliability))],
    }
    return {way: float(np.mean(decisions == vote.truth)) for way, decisions in decided.items()}


def _weighted(vote: Simulated, reliability: Floats, classes: int, groups: tuple[tuple[int, int], ...]) -> Ints:
    """Return the decisions by weights that are known; equal ones are a plain majority."""
    wrong = 1 - reliability
    return one_coin(vote.votes, classes, right=reliability, wrong=wrong, groups=groups, fixed=True).decisions


def _likeliest(vote: Simulated) -> Ints:
    """Return the decisions by the confusions as they are; nobody abstains."""
    logarithms = np.log(vote.confusion + _RARE)
    score = sum(logarithms[voter][:, vote.votes[:, voter]].T for voter in range(vote.votes.shape[1]))
    best: Ints = np.argmax(score, axis=1)
    return best


def measure(condition: Condition, seeds: int) -> dict[str, tuple[float, ...]]:
    """Return the accuracy of each way by seed."""
    found = [accuracies(condition, seed) for seed in range(seeds)]
    return {way: tuple(each[way] for each in found) for way in found[0]}


def behind_oracle(measured: Mapping[str, tuple[float, ...]], way: str) -> tuple[float, float, float]:
    """Return by how much a way is behind the oracle on the mean of the seeds, with its 95 % interval."""
    lost = [oracle - own for oracle, own in zip(measured["oracle"], measured[way], strict=True)]
    return (sum(lost) / len(lost), *bootstrap_mean([[each] for each in lost]))
