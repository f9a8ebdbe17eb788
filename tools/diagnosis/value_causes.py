"""Tests of causes that concern the numbers and moments of one column: unit, single cells, day and month, clock."""

from collections.abc import Sequence

import duckdb
import numpy as np
from numpy.typing import NDArray

from algorithms.diagnosis.clocks import ClockFit, fit_clock, is_own_clock
from algorithms.diagnosis.date_orders import fit_order
from algorithms.diagnosis.units import fit_cells, fit_unit
from state.contract import Column, LogicalType
from state.symptoms import TestCall, TestResult
from tools.diagnosis.answers import affected, nothing_found, result
from tools.diagnosis.rows import MOMENTS, NUMBERS, Rows, load_rows, rows_sql
from tools.diagnosis.subject import Subject, bounds_of

_IN_WORDS = {"minutes", "witness"}
_SLASHED = r"^\s*(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(\D.*)?$"
_ISO = r"^\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(\D.*)?$"


def asked(subject: Subject, call: TestCall, types: Sequence[LogicalType]) -> list[Column]:
    """Return the columns to test: those that were named, else all of these types."""
    columns = [column for column in subject.table.columns if column.logical_type in types]
    return [column for column in columns if not call.columns or column.name in call.columns]


def seek_unit(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for a part of a column that is in another unit than the rest, or than the contract's bounds allow."""
    best: TestResult | None = None
    columns = asked(subject, call, NUMBERS)
    rows = load_rows(connection, subject, columns, texts=False)
    for column in columns:
        fit, chosen = fit_unit(rows.numbers[column.name], rows.file, bounds_of(column))
        if not fit.factor:
            continue
        told = (
            f"{int(chosen.sum()) * rows.every} values of {column.name!r} fit the others when {fit.factor} is taken out "
            f"(greatest distance of quantiles {fit.residual:.2f} scales, {fit.jump:.1f} as they are)"
        )
        found = result(
            call,
            affected(subject, rows.row, rows.file, chosen, rows.every),
            {"rows": chosen.sum(), **fit.model_dump(exclude={"factor"})},
            columns=(column.name,),
            parameters={"factor": fit.factor},
            told=told,
        )
        best = found if best is None or fit.gain > best.figures["gain"] else best
    return best or nothing_found(call, "no part of the numbers fits the others better in another unit")


def seek_cells(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for single cells that are a thousand, a hundred or ten times too great or too small."""
    best: TestResult | None = None
    columns = asked(subject, call, NUMBERS)
    rows = load_rows(connection, subject, columns, texts=False)
    for column in columns:
        fit, chosen = fit_cells(rows.numbers[column.name], rows.file)
        if not fit.factor:
            continue
        count = int(chosen.sum())
        told = (
            f"{count * rows.every} single values of {column.name!r} are too great or small by {fit.factor}: they are "
            f"{fit.explained:.0%} of the far ones, {fit.gap:.1f} scales apart from the rest"
        )
        found = result(
            call,
            affected(subject, rows.row, rows.file, chosen, rows.every),
            {"rows": count, **fit.model_dump(exclude={"factor", "scattered"}), "scattered": fit.scattered},
            columns=(column.name,),
            parameters={"factor": fit.factor},
            told=told,
        )
        best = found if best is None or fit.gap > best.figures["gap"] else best
    return best or nothing_found(call, "no single value is far from the others")


def seek_clock(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for a part whose times lie hours or half hours beside those of the others."""
    best: TestResult | None = None
    columns = asked(subject, call, (LogicalType.TIMESTAMP,))
    every = [column for column in subject.table.columns if column.logical_type in MOMENTS]
    rows = load_rows(connection, subject, every, texts=False)
    for column in columns:
        others = {
            name: moments
            for name, moments in rows.numbers.items()
            if name != column.name and rows.column(name).logical_type is LogicalType.TIMESTAMP
        }
        fit, chosen = fit_clock(rows.numbers[column.name], rows.file, others)
        if not fit.minutes:
            continue
        told = (
            f"{int(chosen.sum()) * rows.every} times of {column.name!r} lie where the others do when they are moved by "
            f"{-fit.minutes} minutes, by the {fit.witness} (gain {fit.gain:.0f}, {fit.each:.2f} a row)"
        )
        found = result(
            call,
            affected(subject, rows.row, rows.file, chosen, rows.every),
            {"rows": chosen.sum(), "own": float(_is_own(rows, column, fit)), **fit.model_dump(exclude=_IN_WORDS)},
            columns=(column.name,),
            parameters={"minutes": str(fit.minutes), "witness": fit.witness[:80]},
            told=told,
        )
        best = found if best is None or fit.gain > best.figures["gain"] else best
    return best or nothing_found(call, "no part's times lie hours beside those of the others")


def _is_own(rows: Rows, column: Column, fit: ClockFit) -> bool:
    other = rows.numbers.get(fit.witness)
    return other is not None and is_own_clock(rows.numbers[column.name], other, rows.file, fit.minutes)


def seek_date_order(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for dates that fit their neighbours, or read at all, only with day and month exchanged."""
    best: TestResult | None = None
    for column in asked(subject, call, MOMENTS):
        rows, given, other, telling = read_both_ways(connection, subject, column)
        fit, chosen = fit_order(given, other, rows.file, telling)
        if not chosen.any():
            continue
        told = (
            f"{int(chosen.sum()) * rows.every} dates of {column.name!r}: {fit.unread} read the other way only, and "
            f"{fit.fitting:.0%} of those that read both ways fit their neighbours better exchanged "
            f"({fit.outside:.0%} elsewhere)"
        )
        found = result(
            call,
            affected(subject, rows.row, rows.file, chosen, rows.every),
            {"rows": chosen.sum(), **fit.model_dump()},
            columns=(column.name,),
            parameters={"order": "exchange day and month"},
            told=told,
        )
        best = found if best is None or fit.gain > best.figures["gain"] else best
    return best or nothing_found(call, "no date fits better with day and month exchanged")


Days = NDArray[np.float64]


def read_both_ways(
    connection: duckdb.DuckDBPyConnection, subject: Subject, column: Column
) -> tuple[Rows, Days, Days, NDArray[np.bool_]]:
    """Return the rows and both readings of each date in days, and where a date that reads one way only tells.

    The first reading is the one the file's dates mostly have: of dates with the year first the standard's.
    """
    source = rows_sql(connection, subject, [column])
    parsed = (
        f"select _row, n0, regexp_extract(x0, '{_SLASHED}', ['a', 'b', 'y', 'r']) as s, "
        f"regexp_extract(x0, '{_ISO}', ['y', 'a', 'b', 'r']) as i from ({source})"
    )
    year = "if(length(s.y) = 2, '20' || s.y, s.y)"
    found = connection.execute(
        f"select _row, _row >> 36 as f, s.y <> '' as slashed, "
        f"{_day('i.y', 'i.a', 'i.b')} as iso, {_day('i.y', 'i.b', 'i.a')} as exchanged, "
        f"{_day(year, 's.b', 's.a')} as day_first, {_day(year, 's.a', 's.b')} as month_first "
        f"from ({parsed}) order by _row"
    ).fetchnumpy()
    arrays: dict[str, Days] = {
        name: np.ma.filled(np.ma.asarray(found[name], float), np.nan) for name in list(found)[2:]
    }
    file = np.asarray(found["f"], np.int64)
    slashed = arrays["slashed"] == 1
    month = _month_first(arrays["day_first"], arrays["month_first"], file)
    given = np.where(slashed, np.where(month, arrays["month_first"], arrays["day_first"]), arrays["iso"])
    other = np.where(slashed, np.where(month, arrays["day_first"], arrays["month_first"]), arrays["exchanged"])
    rows = Rows(columns=(column,), row=np.asarray(found["_row"], np.int64), file=file, every=1)
    return rows, given, other, slashed


def _day(year: str, month: str, day: str) -> str:
    return f"epoch(try_cast({year} || '-' || {month} || '-' || {day} as date)) / 86400.0"


def _month_first(day_first: Days, month_first: Days, file: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return for each row whether most dates of its file that read one way only have the month first."""
    only_month = np.isnan(day_first) & ~np.isnan(month_first)
    only_day = ~np.isnan(day_first) & np.isnan(month_first)
    balance = np.zeros(int(file.max()) + 1 if len(file) else 1)
    np.add.at(balance, file, only_month.astype(float) - only_day.astype(float))
    whole = only_month.sum() > only_day.sum()
    return np.asarray(np.where(balance[file] == 0, whole, balance[file] > 0), bool)
