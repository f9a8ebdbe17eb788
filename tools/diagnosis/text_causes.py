"""Tests of causes that are told by texts: placeholders, new values of a list, swapped and shifted columns."""

from collections import Counter

import duckdb
import numpy as np
from numpy.typing import NDArray

from algorithms.diagnosis.exchanges import fit_shift, fit_swap
from algorithms.diagnosis.levels import segments
from algorithms.diagnosis.placeholders import is_edge_day, is_token, numbers_apart
from state.contract import Column
from state.sources import SourceFile
from state.symptoms import TestCall, TestResult
from tools.diagnosis.answers import affected, listed, nothing_found, result
from tools.diagnosis.categories import find_new_values
from tools.diagnosis.habits import LEARNT, Judged, judged_columns, number_in
from tools.diagnosis.rejects import Reject, read_rejects
from tools.diagnosis.rows import MOMENTS, NUMBERS, Rows, load_rows
from tools.diagnosis.subject import Subject, bounds_of

_LEAST_PLACEHOLDERS = 3
_OFTEN = 30  # rows of one new value


def seek_placeholders(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for values that stand for null."""
    columns = [c for c in subject.table.columns if not call.columns or c.name in call.columns]
    rows = load_rows(connection, subject, columns)
    found = {column.name: placeholders(rows, column) for column in columns}
    best = max(found, key=lambda name: sum(found[name][0].values()), default="")
    values, apart = found.get(best, ({}, 0.0))
    if not values:
        return nothing_found(call, "no value comes again and again that would stand for null")
    chosen = np.array([text in values for text in rows.texts[best]], bool)
    told = f"{int(chosen.sum()) * rows.every} values of {best!r} stand for null: " + ", ".join(
        f"{text!r} in {count} rows" for text, count in Counter(values).most_common(4)
    )
    share = float(chosen.mean()) if len(rows) else 0.0
    figures = {"rows": chosen.sum(), "apart": apart, "share": share, "different": len(values)}
    return result(
        call,
        affected(subject, rows.row, rows.file, chosen, rows.every),
        figures,
        columns=(best,),
        parameters={"values": listed(values, 10)},
        told=told[:600],
    )


def placeholders(rows: Rows, column: Column) -> tuple[dict[str, int], float]:
    """Return the texts of a column that stand for null with their rows, and how far apart they stand (1: surely)."""
    counts = rows.counts[column.name]
    listed_values = {str(value).casefold() for value in column.valid_values}
    words = {
        text: count
        for text, count in counts.items()
        if text is not None and text.casefold() not in listed_values and (is_token(text) or _is_edge(text, column))
    }
    if sum(words.values()) >= _LEAST_PLACEHOLDERS:
        return words, 1.0
    if column.logical_type not in NUMBERS:
        return {}, 0.0
    numbers = rows.numbers[column.name]
    values, totals = np.unique(numbers[~np.isnan(numbers)], return_counts=True)
    most = np.argsort(-totals)[:20]
    counted = {float(values[at]): int(totals[at]) for at in most}
    apart = numbers_apart(numbers, counted, bounds_of(column))
    apart = {value: gap for value, gap in apart.items() if value != 0 or _zero_is_odd(rows, column)}
    if not apart:
        return {}, 0.0
    texts = {text: count for text, count in counts.items() if text is not None and number_in(text) in apart}
    return texts, min(1.0, 0.5 + max(apart.values()) / 2)


def _is_edge(text: str, column: Column) -> bool:
    return column.logical_type in MOMENTS and is_edge_day(text)


def _zero_is_odd(rows: Rows, column: Column) -> bool:
    """Whether zero is beyond the contract's bounds, or comes in one part only: elsewhere it is a number like others."""
    low = column.options.minimum
    if isinstance(low, int | float) and low > 0:
        return True
    numbers, segment = rows.numbers[column.name], segments(rows.file)
    zero = numbers == 0
    parts, sizes = np.unique(segment, return_counts=True)
    with_zero = np.unique(segment[zero])
    within = sizes[np.isin(parts, with_zero)].sum() / max(1, len(numbers))
    return bool(within <= 0.6 and zero.sum() * np.log(max(within, 1e-9)) < -10)  # noqa: PLR2004  chance of such a crowd


def seek_category(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for values that a list does not hold, or that only a part of the rows has."""
    columns = [c for c in subject.table.columns if not call.columns or c.name in call.columns]
    rows = load_rows(connection, subject, columns)
    found = {column.name: find_new_values(rows, column) for column in columns}
    best = max(found, key=lambda name: found[name].rows if found[name].crowded else 0, default="")
    if not best or not found[best].values:
        return nothing_found(call, "no value is new")
    new = found[best]
    chosen = np.array([text in new.values for text in rows.texts[best]], bool)
    told = f"{new.rows} rows of {best!r} have {len(new.values)} values that are new: {listed(new.values, 4)}"
    told += f"; like known ones: {listed(new.known.values(), 3)}" if new.known else ""
    figures = {
        "rows": new.rows,
        "repeats": new.rows / len(new.values),
        "new": len(new.values),
        "by_known": len(new.values) / max(1, new.among),
        "certain": new.certain,
        "plain": max(new.plain, min(1.0, new.rows / len(new.values) / _OFTEN)),  # junk does not come again and again
    }
    return result(
        call,
        affected(subject, rows.row, rows.file, chosen, rows.every),
        figures,
        columns=(best,),
        parameters={"values": listed(new.values, 10), "known": listed(new.known.values(), 10)},
        told=told,
    )


def seek_swap(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for two columns whose values fit each other's column in a part."""
    judged = judged_columns(connection, subject)
    rows = judged.rows
    step = max(1, len(rows) // LEARNT)
    places = np.arange(0, len(rows), step)
    costs = judged.penalties(places, lambda _place, _column: True)
    values = np.stack([_comparable(judged, name) for name in judged.order], axis=1)
    fit, _ = fit_swap(costs, values[places], rows.file[places])
    if fit.first < 0:
        return nothing_found(call, "no two columns fit better exchanged")
    pair = [fit.first, fit.second]
    names = tuple(judged.order[place] for place in pair)
    every = judged.penalties(np.arange(len(rows)), lambda place, column: place in pair and column in pair)
    fit, chosen = fit_swap(every[:, pair][:, :, pair], values[:, pair], rows.file)
    told = (
        f"in {int(chosen.sum()) * rows.every} rows {names[0]!r} and {names[1]!r} fit better exchanged: "
        f"{fit.fitting:.0%} of these rows, {fit.outside:.1%} of the others, by {fit.witness}"
    )
    return result(
        call,
        affected(subject, rows.row, rows.file, chosen, rows.every),
        {"rows": chosen.sum(), **fit.model_dump(include={"gain", "each", "fitting", "outside", "share"})},
        columns=names,
        parameters={"witness": fit.witness},
        told=told,
    )


def _comparable(judged: Judged, name: str) -> NDArray[np.float64]:
    """Return the numbers of a column that may be compared with those of others of its type: moments."""
    moments = judged.rows.column(name).logical_type in MOMENTS
    return judged.rows.numbers[name] if moments else np.full(len(judged.rows), np.nan)


def seek_shift(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for rows whose values stand one or two columns beside their own."""
    judged = judged_columns(connection, subject)
    rows, width = judged.rows, len(judged.order)
    costs = judged.penalties(np.arange(len(rows)), lambda place, column: abs(place - column) <= 2)  # noqa: PLR2004
    fit, chosen = fit_shift(costs) if width > 2 else (None, np.zeros(len(rows), bool))  # noqa: PLR2004  too few columns
    files = {file.file_id: file for file in subject.texts}
    pushed = [r for r in read_rejects(connection, subject) if r.file in files and _has_one_more(r, files[r.file])]
    if fit is None or (not chosen.any() and not pushed):
        return nothing_found(call, "no row's values stand beside their columns")
    ids = np.sort(np.concatenate((rows.row[chosen], np.array([reject.row for reject in pushed], np.int64))))
    told = (
        f"{fit.rows} rows are moved by {fit.places} columns: moving them back mends {fit.mended:.1f} columns a row and "
        f"{fit.explained:.0%} of the {fit.disordered} rows with two values or more that do not fit; "
        f"{len(pushed)} lines have one field too many"
    )
    figures = {
        "rows": len(ids), "each": fit.each, "mended": fit.mended, "explained": fit.explained, "pushed": len(pushed),
    }  # fmt: skip
    return result(
        call,
        affected(subject, ids, ids >> 36, np.ones(len(ids), bool)).model_copy(update={"condition": ""}),
        figures,
        columns=tuple(judged.order),
        parameters={"places": str(fit.places)},
        told=told,
    )


def _has_one_more(reject: Reject, file: SourceFile) -> bool:
    extra = f"{len(file.header) + 1} field"
    return reject.reason.startswith(extra)
