"""Tests of causes that concern the numbers and moments of one column: unit, single cells, day and month, clock."""

from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
from numpy.typing import NDArray

from algorithms.diagnosis.bars import score
from algorithms.diagnosis.blocks import spans
from algorithms.diagnosis.clocks import fit_clock, is_own_clock
from algorithms.diagnosis.date_orders import fit_order
from algorithms.diagnosis.relations import Codes
from algorithms.diagnosis.series import is_series
from algorithms.diagnosis.units import CellFit, UnitFit, fit_cells, fit_cells_within, fit_unit, fit_unit_within
from state.contract import Column, LogicalType
from state.symptoms import TestCall, TestResult
from tools.diagnosis.answers import affected, listed, nothing_found, result
from tools.diagnosis.habits import disordered_rows
from tools.diagnosis.rows import MOMENTS, NUMBERS, Rows, load_rows, rows_sql
from tools.diagnosis.subject import Subject, bounds_of

_SLASHED = r"^\s*(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(\D.*)?$"
_ISO = r"^\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(\D.*)?$"


def asked(subject: Subject, call: TestCall, types: Sequence[LogicalType]) -> list[Column]:
    """Return the columns to test: those that were named, else all of these types."""
    columns = [column for column in subject.table.columns if column.logical_type in types]
    return [column for column in columns if not call.columns or column.name in call.columns]


def is_quantity(rows: Rows, column: Column, key: Sequence[str]) -> bool:
    """Whether the numbers of a column measure something: neither a key nor a serial number does."""
    alone = column.name in key and len(key) == 1
    return not (alone or column.unique or is_series(rows.numbers[column.name]))


def seek_unit(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for a part of a column that is in another unit than the rest, or than the contract's bounds allow."""
    rows = load_rows(connection, subject, subject.table.columns)
    columns = [column for column in asked(subject, call, NUMBERS) if is_quantity(rows, column, subject.table.key)]
    found = [result for column in columns for result in unit_fits(subject, rows, column, call)]
    return _clearest(found) or nothing_found(call, "no part of the numbers fits the others better in another unit")


def unit_fits(subject: Subject, rows: Rows, column: Column, call: TestCall) -> Iterator[TestResult]:
    """Yield the best other unit for a part of a column: by its values alone, and given the other columns."""
    values = rows.numbers[column.name]
    yield from _unit(subject, rows, column, call, (*fit_unit(values, rows.file, bounds_of(column)), ()))
    yield from _unit(subject, rows, column, call, fit_unit_within(values, rows.file, _groups(rows, column)))


def _unit(
    subject: Subject,
    rows: Rows,
    column: Column,
    call: TestCall,
    found: tuple[UnitFit, NDArray[np.bool_], Sequence[str]],
) -> Iterator[TestResult]:
    fit, chosen, given = found
    if not fit.factor:
        return
    told = (
        f"{int(chosen.sum()) * rows.every} values of {column.name!r} fit the others when {fit.factor} is taken out "
        f"(greatest distance of quantiles {fit.residual:.2f} scales, {fit.jump:.1f} as they are"
        + (f"; given {listed(given)})" if given else ")")
    )
    yield result(
        call,
        affected(subject, rows.row, rows.file, chosen, rows.every),
        {"rows": chosen.sum(), **fit.model_dump(exclude={"factor"})},
        columns=(column.name,),
        parameters={"factor": fit.factor},
        told=told,
    )


def _groups(rows: Rows, column: Column) -> dict[str, Codes]:
    """Return the groups that other columns make."""
    return {" and ".join(names): codes for names, codes in rows.groups.items() if column.name not in names}


def _clearest(found: Sequence[TestResult]) -> TestResult | None:
    """Return the result that fits its cause best, of equals the one with the greatest gain."""
    return max(found, key=lambda each: (score(each)[0], each.figures.get("gain", 0.0)), default=None)


def seek_cells(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for single cells that are a thousand, a hundred or ten times too great or too small."""
    rows = load_rows(connection, subject, subject.table.columns)
    judged, misfit = disordered_rows(connection, subject)
    odd = judged.rows.row[misfit.sum(axis=1) > 1]  # rows of which more than the cell does not fit
    columns = [column for column in asked(subject, call, NUMBERS) if is_quantity(rows, column, subject.table.key)]
    found = [fit for column in columns for fit in cell_fits(subject, rows, column, call, odd)]
    return _clearest(found) or nothing_found(call, "no single value is far from the others")


def cell_fits(
    subject: Subject, rows: Rows, column: Column, call: TestCall, odd: NDArray[np.int64]
) -> Iterator[TestResult]:
    """Yield the factor of single cells: by their values alone, and given the other columns; `odd` rows do not fit."""
    values = rows.numbers[column.name]
    within = fit_cells_within(values, rows.file, _groups(rows, column))
    for fit in ((*fit_cells(values, rows.file), ()), within):
        yield from _cells(subject, rows, column, call, (*fit, odd))


def _cells(
    subject: Subject,
    rows: Rows,
    column: Column,
    call: TestCall,
    found: tuple[CellFit, NDArray[np.bool_], Sequence[str], NDArray[np.int64]],
) -> Iterator[TestResult]:
    fit, chosen, given, odd = found
    if not fit.factor:
        return
    count = int(chosen.sum())
    told = (
        f"{count * rows.every} single values of {column.name!r} are too great or small by {fit.factor}: they are "
        f"{fit.explained:.0%} of the far ones, {fit.gap:.1f} scales apart from the rest"
        + (f" given {listed(given)}" if given else "")
    )
    sound = 1 - float(np.isin(rows.row[chosen], odd).mean())
    figures = {"rows": count, "gain": fit.gap, "sound": sound, **fit.model_dump(exclude={"factor", "scattered"})}
    yield result(
        call,
        affected(subject, rows.row, rows.file, chosen, rows.every),
        {**figures, "scattered": fit.scattered},
        columns=(column.name,),
        parameters={"factor": fit.factor},
        told=told,
    )


def seek_clock(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for a part whose times lie hours or half hours beside those of the others."""
    every = [column for column in subject.table.columns if column.logical_type is LogicalType.TIMESTAMP]
    rows = load_rows(connection, subject, every, texts=False)
    fits = (clock_fit(subject, rows, column, call) for column in asked(subject, call, (LogicalType.TIMESTAMP,)))
    found = [each for each in fits if each is not None]
    return _clearest(found) or nothing_found(call, "no part's times lie hours beside those of the others")


def clock_fit(subject: Subject, rows: Rows, column: Column, call: TestCall) -> TestResult | None:
    """Return the shift that a part of a column's times fits the others by; None without one."""
    others = {name: rows.numbers[name] for name in rows.of_type((LogicalType.TIMESTAMP,)) if name != column.name}
    fit, chosen = fit_clock(rows.numbers[column.name], rows.file, others)
    if not fit.minutes:
        return None
    times = rows.numbers[column.name]
    own = any(is_own_clock(times, other, rows.file, fit.minutes) for other in others.values())
    told = (
        f"{int(chosen.sum()) * rows.every} times of {column.name!r} lie where the others do when they are moved by "
        f"{-fit.minutes} minutes, by the {fit.witness} (gain {fit.gain:.0f}, {fit.each:.2f} a row)"
    )
    return result(
        call,
        affected(subject, rows.row, rows.file, chosen, rows.every),
        {"rows": chosen.sum(), "own": float(own), **fit.model_dump(exclude={"minutes", "witness"})},
        columns=(column.name,),
        parameters={"minutes": str(fit.minutes), "witness": fit.witness[:80]},
        told=told,
    )


def seek_date_order(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for dates that fit their neighbours, or read at all, only with day and month exchanged."""
    found: list[TestResult] = []
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
        found.append(
            result(
                call,
                affected(subject, rows.row, rows.file, chosen, rows.every),
                {"rows": chosen.sum(), **fit.model_dump()},
                columns=(column.name,),
                parameters={"order": "exchange day and month"},
                told=told,
            )
        )
    return _clearest(found) or nothing_found(call, "no date fits better with day and month exchanged")


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
    """Return for each row whether its file has the month first, as its dates that read one way only tell.

    Where they tell both, the other files say what was agreed on, and in an only file the first of these dates.
    """
    telling = np.where(np.isnan(day_first), 1.0, -1.0) * (np.isnan(day_first) != np.isnan(month_first))
    month = np.full(len(file), telling.sum() > 0)
    for start, stop in spans(file):
        part = telling[start:stop]
        told = part[part != 0]
        others = telling.sum() - part.sum()
        mixed = len(told) and abs(told.sum()) < len(told)
        says = (others or told[0]) if mixed else part.sum()
        if says:
            month[start:stop] = says > 0
    return month
