"""Readings that an earlier run had to recover to, measured before anything fails: a lesson says where to look.

The data of this run say whether: what is not found by the tests of the recovery itself is left as it was decided, and
that is put on record. Setting rows aside is never foreseen, as the rows of another run may be good.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import duckdb

from algorithms.diagnosis.bars import judge
from algorithms.diagnosis.remedies import remedy_for
from algorithms.learned_remedies import confirmed, reads_otherwise, recoveries_of
from algorithms.reading_alternatives import date_alternatives, decimal_alternatives, unit_alternatives
from nodes.steps.reformats import evidence_by_file, reformats
from nodes.steps.work import Work
from state.contract import Column, LogicalType
from state.diagnosis import Cause, Diagnosis
from state.experience import LessonUse
from state.formats import FormatEvidence, ValueFormat
from state.lessons import KnownRecovery, Lesson
from state.recovery import Amendment, Foreseen
from state.symptoms import TestCall
from tools.conform.landed import LandedColumn
from tools.diagnosis.rows import load_rows
from tools.diagnosis.subject import Subject
from tools.diagnosis.text_causes import placeholders
from tools.diagnosis.validate import validate_data
from tools.lessons_used import lessons_of, record_use
from tools.recovery import read_foreseen, write_foreseen

_DATES: Final = (LogicalType.DATE, LogicalType.TIMESTAMP)
_CAUSES: Final[Mapping[str, Cause]] = {
    "order": Cause.CHANGED_DATE_ORDER,
    "power": Cause.CHANGED_UNIT,
    "minutes": Cause.TIME_ZONE_SHIFT,
}
"""What is wrong with data that is read otherwise by a parameter."""

Landed = Callable[[Column], Sequence[LandedColumn]]
"""Finds the landed fields that feed a column."""


def foresee(
    connection: duckdb.DuckDBPyConnection,
    work: Work,
    evidences: Mapping[str, FormatEvidence],
    formats: Mapping[str, ValueFormat],
    landed: Landed,
) -> None:
    """Put in place what lessons say about the table's columns and its data confirm, within the caller's transaction."""
    refuted = {each.lesson_id for each in read_foreseen(connection) if not each.holds}
    for lesson, known in recoveries_of(lessons_of(work.folder), work.table.name):
        if not reads_otherwise(known) or lesson.lesson_id in refuted or known.columns[0] not in formats:
            continue
        found = confirmed(known, list(_measured(connection, work, known, evidences, formats, landed)))
        if found:
            kept = tuple(each.model_copy(update={"diagnosed": False}) for each in found)
            foreseen = Foreseen(
                lesson_id=lesson.lesson_id, kind=lesson.kind.value, table=work.table.name, amendments=kept
            )
            write_foreseen(connection, foreseen)
        record_use(connection, _use(lesson, work, known, found))


def _use(lesson: Lesson, work: Work, known: KnownRecovery, found: Sequence[Amendment]) -> LessonUse:
    how = ", ".join(f"{name} {value}" for name, value in sorted(known.parameters.items()))
    what = f"{known.amendment.value} of {', '.join(known.columns)} ({how})"
    told = (
        f"{what} at once: {found[0].evidence}" if found else f"{what} is not needed: nothing in the data speaks for it"
    )
    return LessonUse(
        lesson_id=lesson.lesson_id,
        kind=lesson.kind.value,
        steps=(work.step.step_id,),
        effect=told[:300],
        held=bool(found),
    )


def _measured(
    connection: duckdb.DuckDBPyConnection,
    work: Work,
    known: KnownRecovery,
    evidences: Mapping[str, FormatEvidence],
    formats: Mapping[str, ValueFormat],
    landed: Landed,
) -> Iterator[Amendment]:
    """Yield what the data say about what a lesson names: by the counts at hand, else by the test of the cause."""
    name, how = known.columns[0], known.parameters
    if "sentinel" in how:
        yield from _sentinel(connection, work, known)
        return
    found: list[Amendment] = []
    if "order" in how:
        dates = {key: each for key, each in evidences.items() if each.logical_type in _DATES}
        found = date_alternatives(dates, formats)
    elif "power" in how and name in evidences:
        found = list(unit_alternatives(evidences[name], formats[name]))
    elif "decimal" in how:
        column = work.table.column(name)
        by_file = {} if formats[name].decimal else evidence_by_file(connection, work, column, landed(column))
        found = list(decimal_alternatives(formats[name], by_file))
    yield from found
    cause = next((cause for parameter, cause in _CAUSES.items() if parameter in how), None)
    if cause is not None and not confirmed(known, found):
        yield from _tested(connection, work, cause, formats[name], evidences.get(name))


def _tested(
    connection: duckdb.DuckDBPyConnection,
    work: Work,
    cause: Cause,
    answer: ValueFormat,
    evidence: FormatEvidence | None,
) -> Iterator[Amendment]:
    """Yield what the test of one cause finds in one column: all that a diagnosis would have come to."""
    subject = Subject(work.table, work.contract, work.intake)
    call = TestCall(table=work.table.name, cause=cause, columns=(answer.column,))
    result = validate_data(connection, subject, call)
    if result.columns != call.columns:
        return
    judged = judge(result)
    diagnosis = Diagnosis(
        table=work.table.name,
        cause=cause,
        columns=result.columns,
        rows=result.rows,
        confidence=judged.score,
        remedy=remedy_for(result),
        reason=judged.evidence,
    )
    yield from reformats(connection, work, _file_rows(connection, work), diagnosis, answer, lambda: evidence)


def _file_rows(connection: duckdb.DuckDBPyConnection, work: Work) -> dict[int, int]:
    files = list(work.intake.table_files.get(work.table.name, ()))
    rows = connection.execute(
        "select file_id, records from land.files where list_contains(?::integer[], file_id)", [files]
    ).fetchall()
    return {int(file_id): int(records) for file_id, records in rows}


def _sentinel(connection: duckdb.DuckDBPyConnection, work: Work, known: KnownRecovery) -> Iterator[Amendment]:
    """Yield a text that stands for no value, where it stands apart from all others and the column may be empty."""
    column = work.table.column(known.columns[0])
    if column.required or column.key_position is not None:
        return
    rows = load_rows(connection, Subject(work.table, work.contract, work.intake), [column])
    texts, apart = placeholders(rows, column)
    count = sum(number for text, number in texts.items() if text.casefold() == known.parameters["sentinel"].casefold())
    if count:
        yield Amendment(
            kind=known.amendment,
            table=work.table.name,
            columns=known.columns,
            parameters=known.parameters,
            gain=count,
            certainty=apart,
            evidence=f"{known.parameters['sentinel']!r} in {count} rows stands apart from all other values",
        )
