"""The specialist on misplaced values: two values of neighbours exchanged, or one cell that holds both.

Whether a value belongs to a column is told by the column's other rows. How often such a finding is right is counted on
the table: a cell that seems to hold two values is believed the more, the oftener the other cell is blank just then.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from algorithms.repair.factors import BLANK, Codes, Factor, Flags
from algorithms.repair.hearing import Hearing
from algorithms.repair.opinions import Opinions
from state.repair import CellFault

SPECIALIST: Final = "misplaced"
_KNOWN: Final = 2  # rows of a value from which on it is known to belong to its column
_FOREIGN: Final = 1  # rows up to which a value may be foreign to its column
_EXCHANGED: Final = 0.99  # chance that two values that both belong to the other's column were exchanged
_REPETITIVE: Final = 0.5  # share of the rows whose value must be known for a column to have a vocabulary


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """Which values belong to a column, by how many rows hold them."""

    factor: Factor
    rows: dict[str, int]
    repetitive: bool

    def holds(self, text: str) -> bool:
        return self.rows.get(text, 0) >= _KNOWN


def misplaced_values(hearing: Hearing) -> list[Opinions]:
    """Return the proposals for exchanged and for joined values of all pairs of columns."""
    words = [_vocabulary(factor) for factor in hearing.factors]
    found: list[Opinions] = []
    for left, one in enumerate(words):
        for right, other in enumerate(words):
            if left == right or not other.repetitive:
                continue
            found += _joined(left, right, one, other, hearing)
            if left < right and one.repetitive:
                found += _exchanged(left, right, one, other, hearing)
    return _merged(found)


def _vocabulary(factor: Factor) -> _Vocabulary:
    counts = factor.counts()
    rows = dict(zip(factor.values, counts.tolist(), strict=True))
    filled = int(counts.sum())
    return _Vocabulary(factor, rows, filled > 0 and int(counts[counts >= _KNOWN].sum()) >= _REPETITIVE * filled)


def _exchanged(left: int, right: int, one: _Vocabulary, other: _Vocabulary, hearing: Hearing) -> list[Opinions]:
    """Return the rows where each cell holds a value of the other column and none of its own."""
    away = _foreign(one, other)
    back = _foreign(other, one)
    rows = np.flatnonzero(_flag(away, one.factor.codes) & _flag(back, other.factor.codes))
    if not rows.size:
        return []
    names = (one.factor.name, other.factor.name)
    cells = hearing.settings.prior_cells
    ballots = (cells * _EXCHANGED, cells * (1 - _EXCHANGED), CellFault.MISPLACED)
    told = f"the values of {names[0]!r} and {names[1]!r} each belong to the other column"
    found = []
    for column, here, there in ((left, one, other), (right, other, one)):
        choices = np.array(
            [here.factor.code_of(there.factor.values[code]) for code in there.factor.codes[rows]], np.int64
        )
        voter = f"{SPECIALIST}: exchanged"
        found.append(Opinions(SPECIALIST, voter, column, rows, choices, *ballots, lambda _row: told))
    return found


def _foreign(here: _Vocabulary, there: _Vocabulary) -> Flags:
    """Return which codes of a column are values of the other column rather than its own."""
    return np.array(
        [here.rows.get(text, 0) <= _FOREIGN and there.rows.get(text, 0) > _KNOWN for text in here.factor.values], bool
    )


def _flag(codes: Flags, cells: Codes) -> Flags:
    return np.where(cells >= 0, np.append(codes, False)[np.where(cells >= 0, cells, -1)], False)  # noqa: FBT003


def _joined(left: int, right: int, one: _Vocabulary, other: _Vocabulary, hearing: Hearing) -> list[Opinions]:
    """Return the rows where the left cell ends with a value of the right column, whose own cell is blank."""
    blank = other.factor.codes == BLANK
    if not blank.any():
        return []
    parts = [_split(text, other) for text in one.factor.values]
    splits = np.array([part is not None for part in parts], bool)
    ending = _flag(splits, one.factor.codes)
    rows = np.flatnonzero(ending & blank)
    if not rows.size:
        return []
    by_chance = float(np.mean(ending[~blank])) if not blank.all() else 1.0
    share = rows.size / float(np.sum(blank & (one.factor.codes >= 0)))
    chance = float(np.clip(1.0 - by_chance / max(share, 1e-9), 0.0, 1.0 - 1.0 / (rows.size + 2)))
    cells = hearing.settings.prior_cells
    ballots = (cells * chance, cells * (1 - chance) + 1e-3, CellFault.MISPLACED)
    told = f"{one.factor.name!r} ends with a value of {other.factor.name!r}, which is blank; so in {rows.size} rows"
    halves = [parts[code] for code in one.factor.codes[rows]]
    voter = f"{SPECIALIST}: joined, {one.factor.name!r} and {other.factor.name!r}"
    found = []
    for column, place, factor in ((left, 0, one.factor), (right, 1, other.factor)):
        choices = np.array([factor.code_of(half[place]) for half in halves if half is not None], np.int64)
        found.append(Opinions(SPECIALIST, voter, column, rows, choices, *ballots, lambda _row: told))
    return found


def _split(text: str, other: _Vocabulary) -> tuple[str, str] | None:
    """Return the text as its beginning and a known value of the other column, the longest; None where it has none."""
    words = text.split(" ")
    for place in range(1, len(words)):
        ending = " ".join(words[place:])
        if other.holds(ending):
            return " ".join(words[:place]), ending
    return None


def _merged(opinions: list[Opinions]) -> list[Opinions]:
    """Return at most one voter for each column, name and cell: the first that spoke."""
    seen: dict[tuple[str, int], Codes] = {}
    found = []
    for spoken in opinions:
        known = seen.get((spoken.voter, spoken.column), np.zeros(0, dtype=np.int64))
        fresh = ~np.isin(spoken.rows, known)
        seen[spoken.voter, spoken.column] = np.concatenate([known, spoken.rows[fresh]])
        if fresh.any():
            rest = (spoken.right, spoken.wrong, spoken.fault, spoken.reason)
            found.append(
                Opinions(
                    spoken.specialist, spoken.voter, spoken.column, spoken.rows[fresh], spoken.choices[fresh], *rest
                )
            )
    return found
