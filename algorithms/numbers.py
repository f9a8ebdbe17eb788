"""How the numbers of a column are written: decimal and grouping sign, unit, percent.

Pure decisions on counts; nothing is parsed here. A spelling that reads only one way is always read that way; what is
decided here is the rest.
"""

from collections import Counter

from algorithms.units import canonical_unit, is_known_unit, is_multiplier
from state.contract import LogicalType
from state.formats import FormatEvidence
from state.values import Value

GROUPING = {".": ",", ",": "."}
"""Decimal sign -> the sign that groups digits beside it."""

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


class UnitRuling(Value):
    """The unit that is stripped (canonical), the files that are not read, how sure, and why in words."""

    unit: str | None = None
    unread_files: tuple[int, ...] = ()
    confidence: float = 1.0
    evidence: str = ""


def decide_unit(evidence: FormatEvidence) -> UnitRuling:
    """Return which unit is stripped and which files are in another one. Nothing is decided by majority.

    The contract's unit decides, else the one in the headers. Where there is neither, a unit is stripped that is the
    only one in the column. Headers that state different units, or another than the contract, leave their files unread.
    A text beside the numbers is a unit when it is a known one, or when most filled rows carry it and it is no
    multiplier ("5k").
    """
    expected, unread, told = _expected_unit(evidence)
    rows: Counter[str] = Counter()
    for text, count in sorted(evidence.units.items()):
        rows[canonical_unit(text)] += count
    found = {unit: count for unit, count in rows.items() if counts_as_unit(unit, count, evidence.filled)}
    unit = expected if expected in found else None
    if found and not expected:
        unit = next(iter(found)) if len(found) == 1 and not unread else None
    others = sum(rows.values()) - found.get(unit or "", 0)
    if unit:
        told.append(f"{found[unit]} rows with the unit {unit!r}" + f", {others} with another: not read" * (others > 0))
    elif found and not unread:
        told.append(f"{others} rows with a unit are not read: {', '.join(map(repr, sorted(found)))}")
    sure = 0.0 if unread else 0.5 if found and unit is None else 1.0
    return UnitRuling(unit=unit, unread_files=unread, confidence=sure, evidence="; ".join(told))


def _expected_unit(evidence: FormatEvidence) -> tuple[str | None, tuple[int, ...], list[str]]:
    """Return the unit that contract or headers state, the files in another one, and what to tell."""
    expected, files = evidence.expected_unit, evidence.header_unit_files
    stated = sorted(evidence.header_units)
    headers = ", ".join(f"{unit!r} ({evidence.header_units[unit]} rows)" for unit in stated)
    if expected:
        told = [f"the contract states the unit {expected!r}"]
        others = sorted(file_id for unit in stated if unit != expected for file_id in files.get(unit, ()))
        if others:
            told.append(f"headers state {headers}: files in another unit are not read")
        return expected, tuple(others), told
    if len(stated) > 1:
        every = sorted({file_id for file_ids in files.values() for file_id in file_ids})
        return None, tuple(every), [f"headers state {headers} and the contract none: nothing is read"]
    return (stated[0], (), [f"headers state {headers}"]) if stated else (None, (), [])


class PercentRuling(Value):
    """What "45%" is multiplied by, whether it is read at all, and why in words."""

    factor: float = 1.0
    read: bool = True
    evidence: str = ""


def decide_percent(evidence: FormatEvidence) -> PercentRuling:
    """Return how values with a percent sign are read: by the contract's maximum, else by the numbers without one."""
    small, large = evidence.bare_numbers_up_to_one, evidence.bare_numbers_above_one
    if not evidence.percent:
        return PercentRuling()
    if evidence.maximum is not None and evidence.maximum <= 1:
        return PercentRuling(factor=0.01, evidence=f"the contract's maximum {evidence.maximum:g} makes percent a share")
    if evidence.maximum is None and small and large:
        told = f"{small} numbers without percent sign up to 1 and {large} from 1 on: undecided, percents are not read"
        return PercentRuling(read=False, evidence=told)
    if small and not large:
        return PercentRuling(factor=0.01, evidence=f"{small} numbers without percent sign lie in 0..1")
    return PercentRuling(evidence=f"{evidence.percent} rows with a percent sign are read as they stand")
