"""How the numbers of a column are written: decimal and grouping sign, unit, percent.

What follows from what the council on formats decided; nothing is parsed here. A spelling that reads only one way is
always read that way; what is decided is the rest.
"""

from collections import Counter

from algorithms.units import canonical_unit, is_known_unit, is_multiplier
from state.formats import FormatEvidence
from state.values import Value

GROUPING = {".": ",", ",": "."}
"""Decimal sign -> the sign that groups digits beside it."""

_MAJORITY = 0.5
"""Share of the filled rows that must carry a text that is no known unit before it counts as one."""


class Separators(Value):
    """The decimal sign ("" when undecided), the grouping sign, how sure, and why in words."""

    decimal: str
    thousands: str | None
    confidence: float
    evidence: str


def separators_of(evidence: FormatEvidence, sign: str | None, confidence: float, reason: str) -> Separators:
    """Return how "1,234" and "1.234" are read, by the decimal sign that was decided on, or None.

    Without a row that tells, "1.234" is plain notation that groups nothing, and an undecided "1,234" stays unread.
    """
    comma, point = evidence.decimal_comma, evidence.decimal_point
    commas, points = evidence.separator_ambiguous, evidence.point_ambiguous
    told = f"{point} rows read only with a decimal point, {comma} only with a decimal comma"
    if comma + point:
        if sign is None:
            return Separators(decimal="", thousands=None, confidence=confidence, evidence=f"{told}: undecided")
        sure = min(confidence, max(comma, point) / (comma + point))
        return Separators(decimal=sign, thousands=GROUPING[sign], confidence=sure, evidence=told)
    if sign is not None:
        grouped = commas if sign == "." else points
        return Separators(
            decimal=sign, thousands=GROUPING[sign] if grouped else None, confidence=confidence, evidence=reason
        )
    if commas and points:
        told = f"{commas} rows such as 1,234 and {points} such as 1.234, none that tells them apart: undecided"
        return Separators(decimal="", thousands=None, confidence=confidence, evidence=told)
    told = f"{commas or points} rows such as {'1,234' if commas else '1.234'}, none that tells what the sign does"
    return Separators(
        decimal="." if commas else "", thousands=None, confidence=confidence, evidence=f"{told}: undecided"
    )


def counts_as_unit(text: str, rows: int, filled: int) -> bool:
    """Whether a text that stands beside the numbers of `rows` of the `filled` rows is a unit, and no slip."""
    return bool(text) and (is_known_unit(text) or (rows > _MAJORITY * filled and not is_multiplier(text)))


def units_beside(evidence: FormatEvidence) -> dict[str, int]:
    """Return the units beside the numbers (canonical) with their rows.

    A text is a unit when it is a known one, or when most filled rows carry it and it is no multiplier ("5k").
    """
    rows = _rows_by_unit(evidence)
    return {unit: count for unit, count in rows.items() if counts_as_unit(unit, count, evidence.filled)}


class UnitRuling(Value):
    """The unit that is stripped (canonical), the files that are not read, how sure, and why in words."""

    unit: str | None = None
    unread_files: tuple[int, ...] = ()
    confidence: float = 1.0
    evidence: str = ""


def unit_of(evidence: FormatEvidence, decided: str | None) -> UnitRuling:
    """Return which unit is stripped and which files are in another one, by the unit that was decided on, or None.

    Headers that state different units, or another than the contract, leave their files unread.
    """
    unread, told = _other_units(evidence)
    found, rows = units_beside(evidence), _rows_by_unit(evidence)
    unit = decided if decided in found and (evidence.expected_unit or not unread) else None
    others = sum(rows.values()) - found.get(unit or "", 0)
    if unit:
        told.append(f"{found[unit]} rows with the unit {unit!r}" + f", {others} with another: not read" * (others > 0))
    elif found and not unread:
        told.append(f"{others} rows with a unit are not read: {', '.join(map(repr, sorted(found)))}")
    sure = 0.0 if unread else 0.5 if found and unit is None else 1.0
    return UnitRuling(unit=unit, unread_files=unread, confidence=sure, evidence="; ".join(told))


def _rows_by_unit(evidence: FormatEvidence) -> Counter[str]:
    rows: Counter[str] = Counter()
    for text, count in sorted(evidence.units.items()):
        rows[canonical_unit(text)] += count
    return rows


def _other_units(evidence: FormatEvidence) -> tuple[tuple[int, ...], list[str]]:
    """Return the files in another unit than contract or headers state, and what these state in words."""
    expected, files = evidence.expected_unit, evidence.header_unit_files
    stated = sorted(evidence.header_units)
    headers = ", ".join(f"{unit!r} ({evidence.header_units[unit]} rows)" for unit in stated)
    if expected:
        told = [f"the contract states the unit {expected!r}"]
        others = sorted(file_id for unit in stated if unit != expected for file_id in files.get(unit, ()))
        if others:
            told.append(f"headers state {headers}: files in another unit are not read")
        return tuple(others), told
    if len(stated) > 1:
        every = sorted({file_id for file_ids in files.values() for file_id in file_ids})
        return tuple(every), [f"headers state {headers} and the contract none: nothing is read"]
    return (), [f"headers state {headers}"] if stated else []
