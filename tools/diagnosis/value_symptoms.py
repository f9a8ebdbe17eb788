"""What is odd about the values of columns: unreadable, standing apart, new, on another level, frozen, in disorder."""

import re
from collections.abc import Iterator
from operator import itemgetter

import duckdb
import numpy as np
from numpy.typing import NDArray

from algorithms.diagnosis.bars import score
from algorithms.diagnosis.blocks import spans
from algorithms.diagnosis.date_orders import fit_order
from algorithms.diagnosis.levels import distance, find_level, on_scale, segments
from state.contract import Column, LogicalType
from state.diagnosis import Cause
from state.symptoms import Symptom, SymptomKind, TestCall
from tools.diagnosis.answers import cut, listed
from tools.diagnosis.categories import find_new_values
from tools.diagnosis.rows import MOMENTS, NUMBERS, Rows
from tools.diagnosis.subject import Subject, bounds_of
from tools.diagnosis.text_causes import placeholders
from tools.diagnosis.value_causes import cell_fits, clock_fit, is_quantity, read_both_ways, unit_fits

_FAR = 4.5
_LEAST = 25  # filled rows of a segment that says something
_HALFWAY = 0.25  # score of a test from which its result is odd
_SURE = 0.9

Numbers = NDArray[np.float64]


def value_symptoms(connection: duckdb.DuckDBPyConnection, subject: Subject, rows: Rows) -> Iterator[Symptom]:
    """Yield what is odd about the values of each column."""
    if not len(rows):
        return
    segment = segments(rows.file)
    for column in rows.columns:
        yield from _of_text(rows, column, segment)
        if column.logical_type in NUMBERS:
            yield from _of_numbers(subject, rows, column, segment)
        if column.logical_type in MOMENTS:
            yield from _disorder(connection, subject, column)
        if column.logical_type is LogicalType.TIMESTAMP:
            yield from _clock(subject, rows, column)


def _of_text(rows: Rows, column: Column, segment: NDArray[np.int64]) -> Iterator[Symptom]:
    name = column.name
    unread = _unread(rows, column)
    if unread:
        told = (
            f"{len(unread)} values of {cut(name)!r} cannot be read as {column.logical_type.value}: {listed(unread, 3)}"
        )
        yield _one(SymptomKind.UNREADABLE, column, min(1.0, 0.5 + len(unread) / 20), len(unread), told)
    values, apart = placeholders(rows, column)
    if values:
        count = sum(values.values())
        told = f"{count} values of {cut(name)!r} may stand for null: {listed(values, 3)}"
        yield _one(SymptomKind.PLACEHOLDER, column, apart, count, told)
    new = find_new_values(rows, column)
    if new.values:
        told = f"{new.rows} rows of {cut(name)!r} have values that are new: {listed(new.values, 3)}"
        yield _one(SymptomKind.UNLISTED, column, 0.9 if new.crowded else 0.6, new.rows, told)
    yield from _frozen(rows, column, segment)


def _unread(rows: Rows, column: Column) -> list[str]:
    if column.logical_type not in (*NUMBERS, *MOMENTS):
        return []
    texts, numbers = rows.texts[column.name], rows.numbers[column.name]
    return [text for text in texts[np.isnan(numbers)].tolist() if text is not None]


def _frozen(rows: Rows, column: Column, segment: NDArray[np.int64]) -> Iterator[Symptom]:
    """Yield segments in which a column has one value where the others vary, or in which its texts look otherwise."""
    texts = rows.texts[column.name]
    kinds: list[tuple[int, float, int]] = []
    for start, stop in spans(segment):
        filled = [text for text in texts[start:stop].tolist() if text is not None]
        if len(filled) >= _LEAST:
            digits = sum(re.search(r"\d", text) is not None for text in filled) / len(filled)
            kinds.append((len(set(filled)), digits, len(filled)))
    if len(kinds) < 3:  # noqa: PLR2004  nothing to compare
        return
    distinct = np.array([kind[0] for kind in kinds])
    shares = np.array([kind[1] for kind in kinds])
    stopped = int((distinct <= 2).sum())  # noqa: PLR2004  the value it stopped at, and one before
    if 0 < stopped <= len(kinds) / 2 and np.median(distinct) >= 5:  # noqa: PLR2004  values vary elsewhere
        told = f"{cut(column.name)!r} has one value throughout {stopped} of {len(kinds)} parts and varies in the others"
        yield _one(SymptomKind.FROZEN, column, _SURE, stopped, told)
    usual = float(np.median(shares))
    other = int((np.abs(shares - usual) > 0.8).sum())  # noqa: PLR2004  nearly all, nearly none
    if other > 0 and column.logical_type is LogicalType.STRING:
        told = f"texts of {cut(column.name)!r} look otherwise in {other} of {len(kinds)} parts"
        yield _one(SymptomKind.MISFIT, column, _SURE, other, told)


def _beyond(rows: Rows, column: Column) -> int:
    bounds, numbers = bounds_of(column), rows.numbers[column.name]
    return int(((numbers < bounds[0]) | (numbers > bounds[1])).sum()) if bounds else 0


def _of_numbers(subject: Subject, rows: Rows, column: Column, segment: NDArray[np.int64]) -> Iterator[Symptom]:
    """Yield numbers beyond the contract's bounds, and of quantities those far from the others, and other levels."""
    numbers, beyond = rows.numbers[column.name], _beyond(rows, column)
    level, mask = find_level(numbers, segment, bounds_of(column))
    if not level.rows:
        return
    quantity = is_quantity(rows, column, subject.table.key)
    away = np.abs(distance(on_scale(numbers, logarithmic=level.logarithmic), level))
    far = int((np.nan_to_num(away) > _FAR).sum()) + int((level.logarithmic and (numbers <= 0).sum()) or 0)
    if (quantity and far) or beyond:
        told = f"{far} values of {cut(column.name)!r} lie far from the others, {beyond} beyond the contract's bounds"
        yield _one(SymptomKind.FAR, column, 0.9 if beyond else 0.5, max(far, beyond), told)
    if quantity:
        yield from _levels(column, away, segment, int((~mask & ~np.isnan(numbers)).sum()))
        yield from _other_unit(subject, rows, column)
        yield from _single_cells(subject, rows, column)


def _levels(column: Column, away: Numbers, segment: NDArray[np.int64], elsewhere: int) -> Iterator[Symptom]:
    middles = [
        float(np.nanmedian(away[start:stop]))
        for start, stop in spans(segment)
        if np.sum(~np.isnan(away[start:stop])) >= _LEAST
    ]
    outlying = max(middles, default=0.0)
    if outlying > 1.5:  # noqa: PLR2004  scales: half of the values lie elsewhere
        told = f"the middle of {cut(column.name)!r} lies {outlying:.1f} scales off in some parts ({elsewhere} rows)"
        yield _one(SymptomKind.LEVEL, column, min(1.0, (outlying - 1) / 2), elsewhere, told)


def _disorder(connection: duckdb.DuckDBPyConnection, subject: Subject, column: Column) -> Iterator[Symptom]:
    rows, given, other, telling = read_both_ways(connection, subject, column)
    fit, chosen = fit_order(given, other, rows.file, telling)
    if chosen.any():
        told = f"{int(chosen.sum())} dates of {cut(column.name)!r} fit better with day and month exchanged"
        yield _one(SymptomKind.DISORDER, column, min(1.0, 0.3 + 0.7 * fit.fitting), int(chosen.sum()), told)


def _single_cells(subject: Subject, rows: Rows, column: Column) -> Iterator[Symptom]:
    call = TestCall(table=subject.table.name, cause=Cause.OUTLIERS_BY_FACTOR)
    for found in cell_fits(subject, rows, column, call, np.zeros(0, np.int64)):
        if score(found)[0] > _HALFWAY:
            yield _one(SymptomKind.FAR, column, score(found)[0], found.rows.count, found.told)


def _other_unit(subject: Subject, rows: Rows, column: Column) -> Iterator[Symptom]:
    call = TestCall(table=subject.table.name, cause=Cause.CHANGED_UNIT)
    worth, found = max(
        ((score(fit)[0], fit) for fit in unit_fits(subject, rows, column, call)), key=itemgetter(0), default=(0.0, None)
    )
    if found is not None and worth > _HALFWAY:
        yield _one(SymptomKind.LEVEL, column, worth, found.rows.count, found.told)


def _clock(subject: Subject, rows: Rows, column: Column) -> Iterator[Symptom]:
    found = clock_fit(subject, rows, column, TestCall(table=subject.table.name, cause=Cause.TIME_ZONE_SHIFT))
    if found is not None and score(found)[0] > _HALFWAY:
        yield _one(SymptomKind.CLOCK, column, score(found)[0], found.rows.count, found.told)


def _one(kind: SymptomKind, column: Column, strength: float, rows: int, told: str) -> Symptom:
    return Symptom(kind=kind, columns=(column.name,), strength=min(1.0, max(0.0, strength)), rows=rows, told=told[:300])
