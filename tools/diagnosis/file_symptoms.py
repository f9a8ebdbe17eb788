"""What is odd about the files of a table: refused lines, columns that feed nothing, garbled letters, an early end."""

from collections.abc import Iterator

import duckdb

from algorithms.diagnosis.garbling import garbled_rows
from state.contract import LogicalType
from state.diagnosis import Cause
from state.symptoms import Symptom, SymptomKind, TestCall
from tools.diagnosis.answers import cut, listed
from tools.diagnosis.delimiters import uncut_by
from tools.diagnosis.endings import ends_open, seek_truncation
from tools.diagnosis.rejects import read_rejects
from tools.diagnosis.rows import Rows
from tools.diagnosis.subject import Subject
from tools.sources.damage import NO_UTF8

_MOST_FILES = 200


def file_symptoms(connection: duckdb.DuckDBPyConnection, subject: Subject, rows: Rows) -> Iterator[Symptom]:
    """Yield what is odd about the files."""
    rejects = read_rejects(connection, subject)
    if rejects:
        reasons = sorted({reject.reason[:60] for reject in rejects})
        told = f"{len(rejects)} lines are no record: {listed(reasons, 3)}"
        yield Symptom(kind=SymptomKind.REJECTS, strength=0.9, rows=len(rejects), told=told)
    if any(NO_UTF8 in reject.reason for reject in rejects):
        yield Symptom(kind=SymptomKind.GARBLED, strength=0.9, rows=len(rejects), told="lines hold bytes of no UTF-8")
    uncut = [file.name for file in subject.texts[:_MOST_FILES] if uncut_by(subject, file)]
    if uncut:
        told = f"the columns of {listed(uncut, 3)} do not feed the table's, and another delimiter would cut them so"
        yield Symptom(kind=SymptomKind.UNMAPPED, strength=1.0, told=told)
    yield from _garbled(rows)
    if any(map(ends_open, subject.texts[:_MOST_FILES])):
        yield from _endings(connection, subject)


def _garbled(rows: Rows) -> Iterator[Symptom]:
    for column in rows.columns:
        if column.logical_type is not LogicalType.STRING:
            continue
        odd = garbled_rows(rows.counts[column.name])
        count = sum(odd.values())
        if count:
            yield Symptom(
                kind=SymptomKind.GARBLED,
                columns=(column.name,),
                strength=min(1.0, 0.3 + count / 10),
                rows=count * rows.every,
                told=f"{count} texts of {cut(column.name)!r} have letters of another encoding: {listed(odd, 2)}",
            )


def _endings(connection: duckdb.DuckDBPyConnection, subject: Subject) -> Iterator[Symptom]:
    found = seek_truncation(connection, subject, TestCall(table=subject.table.name, cause=Cause.TRUNCATED_FILE))
    cut_off = found.figures.get("cut_record", 0.0) + found.figures.get("cut_value", 0.0)
    if found.rows.count:
        yield Symptom(kind=SymptomKind.ENDING, strength=min(1.0, 0.2 + cut_off), rows=1, told=found.told)
