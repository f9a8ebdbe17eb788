"""How the numbers of a column are written: decimal and grouping sign, unit, percent.

Pure decisions on counts; nothing is parsed here. A spelling that reads only one way is always read that way; what is
decided here is the rest.
"""

from collections import Counter

from algorithms.units import canonical_unit, is_known_unit, is_multiplier
from state.contract import LogicalType
from state.formats import FormatEvidence
from state.values import Value

_DOMINANT = 0.99
"""Share of the rows that tell the decimal sign that must agree before the others count as slips."""

_MAJORITY = 0.5
"""Share of the filled rows that must carry a text that is no known unit before it counts as one."""


class Separators(Value):
    """The decimal sign ("" when undecided), the grouping sign, how sure, and why in words."""

    decimal: str
    thousands: str | None
    confidence: float
    evidence: str


def decide_separators(evidence: FormatEvidence) -> Separators:
    """Return how "1,234" and "1.234" are read in this column.

    Rows that can only be read with one decimal sign decide; a minority below 1 % counts as slips. Without such rows an
    integer column groups its digits; in another column "1.234" is plain notation, and "1,234" stays undecided.
    """
    comma, point = evidence.decimal_comma, evidence.decimal_point
    told = f"{point} rows read only with a decimal point, {comma} only with a decimal comma"
    if comma + point:
        share = max(comma, point) / (comma + point)
        if share < _DOMINANT:
            return Separators(decimal="", thousands=None, confidence=0.5, evidence=f"{told}: undecided")
        signs = (",", ".") if comma > point else (".", ",")
        return Separators(decimal=signs[0], thousands=signs[1], confidence=share, evidence=told)
    return _without_evidence(evidence)


def _without_evidence(evidence: FormatEvidence) -> Separators:
    commas, points = evidence.separator_ambiguous, evidence.point_ambiguous
    if not commas and not points:
        return Separators(decimal=".", thousands=None, confidence=1.0, evidence="")
    if commas and points:
        told = f"{commas} rows such as 1,234 and {points} such as 1.234, none that tells them apart: undecided"
        return Separators(decimal="", thousands=None, confidence=0.5, evidence=told)
    if evidence.logical_type is LogicalType.INTEGER:
        signs = (".", ",") if commas else (",", ".")
        told = f"{commas + points} rows with digits in threes in a column of whole numbers: {signs[1]!r} groups"
        return Separators(decimal=signs[0], thousands=signs[1], confidence=0.9, evidence=told)
    if points:
        told = f"{points} rows such as 1.234: plain notation, the point is the decimal sign"
        return Separators(decimal=".", thousands=None, confidence=0.8, evidence=told)
    told = f"{commas} rows such as 1,234, none that tells whether the comma groups: undecided"
    return Separators(decimal=".", thousands=None, confidence=0.5, evidence=told)


def counts_as_unit(text: str, rows: int, filled: int) -> bool:
    """Whether a text that stands beside the numbers of `rows` of the `filled` rows is a unit, and no slip."""
    return bool(text) and (is_known_unit(text) or (rows > _MAJORITY * filled and not is_multiplier(text)))


def decide_unit(evidence: FormatEvidence) -> tuple[str | None, str]:
    """Return the one unit that is stripped (canonical) and why; None when there is none.

    A text beside the numbers is a unit when it is a known one, or when most filled rows carry it and it is no
    multiplier ("5k"). Of several units the most frequent is stripped; rows with another one stay unread.
    """
    rows: Counter[str] = Counter()
    for text, count in sorted(evidence.units.items()):
        rows[canonical_unit(text)] += count
    accepted = [(count, unit) for unit, count in rows.items() if counts_as_unit(unit, count, evidence.filled)]
    if not accepted:
        return None, ""
    count, unit = min(accepted, key=lambda pair: (-pair[0], pair[1]))
    others = sum(rows.values()) - count
    told = f"{count} rows with the unit {unit!r}" + (f", {others} with another: not read" if others else "")
    return unit, told


def decide_percent(evidence: FormatEvidence) -> tuple[float, str]:
    """Return what "45%" is multiplied by, and why."""
    if not evidence.percent:
        return 1.0, ""
    if evidence.maximum is not None and evidence.maximum <= 1:
        return 0.01, f"the contract's maximum {evidence.maximum:g} makes percent a share"
    if evidence.bare_numbers_up_to_one and not evidence.bare_numbers_above_one:
        return 0.01, f"{evidence.bare_numbers_up_to_one} numbers without percent sign lie in 0..1"
    return 1.0, f"{evidence.percent} rows with a percent sign are read as they stand"
