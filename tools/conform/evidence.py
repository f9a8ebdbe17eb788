"""Gathering what the format of a column is decided on: full counts by SQL aggregates, few scans, no row in Python."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import duckdb

from algorithms.units import stated_unit
from state.contract import Column, LogicalType, Table
from state.formats import FormatEvidence
from tools.conform.evidence_dates import date_evidence
from tools.conform.evidence_numbers import number_evidence
from tools.conform.landed import LandedColumn, relation_sql, rows_of_files
from tools.workspace import row_file

__all__ = ["LandedColumn", "gather_format_evidence"]

_SAMPLED_ROWS = 20_000  # rows, spread over the column by their id, that shapes and samples are taken from
_MOST_SHAPES = 200
_MOST_SAMPLES = 20
_MOST_CHARACTERS = 100


def gather_format_evidence(
    connection: duckdb.DuckDBPyConnection, table: Table, column: Column, sources: Sequence[LandedColumn]
) -> FormatEvidence:
    """Return the evidence on the format of `column` over all landed fields that feed it.

    Counts are of rows and complete, but for shapes and samples of very large columns: these are of a fixed sample.
    """
    texts = _texts(sources)
    rows, filled = connection.execute(f"select count(*), count(v) from ({texts})").fetchall()[0]
    details: dict[str, object] = {}
    if column.logical_type in (LogicalType.DATE, LogicalType.TIMESTAMP):
        details = date_evidence(connection, column, texts)
    elif column.logical_type in (LogicalType.NUMBER, LogicalType.INTEGER):
        details = number_evidence(connection, column, texts, filled) | _header_units(connection, sources)
    if column.logical_type is not LogicalType.STRING:
        details["shapes"] = _shapes(connection, texts, rows)
    return FormatEvidence.model_validate(
        {
            "table": table.name,
            "column": column.name,
            "logical_type": column.logical_type,
            "rows": rows,
            "filled": filled,
            "pattern": column.options.format,
            "samples": _samples(connection, texts, rows),
            **details,
        }
    )


def _header_units(connection: duckdb.DuckDBPyConnection, sources: Sequence[LandedColumn]) -> dict[str, object]:
    """Return rows and files by the unit that the headers state; empty when none states one."""
    units = [stated_unit((source.header,)) or "" for source in sources]
    if not any(units):
        return {}
    rows: Counter[str] = Counter()
    files: dict[str, list[int]] = defaultdict(list)
    for unit, source in zip(units, sources, strict=True):
        counted = connection.execute(
            f"select {row_file('_row')} as file, count(*) from {relation_sql(source.relation)} "
            f"where {rows_of_files(source.file_ids)} group by file order by file"
        ).fetchall()
        rows[unit] += sum(count for _, count in counted)
        files[unit] += [file_id for file_id, _ in counted]
    del rows[""]
    return {"header_units": dict(rows), "header_unit_files": dict(files)}


def _texts(sources: Sequence[LandedColumn]) -> str:
    """Return SQL for `_row` and the landed text `v` of the column, NULL where blank."""
    selects = [
        f"select _row, c{source.field} as v from {relation_sql(source.relation)} where {rows_of_files(source.file_ids)}"
        for source in sources
    ]
    return " union all ".join(selects) or "select 0::bigint as _row, null::varchar as v where false"


def _sampled(texts: str, rows: int) -> str:
    every = max(1, rows // _SAMPLED_ROWS)
    return f"select v from ({texts}) where v is not null" + (f" and hash(_row) % {every} = 0" if every > 1 else "")


def _shapes(connection: duckdb.DuckDBPyConnection, texts: str, rows: int) -> dict[str, int]:
    """Return the most frequent shapes: digits as 9, letters as a."""
    shape = r"regexp_replace(regexp_replace(v, '\pL', 'a', 'g'), '\d', '9', 'g')"
    return dict(
        connection.execute(
            f"select left({shape}, {_MOST_CHARACTERS}) as shape, count(*) from ({_sampled(texts, rows)}) group by 1 "
            f"order by 2 desc, 1 limit {_MOST_SHAPES}"
        ).fetchall()
    )


def _samples(connection: duckdb.DuckDBPyConnection, texts: str, rows: int) -> tuple[str, ...]:
    found = connection.execute(
        f"select left(v, {_MOST_CHARACTERS}) as v from ({_sampled(texts, rows)}) group by 1 "
        f"order by count(*) desc, 1 limit {_MOST_SAMPLES}"
    ).fetchall()
    return tuple(row[0] for row in found)
