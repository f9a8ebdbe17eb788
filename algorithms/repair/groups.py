"""Leave-one-out majorities: what the other rows of a cell's group say about the cell.

One sort per determinant and column; no loop over cells. Groups of one row say nothing.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from algorithms.repair.factors import BLANK, Codes, Factor, Flags, Numbers

_PARTY: Final = 1.5  # weight of the others with the next best value above which they are a party
_RIVAL: Final = 0.2  # its share of the majority's weight above which the group is divided


@dataclass(frozen=True, slots=True)
class Majority:
    """Arrays over all rows: what the others of a row's group hold most often."""

    predicted: Codes  # code of the dependent column; BLANK where the others are silent
    support: Numbers  # weight of the others that hold it
    total: Numbers  # weight of all others whose cell is filled
    rival: Numbers  # weight of the others that hold the next best value

    @property
    def share(self) -> Numbers:
        """The share of the others that hold the predicted value; 0 where there are none."""
        return np.divide(self.support, self.total, out=np.zeros_like(self.support), where=self.total > 0)

    @property
    def divided(self) -> Flags:
        """Whether another value has a party in the group, so that the majority is no rule."""
        return (self.rival > _PARTY) & (self.rival > _RIVAL * self.support)


def joint_codes(left: Codes, right: Codes) -> tuple[Codes, int]:
    """Return one dense code for each pair of codes (BLANK where either is blank), and how many there are."""
    joint = np.where((left >= 0) & (right >= 0), left * (int(right.max(initial=0)) + 1) + right, BLANK)
    distinct, codes = np.unique(joint, return_inverse=True)
    if distinct.size and distinct[0] == BLANK:
        return codes.astype(np.int64) - 1, distinct.size - 1
    return codes.astype(np.int64), distinct.size


def leave_one_out(groups: Codes, size: int, dependent: Factor, weights: Numbers | None = None) -> Majority:
    """Return the majority of the others for every row; `groups` are codes below `size`, BLANK for no group.

    A tie is broken by the code, that is by the text, so that the order of rows does not matter.
    """
    rows = groups.size
    filled = np.flatnonzero((groups >= 0) & (dependent.codes >= 0))
    worth = np.ones(filled.size) if weights is None else weights[filled]
    cells, place = np.unique(groups[filled] * dependent.size + dependent.codes[filled], return_inverse=True)
    weight = np.bincount(place, worth, minlength=cells.size)
    group, value = np.divmod(cells, max(dependent.size, 1))
    order = np.lexsort((value, -weight, group))
    first, second = _two_best(group[order], size)
    padded_weight = np.append(weight[order], 0.0)
    padded_value = np.append(value[order], BLANK)
    total = np.bincount(group, weight, minlength=size)
    of = np.where(groups >= 0, groups, 0)
    mine = np.zeros(rows)
    mine[filled] = worth
    best, best_weight = padded_value[first[of]], padded_weight[first[of]]
    other, other_weight = padded_value[second[of]], padded_weight[second[of]]
    left = np.where(dependent.codes == best, best_weight - mine, best_weight)
    swapped = (dependent.codes == best) & (other_weight > left)
    known = groups >= 0
    support = np.where(known, np.where(swapped, other_weight, left), 0.0)
    predicted = np.where(support > 0, np.where(swapped, other, best), BLANK)
    others = np.where(known, total[of] - mine, 0.0)
    beside = np.where(dependent.codes == other, other_weight - mine, other_weight)
    rival = np.where(known, np.where(swapped, left, beside), 0.0)
    return Majority(predicted, *(np.maximum(weight, 0.0) for weight in (support, others, rival)))


def _two_best(groups: Codes, size: int) -> tuple[Codes, Codes]:
    """Return for each group the places of its first and second entry in sorted `groups`; the length where none is."""
    ends = np.searchsorted(groups, np.arange(size), side="right")
    starts = np.searchsorted(groups, np.arange(size), side="left")
    none = groups.size
    return np.where(starts < ends, starts, none), np.where(starts + 1 < ends, starts + 1, none)
