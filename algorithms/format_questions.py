"""What about the writing of a column may be open, and the language of the council that is asked about it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from state.contract import LogicalType
from state.formats import FormatEvidence

ALL_FILES = -1
"""The file of a question that is about all files of the column."""

DATED = (LogicalType.DATE, LogicalType.TIMESTAMP)
NUMERIC = (LogicalType.NUMBER, LogicalType.INTEGER)


class Reading(StrEnum):
    """What about a column may be open."""

    ORDER = "date order"
    DOTTED = "order of dates with points"
    DECIMAL = "decimal sign"
    UNIT = "unit"
    PERCENT = "percent"


class Kind(StrEnum):
    """Kinds of evidence."""

    STATED = "stated"  # the contract says it
    BOUNDS = "bounds"  # only one reading keeps the contract's bounds
    TEXTS = "texts"  # texts that can be read in one way only
    HEADER = "header"  # the header states the unit
    CONFLICT = "conflict"  # the seat's own evidence contradicts itself
    WHOLE = "whole numbers"  # the contract's type has no places
    FILES = "other files"
    BESIDE = "columns beside"
    PLAUSIBLE = "range"
    RHYTHM = "rhythm"  # only one reading goes in equal steps, or on the day of the month that all others have
    NOTATION = "notation"  # what is usual
    POINTS = "points"  # dates with points have the day first
    NAME = "name"
    ADOPTED = "adopted"
    SILENT = "nothing"


class Asked(NamedTuple):
    """A question."""

    reading: Reading
    file: int = ALL_FILES


class Vote(NamedTuple):
    """What a seat says: a choice or none, on what kind of evidence, and why."""

    choice: str | None
    kind: Kind
    reason: str = ""


Sheet = Mapping[Asked, Vote]
"""What one member says to all questions about a column; what it does not name it abstains on."""

Judging = Callable[[FormatEvidence], Sheet]


def questions(evidence: FormatEvidence) -> tuple[Asked, ...]:
    """Return what is open about a column: only readings that some text depends on."""
    found = []
    if evidence.logical_type in DATED:
        files = sorted({*evidence.day_first_only, *evidence.month_first_only, *evidence.ambiguous})
        found += [Asked(Reading.ORDER, file_id) for file_id in files]
        if evidence.dotted_day_first_only + evidence.dotted_month_first_only + evidence.dotted_ambiguous:
            found.append(Asked(Reading.DOTTED))
    elif evidence.logical_type in NUMERIC:
        ambiguous = evidence.separator_ambiguous + evidence.point_ambiguous
        open_readings = (
            (Reading.DECIMAL, evidence.decimal_comma + evidence.decimal_point + ambiguous),
            (Reading.UNIT, bool(evidence.units or evidence.header_units)),
            (Reading.PERCENT, evidence.percent),
        )
        found += [Asked(reading) for reading, is_open in open_readings if is_open]
    return tuple(found)
