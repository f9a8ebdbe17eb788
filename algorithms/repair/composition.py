"""The specialist on composed columns: one whose text is that of two others, joined by the same sign in every row.

Then each of the three follows from the other two. Templates are found on a sample of rows and counted on all.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from algorithms.repair.factors import Codes, Factor, Flags
from algorithms.repair.groups import joint_codes
from algorithms.repair.hearing import Hearing
from algorithms.repair.opinions import Opinions
from state.repair import CellFault

SPECIALIST: Final = "composition"
_SAMPLE: Final = 200
_HOLDS: Final = 0.6  # share of the rows in which a template must hold
_LONGEST_SIGN: Final = 3
_WRONG: Final = 0.1  # how often a part that follows from the others is wrong, where the three do not fit
_PARTS: Final = 3
_KNOWN: Final = 2  # rows of a value that a part must already have


class Template(NamedTuple):
    """The whole is the text of `left`, the sign, and the text of `right`."""

    whole: int
    left: int
    sign: str
    right: int


def composed_columns(hearing: Hearing) -> list[Opinions]:
    """Return what follows from the templates of the table, for the whole and for its parts."""
    found: list[Opinions] = []
    for template in find_templates(hearing.factors):
        found += _follow(template, hearing)
    return found


def explained(composed: list[Opinions], column: int, factor: Factor) -> Flags:
    """Return which cells of a column are exactly what follows from others, as `composed_columns` told."""
    found = np.zeros(factor.codes.size, dtype=bool)
    for spoken in composed:
        if spoken.column == column:
            found[spoken.rows[spoken.choices == factor.codes[spoken.rows]]] = True
    return found


def find_templates(factors: list[Factor]) -> list[Template]:
    """Return the templates that hold in most rows, at most one for each whole."""
    found = []
    for whole, factor in enumerate(factors):
        rows = np.flatnonzero(factor.codes >= 0)
        rows = rows[:: max(1, rows.size // _SAMPLE)]
        if factor.size < _KNOWN or not rows.size:
            continue
        texts = [factor.values[code] for code in factor.codes[rows]]
        signs: Counter[Template] = Counter()
        heads = [
            place for place in range(len(factors)) if place != whole and _fits(factors[place], rows, texts, head=True)
        ]
        tails = [
            place for place in range(len(factors)) if place != whole and _fits(factors[place], rows, texts, head=False)
        ]
        for left in heads:
            for right in tails:
                for row, text in zip(rows, texts, strict=True) if left != right else ():
                    sign = _sign(text, _text(factors[left], int(row)), _text(factors[right], int(row)))
                    if sign is not None:
                        signs[Template(whole, left, sign, right)] += 1
        best = min(signs.items(), key=lambda one: (-one[1], factors[one[0].left].name, one[0].sign), default=None)
        if best and best[1] >= _HOLDS * len(texts):
            found.append(best[0])
    return found


def _fits(factor: Factor, rows: Codes, texts: list[str], *, head: bool) -> bool:
    """Whether most texts begin (or end) with the cell of a column."""
    cells = [_text(factor, int(row)) for row in rows]
    hits = sum(
        0 < len(cell) < len(text) and (text.startswith(cell) if head else text.endswith(cell))
        for cell, text in zip(cells, texts, strict=True)
    )
    return hits >= _HOLDS * len(texts)


def _sign(text: str, left: str, right: str) -> str | None:
    length = len(text) - len(left) - len(right)
    if not left or not right or not 0 <= length <= _LONGEST_SIGN:
        return None
    sign = text[len(left) : len(left) + length]
    fits = text.startswith(left) and text.endswith(right) and not any(letter.isalnum() for letter in sign)
    return sign if fits else None


def _follow(template: Template, hearing: Hearing) -> list[Opinions]:
    factors = hearing.factors
    whole, left, right = (factors[place] for place in (template.whole, template.left, template.right))

    def joined(one: str, other: str) -> str:
        return one + template.sign + other

    def head(one: str, other: str) -> str:
        return one.removesuffix(template.sign + other) if one.endswith(template.sign + other) else ""

    def tail(one: str, other: str) -> str:
        return one.removeprefix(other + template.sign) if one.startswith(other + template.sign) else ""

    names = (repr(whole.name), repr(left.name), repr(right.name))
    told = f"{names[0]} is {names[1]}, {template.sign!r}, {names[2]}"
    return [
        *_opinion(template.whole, _predicted(left, right, joined, whole, known=0), hearing, told),
        *_opinion(template.left, _predicted(whole, right, head, left, known=_KNOWN), hearing, told),
        *_opinion(template.right, _predicted(whole, left, tail, right, known=_KNOWN), hearing, told),
    ]


def _predicted(one: Factor, other: Factor, make: Callable[[str, str], str], target: Factor, *, known: int) -> Codes:
    """Return for each row the code that follows from two others, negative for none; one call for each distinct pair."""
    codes, size = joint_codes(one.codes, other.codes)
    first = np.full(size, -1, dtype=np.int64)
    rows = np.flatnonzero(codes >= 0)
    first[codes[rows]] = rows
    counts = target.counts()
    made = np.full(size + 1, -1, dtype=np.int64)
    for place, row in enumerate(first):
        text = make(one.values[one.codes[row]], other.values[other.codes[row]])
        code = target.places.get(text, -1) if known else target.code_of(text)
        if code >= 0 and (not known or (code < counts.size and counts[code] >= known)):
            made[place] = code
    return made[np.where(codes >= 0, codes, size)]


def _opinion(column: int, predicted: Codes, hearing: Hearing, told: str) -> list[Opinions]:
    rows = np.flatnonzero(predicted >= 0)
    if not rows.size:
        return []
    cells = hearing.settings.calibration_cells
    against = float(np.mean(hearing.factors[column].codes[rows] != predicted[rows]))
    wrong = min(max(_WRONG * against, against / _PARTS**2), 0.5) + 1e-3
    voter = f"{SPECIALIST}: {told}"
    ballots = (rows, predicted[rows], cells * (1 - wrong), cells * wrong, CellFault.DEPENDENCY, lambda _row: told)
    return [Opinions(SPECIALIST, voter, column, *ballots)]


def _text(factor: Factor, row: int) -> str:
    code = int(factor.codes[row])
    return factor.values[code] if code >= 0 else ""
