"""Rows of votes: the distinct ones with how often they occur, and how correlated voters count in them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Votes = NDArray[np.integer]
Floats = NDArray[np.float64]
Groups = Sequence[Sequence[int]]

ABSTAINS = -1

_INT64 = 2**62


def discount(votes: Votes, groups: Groups, correlation: float) -> Floats:
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


def distinct(votes: Votes, classes: int) -> tuple[NDArray[np.int64], Floats, NDArray[np.intp]]:
    """Return the distinct rows, how often each occurs, and for each row which it is; ValueError for other votes."""
    if votes.size and (votes.min() < ABSTAINS or votes.max() >= classes):
        raise ValueError(f"votes are -1 to {classes - 1}")
    base, voters = classes + 1, votes.shape[1]
    if base**voters >= _INT64:
        rows, inverse, counts = np.unique(votes, axis=0, return_inverse=True, return_counts=True)
        return rows.astype(np.int64), counts.astype(np.float64), inverse.reshape(-1)
    places = np.array([base**place for place in range(voters)], dtype=np.int64)
    codes, inverse, counts = np.unique((votes.astype(np.int64) + 1) @ places, return_inverse=True, return_counts=True)
    return codes[:, None] // places % base - 1, counts.astype(np.float64), inverse.reshape(-1)


def fellows_of(voters: int, groups: Groups) -> list[frozenset[int]]:
    """Return for each voter the others of its group."""
    found = [frozenset[int]() for _ in range(voters)]
    for group in groups:
        for voter in group:
            found[voter] = frozenset(group) - {voter}
    return found
