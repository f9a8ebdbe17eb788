"""Gathering what the format of a column is decided on: full counts of all columns in one scan, no row in Python."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import duckdb

from algorithms.units import stated_unit
from state.contract import Column, LogicalType, Table
from state.formats import FormatEvidence
from tools.conform.counted import Counted, Counting, counted
from tools.conform.evidence_dates import DATE_HEAD, DATES_TOLD, OFFSET_TALLIES, date_evidence
from tools.conform.evidence_numbers import NUMBER_SHAPE, number_evidence, numbers_told
from tools.conform.landed import LandedColumn, relation_sql, rows_of_files
from tools.conform.plain import canonical_sql

__all__ = ["LandedColumn", "gather_format_evidence"]

_MOST_SHAPES = 200
_MOST_SAMPLES = 20
_MOST_CHARACTERS = 100
_DATES = (LogicalType.DATE, LogicalType.TIMESTAMP)
_NUMBERS = (LogicalType.NUMBER, LogicalType.INTEGER)


def gather_format_evidence(
    connection: duckdb.DuckDBPyConnection, table: Table, fed: Sequence[tuple[Column, Sequence[LandedColumn]]]
) -> tuple[FormatEvidence, ...]:
    """Return the evidence on the format of each column over all landed fields that feed it, in the order given.

    Counts are of rows and complete, but for shapes and samples of very large columns: these are of a fixed sample.
    """
    if not fed:
        return ()
    with counted(connection, [_counting(column, sources) for column, sources in fed]) as counts:
        return tuple(
            _evidence(connection, table, column, _Field(counts, position, tuple(sources)))
            for position, (column, sources) in enumerate(fed)
        )


def _counting(column: Column, sources: Sequence[LandedColumn]) -> Counting:
    reduced: str | None = None
    told: tuple[str, ...] = ()
    if column.logical_type in _DATES:
        reduced, told = DATE_HEAD, DATES_TOLD
    elif column.logical_type in _NUMBERS:
        reduced, told = NUMBER_SHAPE, numbers_told(column)
    canonical = canonical_sql(column) or "false"
    return Counting(sources=tuple(sources), canonical=canonical, reduced=reduced, told=told, tallies=_tallies(column))


def _tallies(column: Column) -> tuple[str, ...]:
    """Return what is counted beside: times with and without an offset."""
    return OFFSET_TALLIES if column.logical_type is LogicalType.TIMESTAMP else ()


class _Field:
    """The counts of one column and where its texts lie."""

    def __init__(self, counts: Counted, position: int, sources: tuple[LandedColumn, ...]) -> None:
        self.counts, self.position, self.sources = counts, position, sources

    @property
    def texts(self) -> str:
        """SQL for the landed text `v` of the column, NULL where blank."""
        return " union all ".join(
            f"select c{source.field} as v from {relation_sql(source.relation)} where {rows_of_files(source.file_ids)}"
            for source in self.sources
        )


def _evidence(connection: duckdb.DuckDBPyConnection, table: Table, column: Column, field: _Field) -> FormatEvidence:
    counts, position = field.counts, field.position
    by_file, filled, sample = counts.by_file(position), counts.filled(position), counts.sampled(position)
    offsets = counts.tallies(position, len(_tallies(column)))
    details: dict[str, object] = {}
    if column.logical_type in _DATES:
        details = date_evidence(connection, column, by_file, offsets)
    elif column.logical_type in _NUMBERS:
        details = number_evidence(connection, column, by_file, field.texts, filled) | _header_units(field)
    if column.logical_type is not LogicalType.STRING:
        details["shapes"] = _shapes(connection, sample)
    return FormatEvidence.model_validate(
        {
            "table": table.name,
            "column": column.name,
            "logical_type": column.logical_type,
            "rows": counts.rows(position),
            "filled": filled,
            "odd": filled - counts.canonical(position),
            "pattern": column.options.format,
            "samples": _samples(connection, sample),
            **details,
        }
    )


def _header_units(field: _Field) -> dict[str, object]:
    """Return rows and files by the unit that the headers state; empty when none states one."""
    units = [stated_unit((source.header,)) or "" for source in field.sources]
    if not any(units):
        return {}
    rows: Counter[str] = Counter()
    files: dict[str, list[int]] = defaultdict(list)
    for unit, source in zip(units, field.sources, strict=True):
        found = field.counts.files(source)
        rows[unit] += sum(count for _, count in found)
        files[unit] += [file_id for file_id, _ in found]
    del rows[""]
    return {"header_units": dict(rows), "header_unit_files": dict(files)}


def _shapes(connection: duckdb.DuckDBPyConnection, sample: str) -> dict[str, int]:
    """Return the most frequent shapes: digits as 9, letters as a."""
    shape = r"regexp_replace(regexp_replace(v, '\pL', 'a', 'g'), '\d', '9', 'g')"
    return dict(
        connection.execute(
            f"select left({shape}, {_MOST_CHARACTERS}) as shape, count(*) from ({sample}) group by 1 "
            f"order by 2 desc, 1 limit {_MOST_SHAPES}"
        ).fetchall()
    )


def _samples(connection: duckdb.DuckDBPyConnection, sample: str) -> tuple[str, ...]:
    found = connection.execute(
        f"select left(v, {_MOST_CHARACTERS}) as v from ({sample}) group by 1 "
        f"order by count(*) desc, 1 limit {_MOST_SAMPLES}"
    ).fetchall()
    return tuple(row[0] for row in found)
