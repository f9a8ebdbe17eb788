"""Other ways to read the values of single files, each with the evidence for it. What nothing speaks for is not offered.

The experts on formats decide a column over all its files; where that leaves files unread, a closer look at one file
tells more: another date column of the same file, its own numbers, the unit in its header against the contract's.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from algorithms.formats import decide_separators
from algorithms.quality_recovery import LEAST_CERTAINTY
from algorithms.units import power_between
from state.diagnosis import Cause, Diagnosis, RemedyKind
from state.formats import DateOrder, FormatEvidence, ValueFormat
from state.recovery import Amendment

_STATED = 0.97  # certainty of what a header states
_MOST_SURE = 0.97
_MAJORITY = 0.95  # share of the rows that tell the order in one file; the others count as slips
_TELLING = 20  # rows that tell the order, at least, where some contradict


class _Found(NamedTuple):
    """What one file tells about the order of its dates in a column."""

    order: DateOrder
    certainty: float
    evidence: str


def date_alternatives(evidences: Mapping[str, FormatEvidence], formats: Mapping[str, ValueFormat]) -> list[Amendment]:
    """Return orders of day and month for files in which nothing decided it, by what else the same file tells."""
    found: dict[tuple[str, DateOrder, bool], list[tuple[int, _Found]]] = defaultdict(list)
    for column, evidence in evidences.items():
        answer = formats.get(column)
        unread = [group for group in answer.groups if group.date_order is DateOrder.UNKNOWN] if answer else []
        for file_id in (file_id for group in unread for file_id in group.file_ids):
            told = _told_by_file(column, file_id, evidences) if evidence.ambiguous.get(file_id) else None
            if told is not None:
                found[column, told.order, told.certainty >= LEAST_CERTAINTY].append((file_id, told))
    return [
        Amendment(
            kind=RemedyKind.REFORMAT,
            table=evidences[column].table,
            columns=(column,),
            files=tuple(file_id for file_id, _ in members),
            parameters={"order": order.value},
            gain=sum(evidences[column].ambiguous[file_id] for file_id, _ in members),
            certainty=min(told.certainty for _, told in members),
            evidence="; ".join(dict.fromkeys(told.evidence for _, told in members[:5])),
        )
        for (column, order, _), members in found.items()
    ]


def _told_by_file(column: str, file_id: int, evidences: Mapping[str, FormatEvidence]) -> _Found | None:
    day, month = _telling(evidences[column], file_id)
    if day and month:
        share = max(day, month) / (day + month)
        if share < _MAJORITY or day + month < _TELLING:
            return None
        order = DateOrder.DAY_FIRST if day > month else DateOrder.MONTH_FIRST
        return _Found(order, share, f"{max(day, month)} of {day + month} dates of the file tell {order.value}")
    others = {name: _telling(other, file_id) for name, other in evidences.items() if name != column}
    days = {name: told[0] for name, told in others.items() if told[0]}
    months = {name: told[1] for name, told in others.items() if told[1]}
    if bool(days) == bool(months):
        return None
    order = DateOrder.DAY_FIRST if days else DateOrder.MONTH_FIRST
    rows = sum((days or months).values())
    evidence = f"{rows} dates in {', '.join(days or months)} of the same file tell {order.value}"
    return _Found(order, _sure(rows), evidence)


def _telling(evidence: FormatEvidence, file_id: int) -> tuple[int, int]:
    return evidence.day_first_only.get(file_id, 0), evidence.month_first_only.get(file_id, 0)


def _sure(rows: int) -> float:
    """Return how sure something is that so many rows tell and none contradicts (rule of succession)."""
    return _MOST_SURE * (rows + 1) / (rows + 2)


def unit_alternatives(evidence: FormatEvidence, answer: ValueFormat) -> Iterator[Amendment]:
    """Yield the conversion of files whose header states a unit that is a power of ten of the contract's."""
    wanted = evidence.expected_unit
    for unit, files in sorted(evidence.header_unit_files.items()) if wanted else ():
        power = power_between(unit, wanted or "")
        unread = tuple(file_id for file_id in files if file_id in answer.unread_files)
        if power is not None and unread:
            yield Amendment(
                kind=RemedyKind.REFORMAT,
                table=evidence.table,
                columns=(evidence.column,),
                files=unread,
                parameters={"power": str(power)},
                gain=evidence.header_units.get(unit, 0),
                certainty=_STATED,
                evidence=f"the header states {unit!r}, the contract {wanted!r}: times 10 to the power of {power}",
            )


def decimal_alternatives(answer: ValueFormat, by_file: Mapping[int, FormatEvidence]) -> Iterator[Amendment]:
    """Yield the decimal sign of single files of a column in which it stayed undecided, by each file's own numbers."""
    for file_id, evidence in sorted(by_file.items()) if answer.decimal == "" else ():
        told = evidence.decimal_comma + evidence.decimal_point
        own, unread = decide_separators(evidence), evidence.separator_ambiguous + evidence.point_ambiguous
        if told and own.decimal and unread:
            yield Amendment(
                kind=RemedyKind.REFORMAT,
                table=evidence.table,
                columns=(evidence.column,),
                files=(file_id,),
                parameters={"decimal": own.decimal},
                gain=unread,
                certainty=own.confidence * _sure(told),
                evidence=f"in the file alone {own.evidence}",
            )


_EXCHANGED = {DateOrder.DAY_FIRST: DateOrder.MONTH_FIRST, DateOrder.MONTH_FIRST: DateOrder.DAY_FIRST}


def diagnosed_parameters(diagnosis: Diagnosis, orders: Collection[DateOrder | None]) -> dict[str, str]:
    """Return how a diagnosis says that whole files are to be read; empty where that cannot be done exactly.

    `orders` are those in which the files' dates are read now. A factor is taken out only where it is a power of ten.
    """
    if diagnosis.cause is Cause.CHANGED_DATE_ORDER and len(orders) == 1:
        now = next(iter(orders))
        return {"order": _EXCHANGED[now].value} if now in _EXCHANGED else {}
    if diagnosis.cause is Cause.TIME_ZONE_SHIFT:
        minutes = diagnosis.remedy.parameters.get("minutes", "")
        return {"minutes": str(-int(minutes))} if minutes.lstrip("-").isdigit() and int(minutes) else {}
    factor = diagnosis.remedy.parameters.get("factor", "")
    if diagnosis.cause is not Cause.CHANGED_UNIT or not factor:
        return {}
    try:
        size = Fraction(factor)
    except (ValueError, ZeroDivisionError):
        return {}
    return next(({"power": str(-power)} for power in range(-9, 10) if power and Fraction(10) ** power == size), {})
