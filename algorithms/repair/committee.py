"""The dependencies of one column speak with one voice: their own vote first, then one ballot for each cell.

Several determinants fail together where a row is a natural exception, and apart where one of them is itself wrong. The
inner vote takes care of the second; what it says is one voter to the council, calibrated by how many agree.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from algorithms.repair.dependencies import Dependency, predictions_of
from algorithms.repair.electorate import hold_vote
from algorithms.repair.factors import Codes, Factor
from algorithms.repair.opinions import Opinions
from algorithms.repair.settings import CouncilSettings
from algorithms.voting.reliability import ABSTAINS
from state.repair import CellFault

SPECIALIST: Final = "dependency"
_STRATA: Final = ("several agree", "most agree", "one alone", "one alone on few rows", "divided")
_ALONE: Final = 2
_THICK: Final = 2.5  # other rows from which on one determinant is not thin
_FIRM: Final = 0.9  # share of its group from which on one determinant is firm


@dataclass(frozen=True, slots=True)
class Committee:
    """What the dependencies of one column say together; arrays over its rows."""

    column: int
    chosen: Codes  # code; negative: nothing
    stratum: Codes  # place in _STRATA
    members: tuple[Opinions, ...]


def convene(column: int, dependencies: list[Dependency], factors: list[Factor], settings: CouncilSettings) -> Committee:
    """Return the common choice of the dependencies of a column, row by row."""
    factor = factors[column]
    members = [spoken for one in dependencies for spoken in predictions_of(one, factors, settings)]
    chosen = hold_vote(factor, members, 0.0).winner
    rows = factor.codes.size
    supporters, speakers, thick = np.zeros(rows), np.zeros(rows), np.zeros(rows, dtype=bool)
    for one in dependencies:
        majority = one.majority
        speaks = (majority.predicted >= 0) & ~majority.divided
        agrees = speaks & (majority.predicted == chosen)
        speakers += speaks
        supporters += agrees
        thick |= agrees & (majority.support >= _THICK) & (majority.share >= _FIRM)
    chosen = np.where(speakers > 0, chosen, ABSTAINS)
    stratum = np.select(
        [
            (supporters > 1) & (supporters == speakers),
            (supporters > 1) & (2 * supporters > speakers),
            (supporters == 1) & (speakers == 1) & thick,
            (supporters == 1) & (speakers == 1),
        ],
        [0, 1, 2, 3],
        4,
    )
    return Committee(column, chosen, stratum, tuple(members))


def contradiction(committee: Committee, factor: Factor) -> float | None:
    """Return the share of the column's filled cells that the firm voices contradict; None where they are silent.

    Where one determinant speaks alone, it is as often itself what is wrong.
    """
    firm = (committee.chosen >= 0) & (factor.codes >= 0) & np.isin(committee.stratum, (0, _ALONE))
    if not firm.any():
        return None
    alone = committee.stratum[firm] == _ALONE
    return float(np.mean((committee.chosen[firm] != factor.codes[firm]) * np.where(alone, 0.5, 1.0)))


def error_rates(shares: Mapping[int, float | None], settings: CouncilSettings) -> defaultdict[int, float]:
    """Return the share of wrong cells that the dependencies leave room for, column by column.

    What contradicts a column's committee bounds its wrong cells from above; natural exceptions make it a bad bound.
    Errors are spread over columns, natural exceptions are one column's own: so no column is thought to be much worse
    than the middle one, which is also what a column without a committee is taken for.
    """
    known = [share for share in shares.values() if share is not None]
    bounds = (settings.least_error_rate, settings.most_error_rate)
    middle = float(np.clip(np.median(known) if known else settings.error_rate, *bounds))
    found = defaultdict(lambda: middle)
    for column, share in shares.items():
        if share is not None:
            found[column] = float(np.clip(share, bounds[0], min(settings.spread * middle, bounds[1])))
    return found


def ballots_of(committee: Committee, factor: Factor, rate: float, settings: CouncilSettings) -> list[Opinions]:
    """Return the committee's ballots, one voter for each stratum; `rate` is the column's share of wrong cells."""
    found = []
    for stratum, name in enumerate(_STRATA):
        rows = np.flatnonzero((committee.stratum == stratum) & (committee.chosen >= 0))
        if not rows.size:
            continue
        wrong = _exceptions(committee, factor, rows, rate, settings)
        found.append(
            Opinions(
                SPECIALIST,
                f"{SPECIALIST}: {name}",
                committee.column,
                rows,
                committee.chosen[rows],
                settings.calibration_cells * (1.0 - wrong),
                settings.calibration_cells * wrong,
                CellFault.DEPENDENCY,
                lambda row: _reason(committee, row),
            )
        )
    return found


def _exceptions(committee: Committee, factor: Factor, rows: Codes, rate: float, settings: CouncilSettings) -> float:
    """Return how often such ballots are wrong: what contradicts them beyond the column's errors."""
    filled = rows[factor.codes[rows] >= 0]
    contradicted = float(np.sum(committee.chosen[filled] != factor.codes[filled]))
    share = (contradicted + 0.5) / (filled.size + 1.0)
    return max(share - rate, settings.least_exception * share, 1e-4)


def _reason(committee: Committee, row: int) -> str:
    """Return what each member for the committee's choice says of the row."""
    told = []
    for spoken in committee.members:
        place = np.searchsorted(spoken.rows, row)
        if place < spoken.rows.size and spoken.rows[place] == row and spoken.choices[place] == committee.chosen[row]:
            told.append(spoken.reason(row))
    return "; ".join(told)
