"""The specialist on dependencies: what other columns of the row determine, mined from the data.

A dependency is a column, or a pair, whose groups agree on another column. Each is calibrated by how often its
leave-one-out majority agrees with cells, by the strength of that majority: a prediction is worth what such predictions
were worth elsewhere in the table.
"""

from dataclasses import dataclass

import numpy as np

from algorithms.repair.factors import Codes, Factor, Flags, Numbers
from algorithms.repair.groups import Majority, leave_one_out
from algorithms.repair.opinions import Opinions
from algorithms.repair.settings import CouncilSettings
from state.repair import CellFault

VOTER = "dependency"
_FEWEST_PREDICTED = 20  # cells a dependency must speak of before it is believed
_LEAST_GAIN = 0.5  # share of the guesses that fail without the determinant that it must put right


@dataclass(frozen=True, slots=True)
class Dependency:
    """One determinant of a column, with what it says of every row."""

    determinant: tuple[int, ...]
    column: int
    majority: Majority
    reliability: Numbers  # of the prediction, row by row
    agreement: float  # share of the predictions that equal the cell


def mine_dependencies(factors: list[Factor], suspect: list[Flags], _settings: CouncilSettings) -> list[Dependency]:
    """Return the dependencies of every column, the strongest first; `suspect` cells do not vote."""
    found: list[Dependency] = []
    for column, dependent in enumerate(factors):
        if dependent.size < 2 or int(dependent.counts().max(initial=0)) < 2:  # noqa: PLR2004  nothing to tell apart
            continue
        weights = np.where(suspect[column], 0.05, 1.0)
        singles = [
            dependency
            for place, factor in enumerate(factors)
            if place != column
            and (dependency := _measure((place,), factor.codes, factor.size, column, dependent, weights))
        ]
        found += singles
    return sorted(found, key=lambda one: (-one.agreement, one.column, one.determinant))


def opinions_of(dependency: Dependency, factors: list[Factor]) -> Opinions:
    """Return what the dependency says of every row that it speaks of."""
    majority = dependency.majority
    rows = np.flatnonzero(majority.predicted >= 0)
    names = " and ".join(repr(factors[place].name) for place in dependency.determinant)

    def reason(place: int) -> str:
        row = rows[place]
        held, of = majority.support[row], majority.total[row]
        return (
            f"rows with the same {names}: {held:.0f} of {of:.0f} others hold it; "
            f"the dependency agrees with {dependency.agreement:.1%} of the cells"
        )

    return Opinions(
        VOTER,
        dependency.column,
        rows,
        majority.predicted[rows],
        dependency.reliability[rows],
        CellFault.DEPENDENCY,
        reason,
    )


def _measure(
    determinant: tuple[int, ...], groups: Codes, size: int, column: int, dependent: Factor, weights: Numbers
) -> Dependency | None:
    majority = leave_one_out(groups, size, dependent, weights)
    told = (majority.predicted >= 0) & (dependent.codes >= 0)
    cells = int(told.sum())
    if cells < _FEWEST_PREDICTED:
        return None
    right = majority.predicted == dependent.codes
    agreement = float(right[told].mean())
    counts = np.bincount(dependent.codes[told], minlength=dependent.size)
    blind = 1.0 - counts.max() / cells
    if blind <= 0 or (1.0 - agreement) > (1.0 - _LEAST_GAIN) * blind:
        return None
    return Dependency(determinant, column, majority, _calibrate(majority, right, told), agreement)


def _calibrate(majority: Majority, right: Flags, told: Flags) -> Numbers:
    """Return the share of right predictions among those as strong, by bins of share and support."""
    bins = np.digitize(majority.share, (0.5, 0.7, 0.9, 0.999)) * 3 + np.digitize(majority.support, (1.5, 3.5))
    hits = np.bincount(bins[told], right[told].astype(float), minlength=15)
    seen = np.bincount(bins[told], minlength=15).astype(float)
    overall = right[told].mean()
    return ((hits + 4 * overall) / (seen + 4))[bins]
