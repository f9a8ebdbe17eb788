"""What is odd about the rows of a table: repeated ones, keys that do not hold, sums among details, values beside."""

from collections.abc import Iterator

import duckdb

from state.diagnosis import Cause
from state.symptoms import Symptom, SymptomKind, TestCall, TestResult
from tools.diagnosis.habits import disordered_rows
from tools.diagnosis.row_causes import seek_duplicates, seek_grain, seek_key
from tools.diagnosis.rows import Rows
from tools.diagnosis.subject import Subject

_FEW = 3


def row_symptoms(connection: duckdb.DuckDBPyConnection, subject: Subject, rows: Rows) -> Iterator[Symptom]:
    """Yield what is odd about whole rows."""
    if not len(rows):
        return
    repeated = seek_duplicates(connection, subject, _call(subject, Cause.DUPLICATED_LOAD))
    if repeated.rows.count:
        surely = max(repeated.figures.get("keyed", 0.0), repeated.figures.get("aligned", 0.0))
        yield _symptom(SymptomKind.REPEATED, repeated, 0.2 + 0.8 * surely if repeated.rows.count >= _FEW else 0.3)
    key = seek_key(connection, subject, _call(subject, Cause.BROKEN_KEY))
    if key.rows.count:
        yield _symptom(SymptomKind.KEY, key, 0.9)
    grain = seek_grain(connection, subject, _call(subject, Cause.MIXED_GRANULARITY))
    if grain.rows.count:
        yield _symptom(SymptomKind.TOTALS, grain, 0.9)
    yield from _misfits(connection, subject)


def _misfits(connection: duckdb.DuckDBPyConnection, subject: Subject) -> Iterator[Symptom]:
    judged, misfit = disordered_rows(connection, subject)
    several = int((misfit.sum(axis=1) >= 2).sum())  # noqa: PLR2004  several
    if several:
        names = [name for place, name in enumerate(judged.order) if misfit[:, place].any()]
        yield Symptom(
            kind=SymptomKind.MISFIT,
            columns=tuple(names),
            strength=0.9 if several >= _FEW else 0.4,
            rows=several,
            told=f"{several} rows have two values or more that do not fit their columns",
        )


def _call(subject: Subject, cause: Cause) -> TestCall:
    return TestCall(table=subject.table.name, cause=cause)


def _symptom(kind: SymptomKind, found: TestResult, strength: float) -> Symptom:
    return Symptom(kind=kind, columns=found.columns, strength=strength, rows=found.rows.count, told=found.told[:300])
