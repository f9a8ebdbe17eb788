"""Whether a new version is better or worse than the old one, by a test that may be looked at after every outcome.

Two e-processes, one for each direction. Outcomes are taken in blocks of one of the new version and `per_block` of the
old one. The e-value of a block is its likelihood under two rates a (new) and b (old), estimated from the blocks before,
over its likelihood under one rate p = (a + k b) / (1 + k) for both (Turner, Ly and Gruenwald 2024, two-sample tests for
two-by-two tables). For a < b its expectation is at most 1 whenever the new version is truly no worse: it falls in the
new version's rate and grows in the old one's, so it is greatest where both are equal, and there its logarithm is
concave with its maximum, 0, at p. The product of the blocks therefore exceeds 1 / alpha ever, at any time that is
looked at, with a probability of at most alpha (Ville's inequality).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Comparison(StrEnum):
    """What is known of the new version."""

    OPEN = "open"
    BETTER = "better"
    WORSE = "worse"
    ALIKE = "alike"  # so much was seen that a difference worth knowing would have shown


@dataclass(frozen=True, slots=True)
class Evidence:
    """How far a comparison is: logarithms of the largest e-values so far."""

    comparison: Comparison
    worse: float  # ln of the e-value against "the new version is no worse"
    better: float  # ln of the e-value against "the new version is no better"
    blocks: int


def per_block(share: float) -> int:
    """Return how many outcomes of the old version make a block with one of the new, which decides that share."""
    return max(1, round((1 - share) / share)) if share < 1 else 1


def compare(
    new: Sequence[bool], old: Sequence[bool], *, share: float, alpha: float = 0.05, most: int = 2_000
) -> Evidence:
    """Return what the outcomes (right or not, in their order) say; `alpha` bounds the error in either direction.

    After `most` outcomes of the new version without evidence for either direction they are called alike. The first
    direction whose evidence suffices stands: what comes later changes nothing.
    """
    size = per_block(share)
    blocks = min(len(new), len(old) // size)
    bound, worse, better = math.log(1 / alpha), 0.0, 0.0
    right_new = right_old = 0
    for number in range(blocks):
        rate_new = (right_new + 1) / (number + 2)
        rate_old = (right_old + 1) / (size * number + 2)
        gained_new, gained_old = int(new[number]), sum(old[size * number : size * (number + 1)])
        gain = _log_e(rate_new, rate_old, gained_new, gained_old, size)
        if rate_new < rate_old:
            worse += gain
        elif rate_new > rate_old:
            better += gain
        right_new, right_old = right_new + gained_new, right_old + gained_old
        if worse >= bound or better >= bound:
            found = Comparison.WORSE if worse >= bound else Comparison.BETTER
            return Evidence(found, worse, better, number + 1)
    return Evidence(Comparison.ALIKE if blocks >= most else Comparison.OPEN, worse, better, blocks)


def _log_e(rate_new: float, rate_old: float, gained_new: int, gained_old: int, size: int) -> float:
    """Return the logarithm of a block's e-value; all rates lie strictly between 0 and 1."""
    both = (rate_new + size * rate_old) / (1 + size)
    return _log(rate_new, both, gained_new, 1) + _log(rate_old, both, gained_old, size)


def _log(rate: float, both: float, gained: int, size: int) -> float:
    return gained * math.log(rate / both) + (size - gained) * math.log((1 - rate) / (1 - both))
