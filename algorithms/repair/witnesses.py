"""The cells' own values as voters: what stands in a cell is the first witness of what belongs there.

Frequent values, rare ones, blanks and damaged ones are different witnesses: each has a reliability of its own, learned
with those of the specialists.
"""

import numpy as np

from algorithms.repair.factors import BLANK, Codes, Factor, Numbers
from algorithms.repair.opinions import Opinions
from algorithms.repair.settings import CouncilSettings
from algorithms.repair.suspicion import Suspicion
from state.repair import CellFault

SPECIALIST = "cell"
_FEW = 2  # rows with the value up to which it counts as rare
_REPEATED = 5.0  # rows a value has on average from which on a rare one is remarkable


def witnesses(
    column: int, factor: Factor, error_rate: float, suspicion: Suspicion, settings: CouncilSettings
) -> list[Opinions]:
    """Return the votes of a column's cells for themselves, by how ordinary the value is."""
    strata = _strata(factor)
    blank_share = float(np.mean(factor.codes == BLANK)) if factor.codes.size else 0.0
    wrong = {
        "frequent": error_rate,
        "rare": min(0.5, settings.rare_factor * error_rate),
        "plain": error_rate,
        "blank": settings.blank_error * (1.0 - blank_share),
    }
    levels = suspicion.of(factor.codes)
    for level in np.unique(levels[levels > 0]):
        strata = np.where(levels == level, f"suspect ({level:.2f})", strata)
        wrong[f"suspect ({level:.2f})"] = float(level)
    found = []
    for name, share in wrong.items():
        rows = np.flatnonzero(strata == name)
        if rows.size:
            found.append(_witness(column, factor.codes, name, rows, share, settings.prior_cells))
    return found


def told_witnesses(column: int, factor: Factor, reliability: Numbers, settings: CouncilSettings) -> list[Opinions]:
    """Return the votes of the cells of a column whose tellers' reliabilities are known, in steps of a tenth."""
    steps = np.where(factor.codes == BLANK, -1, np.floor(10 * np.clip(reliability, 0.0, 0.999)))
    found = []
    for step in np.unique(steps):
        rows = np.flatnonzero(steps == step)
        wrong = settings.blank_error if step < 0 else 1.0 - float(np.mean(reliability[rows]))
        name = "blank" if step < 0 else f"told by a source right in {np.mean(reliability[rows]):.0%}"
        found.append(_witness(column, factor.codes, name, rows, max(wrong, 1e-3), settings.prior_cells))
    return found


def _witness(column: int, codes: Codes, name: str, rows: Codes, wrong: float, cells: float) -> Opinions:
    return Opinions(
        SPECIALIST,
        f"{SPECIALIST}: {name}",
        column,
        rows,
        codes[rows],
        cells * (1.0 - wrong),
        cells * wrong,
        CellFault.DEPENDENCY,
        lambda _row: f"what stands there, a {name} value",
    )


def _strata(factor: Factor) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    counts = factor.counts()
    filled = int(counts.sum())
    remarkable = filled > _REPEATED * np.count_nonzero(counts > _FEW)
    repeated = filled >= _REPEATED * max(1, np.count_nonzero(counts))
    of = np.where(factor.codes >= 0, factor.codes, 0)
    rare = (counts[of] <= _FEW) if counts.size else np.zeros(factor.codes.size, dtype=bool)
    telling = repeated and bool(remarkable)
    names = np.where(rare & telling, "rare", "frequent" if telling else "plain")
    return np.where(factor.codes == BLANK, "blank", names)
