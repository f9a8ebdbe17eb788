"""The specialist on dependencies: what other columns of the row determine, mined from the data.

A dependency is a column, or a pair, whose groups agree on another column. Each is calibrated by how often its
leave-one-out majority agrees with the cells, by the strength of that majority: a prediction is worth what such
predictions were worth elsewhere in the table.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np

from algorithms.repair.factors import BLANK, Codes, Factor, Numbers
from algorithms.repair.groups import Majority, joint_codes, leave_one_out
from algorithms.repair.opinions import Opinions
from algorithms.repair.settings import CouncilSettings
from state.repair import CellFault

_FEWEST_PREDICTED: Final = 20  # cells a dependency must speak of before it is believed
_LEAST_GAIN: Final = 0.5  # share of the guesses that fail without the determinant that it must put right
_NEAR_EXACT: Final = 0.97  # gain of a column from which on no pairs are tried
_STRENGTHS: Final = ("divided", "leaning", "strong", "thin")
_LEANING, _STRONG, _THICK = 0.5, 0.9, 2.5  # shares of the others, and how many of them are no thin majority


@dataclass(frozen=True, slots=True)
class Dependency:
    """One determinant of a column, with what it says of every row."""

    determinant: tuple[int, ...]
    column: int
    majority: Majority
    agreement: float  # share of the predictions that equal the cell
    gain: float  # share of the guesses without the determinant's help that it puts right


class Mined(NamedTuple):
    """What was mined: dependencies that hold, and single determinants that at least lean."""

    holding: list[Dependency]
    leaning: list[Dependency]

    def of(self, column: int) -> list[Dependency]:
        """Return the dependencies that hold of a column."""
        return [one for one in self.holding if one.column == column]


def mine_dependencies(factors: list[Factor], trust: list[Numbers], settings: CouncilSettings) -> Mined:
    """Return the dependencies of every column; `trust` is what each cell counts for in a majority."""
    mined = Mined([], [])
    for column, dependent in enumerate(factors):
        if not dependent.size or int(dependent.counts().max()) < 2:  # noqa: PLR2004  nothing repeats
            continue
        holding, leaning = _of_column(column, factors, trust[column], settings)
        mined.holding.extend(holding)
        mined.leaning.extend(leaning)
    return mined


def predictions_of(dependency: Dependency, factors: list[Factor], settings: CouncilSettings) -> list[Opinions]:
    """Return what the dependency says, one voter for each strength of its majorities."""
    majority, dependent = dependency.majority, factors[dependency.column]
    strengths = _strengths(majority)
    names = " and ".join(repr(factors[place].name) for place in dependency.determinant)

    def reason(row: int) -> str:
        return f"of {majority.total[row]:.0f} other rows with the same {names} {majority.support[row]:.0f} hold it"

    told = []
    for strength, name in enumerate(_STRENGTHS):
        rows = np.flatnonzero((strengths == strength) & (majority.predicted >= 0))
        filled = rows[dependent.codes[rows] >= 0]
        if not rows.size:
            continue
        hits = float(np.sum(majority.predicted[filled] == dependent.codes[filled]))
        share = (hits + dependency.agreement) / (filled.size + 1.0)
        cells = settings.calibration_cells
        told.append(
            Opinions(
                names,
                f"{names}, {name}",
                dependency.column,
                rows,
                majority.predicted[rows],
                cells * share,
                cells * (1.0 - share) + 1e-3,
                CellFault.DEPENDENCY,
                reason,
            )
        )
    return told


def _of_column(
    column: int, factors: list[Factor], trust: Numbers, settings: CouncilSettings
) -> tuple[list[Dependency], list[Dependency]]:
    dependent = factors[column]
    singles = [
        found
        for place, factor in enumerate(factors)
        if place != column and (found := _measure((place,), factor.codes, factor.size, column, dependent, trust))
    ]
    good = [one for one in singles if one.gain >= _LEAST_GAIN]
    if max((one.gain for one in good), default=0.0) < _NEAR_EXACT:
        pairs = _pairs(singles, factors, dependent, trust, settings)
        good = [one for one in good if not any(_explains(pair, one) for pair in pairs)] + pairs
    good.sort(key=lambda one: (-one.gain, [factors[place].name for place in one.determinant]))
    return good[: settings.most_dependencies], singles


def _pairs(
    singles: list[Dependency], factors: list[Factor], dependent: Factor, trust: Numbers, settings: CouncilSettings
) -> list[Dependency]:
    """Return the pairs of leaning determinants that do much better than either alone."""
    leaning = sorted(singles, key=lambda one: (-one.gain, factors[one.determinant[0]].name))
    found = []
    for one, other in combinations(leaning[: settings.largest_fan], 2):
        pair = (one.determinant[0], other.determinant[0])
        codes, size = joint_codes(factors[pair[0]].codes, factors[pair[1]].codes)
        both = _measure(pair, codes, size, one.column, dependent, trust)
        if both and both.gain >= _LEAST_GAIN and _explains(both, one) and _explains(both, other):
            found.append(both)
    return found


def _explains(pair: Dependency, single: Dependency) -> bool:
    """Whether most of what contradicts the single determinant follows from the pair."""
    return (1.0 - pair.gain) < (1.0 - _LEAST_GAIN) * (1.0 - single.gain)


def _measure(
    determinant: tuple[int, ...], groups: Codes, size: int, column: int, dependent: Factor, trust: Numbers
) -> Dependency | None:
    majority = leave_one_out(groups, size, dependent, trust)
    told = (majority.predicted >= 0) & (dependent.codes >= 0)
    cells = int(told.sum())
    if cells < _FEWEST_PREDICTED:
        return None
    agreement = float(np.mean((majority.predicted == dependent.codes)[told]))
    counts = np.bincount(dependent.codes[told], minlength=dependent.size)
    blind = 1.0 - counts.max() / cells
    gain = 1.0 - (1.0 - agreement) / blind if blind > 0 else 0.0
    return Dependency(determinant, column, majority, agreement, gain) if gain > 0 else None


def _strengths(majority: Majority) -> Codes:
    """Return the strength of each row's majority, as a place in _STRENGTHS."""
    share = majority.share
    strength = np.digitize(share, (_LEANING, _STRONG))
    thin = (majority.support < _THICK) & (share >= _LEANING)
    return np.where(majority.divided | (majority.predicted == BLANK), 0, np.where(thin, 3, strength))
