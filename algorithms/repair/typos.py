"""The specialist on typos: rare values near a frequent one, and values in which one sign stands for other letters.

How often a near value is a typo hangs on the column: where frequent values are near each other too, nearness says
little. Digits that differ make another value, never a typo. The sign that a broken device or a careless person puts in
place of letters is learned from the table.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from algorithms.repair.factors import Codes, Factor, Flags
from algorithms.repair.hearing import Hearing
from algorithms.repair.opinions import Opinions
from state.repair import CellFault

SPECIALIST: Final = "typo"
_FREQUENT: Final = 4  # rows that a value needs to be the right spelling of another
_RATIO: Final = 8  # how many times the rows of its misspelling it needs
_RARE: Final = 3  # rows that a misspelling has at most
_VOCABULARY: Final = 0.6  # share of the rows whose value must be frequent for the column to have a vocabulary
_MOST_RARE, _MOST_FREQUENT = 8_000, 2_000  # distinct values that are compared
_SHORT, _LONG = 4, 8  # letters
_LETTERS_A_SLIP: Final = 4  # length that one slip more is allowed for
_FEWEST_SLIPS: Final = 5  # slips that a sign must have caused
_SIGN_SHARE: Final = 0.4  # share of the slips that put the same sign in place of another
_RELIABILITY: Final = {"short": 0.8, "medium": 0.95, "long": 0.98, "sign": 0.98}


@dataclass(frozen=True, slots=True)
class Slip:
    """One misspelling and its right spelling, as codes or positions, with the name of its kind."""

    wrong: int
    right: int
    kind: str


def typing_errors(hearing: Hearing) -> list[Opinions]:
    """Return the proposals of all columns that have a vocabulary."""
    spreads = [(column, factor) for column, factor in enumerate(hearing.factors) if _has_vocabulary(factor)]
    near = {column: near_slips(factor.values, factor.counts()) for column, factor in spreads}
    sign = learned_sign([(factor.values, near[column]) for column, factor in spreads])
    found = []
    for column, factor in spreads:
        slips = {slip.wrong: slip for slip in near[column]}
        if sign:
            slips |= {slip.wrong: slip for slip in sign_slips(factor.values, factor.counts(), sign)}
        found += _opinions(column, factor, list(slips.values()), hearing)
    return found


def near_slips(values: list[str], counts: Codes) -> list[Slip]:
    """Return the rare values with exactly one nearest frequent value within reach."""
    frequent = np.flatnonzero(counts >= _FREQUENT)
    frequent = frequent[np.argsort(-counts[frequent], kind="stable")][:_MOST_FREQUENT]
    rare = np.flatnonzero((counts > 0) & (counts <= _RARE))
    rare = np.array([code for code in rare if any(letter.isalpha() for letter in values[code])][:_MOST_RARE], np.int64)
    if not rare.size or not frequent.size:
        return []
    reach = np.array([max(1, len(values[code]) // _LETTERS_A_SLIP) for code in rare])
    names = [values[code] for code in rare]
    known = [values[code] for code in frequent]
    distances = process.cdist(names, known, scorer=OSA.distance, score_cutoff=int(reach.max()), dtype=np.int32)
    eligible = np.where(counts[frequent][None, :] >= _RATIO * counts[rare][:, None], distances, np.iinfo(np.int32).max)
    best = np.argmin(eligible, axis=1)
    least = eligible[np.arange(rare.size), best]
    alone = np.sum(distances <= least[:, None], axis=1) == 1
    places = np.flatnonzero((least <= reach) & alone)
    return [
        Slip(int(rare[place]), int(frequent[best[place]]), _kind(names[place]))
        for place in places
        if _same_digits(names[place], known[best[place]])
    ]


def learned_sign(spellings: list[tuple[list[str], list[Slip]]]) -> str:
    """Return the sign that stands in place of other letters in much of the table's slips; "" for none."""
    put: Counter[str] = Counter()
    slips = 0
    for values, found in spellings:
        for slip in found:
            wrong, right = values[slip.wrong], values[slip.right]
            if len(wrong) != len(right):
                continue
            signs = {one for one, other in zip(wrong, right, strict=True) if one != other}
            slips += 1
            if len(signs) == 1:
                put[signs.pop()] += 1
    sign, most = min(put.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    return sign if most >= _FEWEST_SLIPS and most >= _SIGN_SHARE * slips else ""


def sign_slips(values: list[str], counts: Codes, sign: str) -> list[Slip]:
    """Return the rare values that equal exactly one frequent value wherever they do not hold the sign."""
    known: dict[int, list[int]] = {}
    for code in np.flatnonzero(counts >= _FREQUENT // 2):
        known.setdefault(len(values[code]), []).append(int(code))
    found = []
    letters = {length: np.array([list(values[code]) for code in codes]) for length, codes in known.items() if length}
    for code in np.flatnonzero((counts > 0) & (counts <= _RARE)):
        text = np.array(list(values[code]))
        if sign not in values[code] or text.size not in letters:
            continue
        free = text == sign
        alike = np.all(free | (letters[text.size] == text), axis=1)
        fits = [other for other in np.array(known[text.size])[alike] if other != code and counts[other] > counts[code]]
        if len(fits) == 1 and not free.all():
            found.append(Slip(int(code), int(fits[0]), "sign"))
    return found


def _has_vocabulary(factor: Factor) -> bool:
    counts = factor.counts()
    return counts.size > 0 and int(counts[counts >= _FREQUENT].sum()) >= _VOCABULARY * max(1, int(counts.sum()))


def _kind(text: str) -> str:
    return "short" if len(text) < _SHORT else "medium" if len(text) < _LONG else "long"


def _same_digits(one: str, other: str) -> bool:
    """Whether two texts hold the same digits: another number is another value."""
    return [sign for sign in one if sign.isdigit()] == [sign for sign in other if sign.isdigit()]


def _opinions(column: int, factor: Factor, slips: list[Slip], hearing: Hearing) -> list[Opinions]:
    found = []
    for kind, reliability in _RELIABILITY.items():
        mine = [slip for slip in slips if slip.kind == kind]
        if not mine:
            continue
        targets = np.full(factor.size, -1, dtype=np.int64)
        targets[[slip.wrong for slip in mine]] = [slip.right for slip in mine]
        rows, choices = _spread(factor, targets)
        chance = reliability * (1.0 - _confusion(factor, kind))
        cells = hearing.settings.prior_cells
        ballots = (
            rows,
            choices,
            cells * chance,
            cells * (1.0 - chance),
            CellFault.TYPO,
            _reason(factor, targets, kind),
        )
        found.append(Opinions(SPECIALIST, f"{SPECIALIST}: {kind}", column, *ballots))
    return found


def _spread(factor: Factor, targets: Codes) -> tuple[Codes, Codes]:
    chosen = np.where(factor.codes >= 0, np.append(targets, -1)[np.minimum(factor.codes, targets.size)], -1)
    rows: Codes = np.flatnonzero(chosen >= 0)
    return rows, chosen[rows]


def _confusion(factor: Factor, kind: str) -> float:
    """Return the share of the column's frequent values of a length that are within reach of another frequent one."""
    if kind == "sign":
        return 0.0
    counts = factor.counts()
    names = [factor.values[code] for code in np.flatnonzero(counts >= _FREQUENT)[: _MOST_FREQUENT // 4]]
    names = [name for name in names if _kind(name) == kind]
    if len(names) < 2:  # noqa: PLR2004  nothing to confuse
        return 0.0
    reach = np.array([max(1, len(name) // _LETTERS_A_SLIP) for name in names])
    distances = process.cdist(names, names, scorer=OSA.distance, score_cutoff=int(reach.max()), dtype=np.int32)
    near: Flags = np.sum(distances <= reach[:, None], axis=1) > 1
    return float(np.mean(near))


def _reason(factor: Factor, targets: Codes, kind: str) -> Callable[[int], str]:
    counts = factor.counts()

    def reason(row: int) -> str:
        code = int(factor.codes[row])
        rows = int(counts[targets[code]])
        how = "but for one sign put in place of letters" if kind == "sign" else "but for a slip"
        return f"{factor.values[int(targets[code])]!r}, the value of {rows} rows, {how}; as it stands in {int(counts[code])}"

    return reason
