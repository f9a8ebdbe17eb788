"""The specialist on formats and units: every column's normal form, found before anything is mined from the table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from algorithms.formats import NULL_TOKENS
from algorithms.repair.damaged_text import damaged_text
from algorithms.repair.factors import BLANK, Codes, Factor
from algorithms.repair.rewriting import Rewriting
from algorithms.repair.text_forms import arrangement, letter_case, spacing, spellings
from algorithms.repair.typed_forms import Distinct, clock_forms, date_forms, number_forms

SPECIALIST: Final = "format"
_TYPED: Final[tuple[Callable[[Distinct], list[Rewriting]], ...]] = (clock_forms, date_forms, number_forms, arrangement)
_TEXTUAL: Final[tuple[Callable[[Distinct], list[Rewriting]], ...]] = (spellings, letter_case)


@dataclass(frozen=True, slots=True)
class Formed:
    """A column in its normal form; arrays over its rows."""

    codes: Codes
    changed_by: tuple[Rewriting | None, ...]  # of each code of the column as it came

    def rewriting(self, code: int) -> Rewriting | None:
        """Return what rewrote the text of a code, None for nothing."""
        return self.changed_by[code] if 0 <= code < len(self.changed_by) else None


def normal_form(factor: Factor, contracted: list[Rewriting]) -> Formed:
    """Return the column with every text in its normal form; what the contract says (`contracted`) goes before.

    Texts that stand for no value are blank here, so that nothing is mined from them.
    """
    distinct = _distinct(factor)
    found = damaged_text(distinct)
    found += spacing(_applied(distinct, found))
    tidy = _applied(distinct, found)
    typed = contracted or [rewriting for form in _TYPED for rewriting in form(tidy)]
    found += typed or [rewriting for form in _TEXTUAL for rewriting in form(tidy)]
    targets = np.arange(factor.size)
    changed: list[Rewriting | None] = [None] * factor.size
    for rewriting in found:
        for code, text in rewriting.texts.items():
            changed[code] = rewriting
            if text is not None:
                targets[code] = factor.code_of(text)
    targets[stand_ins(factor)[stand_ins(factor) < targets.size]] = BLANK
    codes = np.where(factor.codes >= 0, targets[np.where(factor.codes >= 0, factor.codes, 0)], BLANK)
    return Formed(codes, tuple(changed))


def stand_ins(factor: Factor) -> Codes:
    """Return the codes of texts that stand for no value."""
    return np.array(
        [code for code, text in enumerate(factor.values) if text.strip().casefold() in NULL_TOKENS], np.int64
    )


def _distinct(factor: Factor) -> list[tuple[int, str, int]]:
    blank = set(stand_ins(factor).tolist())
    return [
        (code, factor.values[code], int(count))
        for code, count in enumerate(factor.counts())
        if count and code not in blank
    ]


def _applied(distinct: Distinct, rewritings: list[Rewriting]) -> list[tuple[int, str, int]]:
    texts = {code: text for rewriting in rewritings for code, text in rewriting.texts.items() if text}
    return [(code, texts.get(code, text), count) for code, text, count in distinct]
