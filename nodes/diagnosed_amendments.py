"""What a diagnosis of a table says could be done, as alternatives that can be put in place: measured anew on the data.

A diagnosis names samples and counts; what is done about whole files, values and rows is looked up here. What it only
asks a person for is no alternative: that is told where the run stops.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import duckdb

from algorithms.mapping_alternatives import exchanged
from nodes.rereads import measure_rereads
from nodes.steps.formatting import format_evidence, read_formats
from nodes.steps.mapping import read_mappings
from nodes.steps.reformats import reformats, whole_files
from nodes.steps.work import Work
from state.contract import LogicalType
from state.diagnosis import Cause, Diagnosis, RemedyKind
from state.recovery import Amendment, QualityMetrics
from state.symptoms import TestCall
from tools.diagnosis.rows import load_rows
from tools.diagnosis.subject import Subject
from tools.diagnosis.text_causes import placeholders
from tools.diagnosis.validate import validate_data
from tools.recovery import amendments_of
from tools.repeated_values import broken_by_text

_MOST = 0.8  # share of a file's rows that must be concerned where single values of it may look sound by chance
_WHOLE = 0.97  # the same where every row must be concerned
_DOUBTFUL = 0.6
_MOST_ROWS = 100_000  # that are set aside by their ids
_ROWS_ASIDE = frozenset({Cause.MIXED_GRANULARITY, Cause.OUTLIERS_BY_FACTOR, Cause.SHIFTED_COLUMNS, Cause.CHANGED_UNIT})


def measure_diagnosed(
    connection: duckdb.DuckDBPyConnection, work: Work, metrics: QualityMetrics, diagnosis: Diagnosis
) -> Iterator[Amendment]:
    """Yield the remedy of a diagnosis, where it can be put in place and is not yet: a table is diagnosed once."""
    if any(amendment.diagnosed for amendment in amendments_of(connection, work.table.name)):
        return
    yield from measure_rereads(work, metrics, diagnosis)
    yield from _reformatted(connection, work, metrics, diagnosis)
    yield from _exchanged(connection, work, metrics, diagnosis)
    yield from _emptied(connection, work, diagnosis)
    yield from _rows_aside(connection, work, diagnosis)


def _reformatted(
    connection: duckdb.DuckDBPyConnection, work: Work, metrics: QualityMetrics, diagnosis: Diagnosis
) -> Iterator[Amendment]:
    """Yield another order of dates, a power of ten, or minutes to take away, in whole files."""
    if len(diagnosis.columns) != 1:
        return
    name = diagnosis.columns[0]
    answer = read_formats(connection, work.table.name).get(name)
    evidence = partial(format_evidence, connection, work, work.table.column(name))
    yield from reformats(connection, work, metrics.file_rows, diagnosis, answer, evidence)


def _exchanged(
    connection: duckdb.DuckDBPyConnection, work: Work, metrics: QualityMetrics, diagnosis: Diagnosis
) -> Iterator[Amendment]:
    """Yield two columns of whole files that feed each other's contract column."""
    files = set(whole_files(work, metrics.file_rows, diagnosis, _WHOLE))
    if diagnosis.cause is not Cause.SWAPPED_COLUMNS or len(diagnosis.columns) != 2 or not files:  # noqa: PLR2004  two
        return
    # That a start comes after its end may come of another clock as well: only how values look tells what they are.
    certainty = diagnosis.confidence if diagnosis.remedy.parameters.get("witness") == "values" else _DOUBTFUL
    variants = dict(work.intake.variants_of(work.table.name))
    for mapping in read_mappings(connection, work.table.name):
        mine = sorted(files & set(variants.get(mapping.variant_id, ())))
        parameters = exchanged(mapping, diagnosis.columns)
        if mine and parameters:
            yield Amendment(
                kind=RemedyKind.REMAP,
                diagnosed=True,
                table=work.table.name,
                columns=diagnosis.columns,
                files=tuple(mine),
                parameters=parameters,
                gain=sum(metrics.file_rows.get(file_id, 0) for file_id in mine),
                certainty=certainty,
                evidence=f"diagnosed: {diagnosis.cause.value}: {diagnosis.reason}",
            )


def _emptied(connection: duckdb.DuckDBPyConnection, work: Work, diagnosis: Diagnosis) -> Iterator[Amendment]:
    """Yield texts that stand for no value in a column that may hold none, where most rows with them break a rule."""
    if diagnosis.cause is not Cause.SENTINEL or len(diagnosis.columns) != 1:
        return
    column = work.table.column(diagnosis.columns[0])
    if column.required or column.key_position is not None or column.logical_type not in _EMPTIED:
        return
    rows = load_rows(connection, Subject(work.table, work.contract, work.intake), [column])
    texts, _ = placeholders(rows, column)
    for text, broken in broken_by_text(connection, work.table, column.name, tuple(texts)).items():
        sure = broken.rows >= _MOST * broken.of
        yield Amendment(
            kind=RemedyKind.RESOLVE,
            diagnosed=True,
            table=work.table.name,
            columns=diagnosis.columns,
            parameters={"sentinel": text},
            gain=broken.rows,
            certainty=diagnosis.confidence if sure else diagnosis.confidence * broken.rows / max(1, broken.of),
            evidence=f"diagnosed: sentinel: {broken.rows} of {broken.of} rows with {text!r} break a rule",
        )


_EMPTIED = (LogicalType.DATE, LogicalType.TIMESTAMP, LogicalType.NUMBER, LogicalType.INTEGER, LogicalType.STRING)


def _rows_aside(connection: duckdb.DuckDBPyConnection, work: Work, diagnosis: Diagnosis) -> Iterator[Amendment]:
    """Yield the rows of a diagnosis to be set aside, where all of them are known; those that are aside do not count."""
    if diagnosis.cause not in _ROWS_ASIDE:
        return
    subject = replace(Subject(work.table, work.contract, work.intake), most_ids=_MOST_ROWS)
    columns = diagnosis.columns if diagnosis.cause in _BY_COLUMN else ()
    found = validate_data(connection, subject, TestCall(table=work.table.name, cause=diagnosis.cause, columns=columns))
    ids = found.rows.sample
    if not ids or len(ids) < found.rows.count or found.rows.count != diagnosis.rows.count:
        return
    gone = connection.execute(
        "select count(distinct _row) from (select _row from ops.quarantine where table_name = ? union all "
        "select _row from land.rejects) where list_contains(?::bigint[], _row)",
        [work.table.name, list(ids)],
    ).fetchall()[0][0]
    yield Amendment(
        kind=RemedyKind.SET_ASIDE,
        diagnosed=True,
        table=work.table.name,
        columns=(),
        parameters={"cause": diagnosis.cause.value},
        rows=_ranges(ids),
        gain=len(ids) - int(gone),
        certainty=diagnosis.confidence,
        evidence=f"diagnosed: {found.told[:300]}",
    )


_BY_COLUMN = frozenset({Cause.OUTLIERS_BY_FACTOR, Cause.CHANGED_UNIT})


def _ranges(ids: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return runs of consecutive ids, first and last of each."""
    found: list[tuple[int, int]] = []
    for each in sorted(ids):
        if found and each == found[-1][1] + 1:
            found[-1] = (found[-1][0], each)
        else:
            found.append((each, each))
    return tuple(found)
