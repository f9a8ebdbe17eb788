"""Measuring what could be done otherwise about a table that failed its verification."""

from collections import Counter
from collections.abc import Iterator

import duckdb

from algorithms.mapping_alternatives import mapping_alternatives, worth_looking
from algorithms.reading_alternatives import (
    date_alternatives,
    decimal_alternatives,
    unit_alternatives,
)
from nodes.diagnosed_amendments import measure_diagnosed
from nodes.steps.formatting import format_evidence, landed_columns, read_formats
from nodes.steps.mapping import mapping_evidence, read_mappings
from nodes.steps.reformats import evidence_by_file
from nodes.steps.work import Work
from state.contract import LogicalType
from state.diagnosis import Diagnosis, RemedyKind
from state.recovery import Amendment, FailedRule, QualityMetrics
from tools.repeated_values import repeated_loads, repeated_text

_DATES = (LogicalType.DATE, LogicalType.TIMESTAMP)
_NUMBERS = (LogicalType.NUMBER, LogicalType.INTEGER)
_SENTINELS = frozenset({"-1", "-9", "-99", "-999", "-9999", "99", "999", "9999", "99999", "1900-01-01", "9999-12-31"})
"""Texts that stand for no value in many systems; one is offered only where it is most of what breaks a rule."""

_DUPLICATES = ("unique", "duplicateValues", "primaryKey")
_MOST = 0.8  # share of the rows that break a rule which one text must be
_LEAST = 5  # rows of it, or of a repeated load, that count as more than chance
_LIKELY, _DOUBTFUL = 0.95, 0.6


def measure_amendments(
    connection: duckdb.DuckDBPyConnection,
    work: Work,
    metrics: QualityMetrics,
    diagnosis: Diagnosis | None,
    *,
    improving: bool = False,
) -> tuple[Amendment, ...]:
    """Return every alternative that something speaks for; whether one is used is decided elsewhere.

    Where a table is to be made better that meets its contract, only columns are looked at that rows were set aside for.
    """
    bad = {rule.column for rule in metrics.failed if rule.column is not None} if improving else None
    found = list(_set_aside(work, metrics))
    if not work.table.derived:
        found += _read_otherwise(connection, work, bad)
        found += _mapped_otherwise(connection, work, metrics)
        found += _sentinels(connection, work, metrics)
        found += _merged(connection, work, metrics)
        if diagnosis is not None and diagnosis.table == work.table.name:
            found += measure_diagnosed(connection, work, metrics, diagnosis)
    return tuple(found)


def _set_aside(work: Work, metrics: QualityMetrics) -> Iterator[Amendment]:
    for rule in metrics.failed:
        if rule.blocking and rule.settled_by_rows:
            rows = sum(rule.files.values())
            yield Amendment(
                kind=RemedyKind.SET_ASIDE,
                table=work.table.name,
                columns=(rule.column,) if rule.column else (),
                parameters={"rule": rule.rule},
                gain=rows,
                certainty=1.0,
                evidence=f"{rows} rows are what breaks {rule.rule}",
            )


def _read_otherwise(connection: duckdb.DuckDBPyConnection, work: Work, bad: set[str] | None) -> Iterator[Amendment]:
    """Yield other ways to read the values of some files; of the `bad` columns, None: of all.

    One bad date lets all dates be looked at: they tell of each other.
    """
    formats = read_formats(connection, work.table.name)
    read = [column for column in work.table.columns if column.name in formats]
    dates_too = bad is None or any(column.name in bad for column in read if column.logical_type in _DATES)
    columns = [
        column
        for column in read
        if (column.logical_type in _DATES and dates_too)
        or (column.logical_type in _NUMBERS and (bad is None or column.name in bad))
    ]
    evidences = {column.name: format_evidence(connection, work, column) for column in columns}
    known = {name: evidence for name, evidence in evidences.items() if evidence is not None}
    dates = {column.name for column in columns if column.logical_type in _DATES}
    yield from date_alternatives({name: known[name] for name in known if name in dates}, formats)
    for column in columns:
        if column.name in known and column.name not in dates:
            answer = formats[column.name]
            yield from unit_alternatives(known[column.name], answer)
            by_file = {}
            if not answer.decimal:
                by_file = evidence_by_file(connection, work, column, landed_columns(connection, work, column))
            yield from decimal_alternatives(answer, by_file)


def _mapped_otherwise(
    connection: duckdb.DuckDBPyConnection, work: Work, metrics: QualityMetrics
) -> Iterator[Amendment]:
    """Yield other sources for columns that are bad in most rows of a header variant."""
    variants = dict(work.intake.variants_of(work.table.name))
    for mapping in read_mappings(connection, work.table.name):
        files = variants.get(mapping.variant_id, ())
        bad: Counter[str] = Counter()
        for rule in metrics.failed:
            if rule.column is not None:
                bad[rule.column] += sum(rule.files.get(file_id, 0) for file_id in files)
        rows = sum(metrics.file_rows.get(file_id, 0) for file_id in files)
        if worth_looking(bad, rows):
            evidence = mapping_evidence(connection, work.table, work.intake, mapping.variant_id, files)
            yield from mapping_alternatives(evidence, mapping, bad, rows, files)


def _sentinels(connection: duckdb.DuckDBPyConnection, work: Work, metrics: QualityMetrics) -> Iterator[Amendment]:
    """Yield texts that stand for no value, where one is most of what breaks a rule of a column that may be empty."""
    for rule in metrics.failed:
        column = _may_be_empty(work, rule)
        found = repeated_text(connection, work.table, column, rule.rule) if column else None
        if column is None or found is None or found.text.casefold() not in _SENTINELS:
            continue
        sure = found.rows >= max(_LEAST, _MOST * found.of)
        yield Amendment(
            kind=RemedyKind.RESOLVE,
            table=work.table.name,
            columns=(column,),
            parameters={"sentinel": found.text},
            gain=found.rows,
            certainty=_LIKELY if sure else _DOUBTFUL,
            evidence=f"{found.rows} of {found.of} rows that break {rule.rule} have {found.text!r}",
        )


def _may_be_empty(work: Work, rule: FailedRule) -> str | None:
    """Return the column of a rule that single values break and that may hold no value."""
    if rule.column is None or rule.kind in (*_DUPLICATES, "relationship"):
        return None
    column = next((each for each in work.table.columns if each.name == rule.column), None)
    if column is None or column.required or column.key_position is not None:
        return None
    return column.name if column.logical_type in (*_DATES, *_NUMBERS) else None


def _merged(connection: duckdb.DuckDBPyConnection, work: Work, metrics: QualityMetrics) -> Iterator[Amendment]:
    """Yield the merging of files that were loaded twice, where rows that are there twice are what fails."""
    repeated = any(rule.kind in _DUPLICATES and rule.rows for rule in metrics.failed)
    if work.table.key or not repeated:
        return  # with a key, rows that are the same were merged already
    for load in repeated_loads(connection, work.table, len(metrics.file_rows)):
        yield Amendment(
            kind=RemedyKind.MERGE,
            table=work.table.name,
            files=(load.copy,),
            parameters={"original": str(load.original)},
            gain=load.rows,
            certainty=_LIKELY if load.rows >= _LEAST else _DOUBTFUL,
            evidence=f"all {load.rows} rows of file {load.copy} are in file {load.original} too",
        )
