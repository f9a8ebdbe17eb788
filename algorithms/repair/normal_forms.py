"""The specialist on formats and units: every column's normal form, found before anything is mined from the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from algorithms.formats import NULL_TOKENS
from algorithms.repair.clock_forms import find_clock
from algorithms.repair.damaged_text import damaged_text
from algorithms.repair.date_forms import read_date
from algorithms.repair.factors import BLANK, Codes, Factor, Flags
from algorithms.repair.number_forms import read_number
from algorithms.repair.rewriting import Rewriting
from algorithms.repair.text_forms import arrangement, digits_alone, letter_case, spacing, spellings
from algorithms.repair.typed_forms import Distinct, clock_forms, date_forms, number_forms
from state.repair import CellFault

SPECIALIST: Final = "format"
_TYPED: Final[tuple[tuple[Callable[[str], object], Callable[[Distinct], list[Rewriting]]], ...]] = (
    (find_clock, clock_forms),
    (read_date, date_forms),
    (read_number, number_forms),
    (digits_alone, arrangement),
)
"""Whether a text is of a type, and the rewritings of a column in which most are."""

_SAMPLE: Final = 400  # distinct texts by which it is told whether a form is worth a closer look
_PROMISING: Final = 0.4  # share of them that must be of its type
_TEXTUAL: Final[tuple[Callable[[Distinct], list[Rewriting]], ...]] = (spellings, letter_case)


@dataclass(frozen=True, slots=True)
class Move:
    """Texts that come into cells of one column because they, or what stands there, belong to two columns."""

    texts: Mapping[int, str]  # row -> the text that belongs there
    reliability: float
    reason: str


@dataclass(frozen=True, slots=True)
class Formed:
    """A column in its normal form; `codes` is an array over its rows."""

    codes: Codes
    changed_by: tuple[Rewriting | None, ...]  # of each code of the column as it came
    moved: Mapping[int, Move] = field(default_factory=dict)  # by row

    def rewriting(self, row: int, code: int) -> Rewriting | None:
        """Return what rewrote the cell of a row, whose code was `code`; None for nothing."""
        if row in self.moved:
            move = self.moved[row]
            texts: dict[int, str | None] = {code: move.texts[row]}
            return Rewriting("joined", texts, move.reliability, CellFault.MISPLACED, move.reason, "misplaced")
        return self.changed_by[code] if 0 <= code < len(self.changed_by) else None

    def rewritten(self, codes: Codes) -> Flags:
        """Whether something rewrote the cell, row by row; `codes` are those of the column as it came."""
        by_code = np.array([one is not None for one in self.changed_by] + [False], dtype=bool)
        flags: Flags = by_code[np.where((codes >= 0) & (codes < by_code.size - 1), codes, by_code.size - 1)]
        flags[list(self.moved)] = True
        return flags

    def moved_by(self, move: Move, factor: Factor) -> "Formed":
        """Return the column after the move; a cell that another move has changed stays."""
        codes, fresh = self.codes.copy(), {row: move for row in move.texts if row not in self.moved}
        for row in fresh:
            codes[row] = factor.code_of(move.texts[row])
        return Formed(codes, self.changed_by, {**self.moved, **fresh})


def normal_form(factor: Factor, contracted: list[Rewriting]) -> Formed:
    """Return the column with every text in its normal form; what the contract says (`contracted`) goes before.

    Texts that stand for no value are blank here, so that nothing is mined from them.
    """
    none = stand_ins(factor)
    distinct = _distinct(factor, set(none.tolist()))
    found = damaged_text(distinct)
    found += spacing(_applied(distinct, found))
    tidy = _applied(distinct, found)
    typed = contracted or [rewriting for form in _typed(tidy) for rewriting in form(tidy)]
    found += typed or [rewriting for form in _TEXTUAL for rewriting in form(tidy)]
    targets = np.arange(factor.size)
    changed: list[Rewriting | None] = [None] * factor.size
    for rewriting in found:
        for code, text in rewriting.texts.items():
            changed[code] = rewriting
            if text is not None:
                targets[code] = factor.code_of(text)
    targets[none] = BLANK
    codes = np.append(targets, BLANK)[factor.codes]  # the code of a blank, -1, takes the last
    return Formed(codes, tuple(changed))


def stand_ins(factor: Factor) -> Codes:
    """Return the codes of texts that stand for no value."""
    return np.array(
        [code for code, text in enumerate(factor.values) if text.strip().casefold() in NULL_TOKENS], np.int64
    )


def _typed(distinct: Distinct) -> list[Callable[[Distinct], list[Rewriting]]]:
    """Return the forms that a sample of the column promises to have."""
    sample = [text for _, text, _ in distinct[:: max(1, len(distinct) // _SAMPLE)]]
    return [form for read, form in _TYPED if sum(bool(read(text)) for text in sample) >= _PROMISING * len(sample)]


def _distinct(factor: Factor, blank: set[int]) -> list[tuple[int, str, int]]:
    return [
        (code, factor.values[code], int(count))
        for code, count in enumerate(factor.counts())
        if count and code not in blank
    ]


def _applied(distinct: Distinct, rewritings: list[Rewriting]) -> list[tuple[int, str, int]]:
    texts = {code: text for rewriting in rewritings for code, text in rewriting.texts.items() if text}
    return [(code, texts.get(code, text), count) for code, text, count in distinct]
