"""Specialists that only detect: texts that break a rule, are of another type than the column's, or lie far outside.

What they find weakens the cell's word for itself in the vote; where the vote puts nothing in its place it is flagged.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from algorithms.repair.clock_forms import find_clock
from algorithms.repair.date_forms import read_date
from algorithms.repair.factors import BLANK, Codes, Factor, Numbers
from algorithms.repair.number_forms import read_number
from algorithms.repair.rules import broken_rule
from state.contract import Column
from state.repair import CellFault

_HABIT: Final = 0.95  # share of the filled rows that must be of a type for others to be remarkable
_FEWEST: Final = 30  # filled rows below which nothing is remarkable
_SPREADS: Final = 4.0  # interquartile ranges beyond the quartiles from which on a number lies outside
_LEVELS: Final = {CellFault.RULE: 0.97, CellFault.FORMAT: 0.9, CellFault.OUTLIER: 0.8}
_READERS: Final[tuple[tuple[Callable[[str], object], str], ...]] = (
    (read_number, "numbers"),
    (read_date, "dates"),
    (find_clock, "times"),
)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What is strange about distinct texts of a column: by code, the blank last; level 0 is nothing."""

    levels: Numbers
    faults: Sequence[CellFault | None]
    reasons: Sequence[str]

    def of(self, codes: Codes) -> Numbers:
        """Return the level of every row."""
        return self.levels[np.where(codes == BLANK, self.levels.size - 1, codes)]


def suspect(factor: Factor, spec: Column | None) -> Suspicion:
    """Return what is strange in a column in its normal form."""
    told: list[tuple[CellFault | None, str]] = [(None, "")] * (factor.size + 1)
    for code, reason in [*_foreign_types(factor), *_outliers(factor)]:
        told[code] = reason
    rule = broken_rule(spec)
    for code, text in enumerate([*factor.values, None]):
        words = rule(text)
        if words:
            told[code] = (CellFault.RULE, words)
    levels = np.array([_LEVELS[fault] if fault else 0.0 for fault, _ in told])
    return Suspicion(levels, [fault for fault, _ in told], [reason for _, reason in told])


def _foreign_types(factor: Factor) -> list[tuple[int, tuple[CellFault, str]]]:
    counts = factor.counts()
    filled = int(counts.sum())
    present = np.flatnonzero(counts)
    for read, name in _READERS if filled >= _FEWEST else ():
        other = [int(code) for code in present if read(factor.values[code]) is None]
        if int(counts[other].sum()) <= (1 - _HABIT) * filled:
            return [(code, (CellFault.FORMAT, f"nearly all values of the column are {name}")) for code in other]
    return []


def _outliers(factor: Factor) -> list[tuple[int, tuple[CellFault, str]]]:
    """Return the numbers far outside, on the scale (plain or logarithmic) that calls fewer so."""
    counts = factor.counts()
    read = {int(code): written for code in np.flatnonzero(counts) if (written := read_number(factor.values[code]))}
    rows = np.array([counts[code] for code in read], dtype=np.int64)
    if rows.sum() < max(_FEWEST, _HABIT * counts.sum()) or len(read) < _FEWEST:
        return []
    codes = np.array(list(read))
    values = np.array([written.value for written in read.values()])
    scales = [values, np.sign(values) * np.log10(1.0 + np.abs(values))]
    found = min((_beyond(scale, rows) for scale in scales), key=lambda flags: int(rows[flags].sum()))
    return [(int(code), (CellFault.OUTLIER, "far from all other numbers of the column")) for code in codes[found]]


def _beyond(values: Numbers, rows: Codes) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    low, high = np.quantile(np.repeat(values, rows), (0.25, 0.75))
    reach = _SPREADS * (high - low)
    return (values < low - reach) | (values > high + reach)
