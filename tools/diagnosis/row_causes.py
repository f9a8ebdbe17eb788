"""Tests of causes that concern rows as wholes: loaded twice, keys that do not hold, totals among details."""

from collections import Counter
from collections.abc import Callable

import duckdb
import numpy as np

from algorithms.diagnosis.grains import fit_spans, fit_sums, is_label
from state.contract import Column, LogicalType, Relationship
from state.symptoms import TestCall, TestResult
from tools.diagnosis.answers import affected, listed, nothing_found, of_ids, result
from tools.diagnosis.habits import disordered_rows
from tools.diagnosis.rows import MOMENTS, NUMBERS, Rows, load_rows, rows_sql
from tools.diagnosis.subject import Subject, sibling
from tools.workspace import is_staged

_MOST_ORPHANS = 2000
_FEW_COLUMNS = 2  # columns in which a row that was loaded again may differ: when, and by which load


def seek_duplicates(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for rows that are there twice, and whether they follow each other as they did the first time."""
    columns = subject.table.columns
    ids, aligned, total = _repeats(connection, subject, columns)
    differing: tuple[str, ...] = ()
    if not len(ids) and subject.table.key:
        differing = _differing(connection, subject)
        if differing:
            kept = tuple(column for column in columns if column.name not in differing)
            ids, aligned, total = _repeats(connection, subject, kept)
    if not len(ids):
        return nothing_found(call, "no row is there twice")
    rows = of_ids(subject, ids)
    keyed = bool(subject.table.key) or any(column.unique for column in columns)
    told = (
        f"{len(ids)} of {total} rows were there before"
        + (f" (but for {listed(differing)})" if differing else "")
        + f"; {aligned:.0%} of them follow a repeated row in the same order"
        + ("; rows of this table have a key" if keyed else "")
    )
    figures = {"rows": len(ids), "aligned": aligned, "keyed": keyed, "share": len(ids) / max(1, total)}
    return result(call, rows, figures, parameters={"besides": listed(differing)} if differing else None, told=told)


def _repeats(
    connection: duckdb.DuckDBPyConnection, subject: Subject, columns: tuple[Column, ...]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], float, int]:
    """Return the ids of rows equal to an earlier one, the share that continues a repeated run, and all rows."""
    texts = [f"x{place}" for place in range(len(columns))]
    source = rows_sql(connection, subject, columns)
    some = " or ".join(f"{text} is not null" for text in texts)
    query = (
        f"with hashed as (select _row, hash({', '.join(texts)}) as h, ({some}) as filled, "
        f"row_number() over (order by _row) as place from ({source})), "
        "placed as (select *, place - lag(place) over (partition by h order by place) as back from hashed), "
        "run as (select *, lag(back) over (order by place) = back as goes_on from placed) "
        "select _row, coalesce(goes_on, false) as goes_on from run where back is not null and filled order by _row"
    )
    arrays = connection.execute(query).fetchnumpy()
    counted = connection.execute(f"select count(*) from ({source})").fetchone()
    ids = np.asarray(arrays["_row"], np.int64)
    aligned = float(np.mean(np.asarray(arrays["goes_on"], bool))) if len(ids) else 0.0
    return ids, aligned, int(counted[0]) if counted else 0


def _differing(connection: duckdb.DuckDBPyConnection, subject: Subject) -> tuple[str, ...]:
    """Return the one or two columns in which rows that share a key differ, where the others never do."""
    key = subject.table.key
    others = [column for column in subject.table.columns if column.name not in key]
    places = {column.name: place for place, column in enumerate(subject.table.columns)}
    keys = ", ".join(f"x{places[name]}" for name in key)
    source = rows_sql(connection, subject, subject.table.columns)
    tests = ", ".join(f"count(distinct coalesce(x{places[column.name]}, '')) > 1" for column in others)
    if not tests:
        return ()
    whole = " and ".join(f"x{places[name]} is not null" for name in key)
    row = connection.execute(
        f"select count(*), {', '.join(f'sum(t[{place}]::int)' for place in range(1, len(others) + 1))} from ("
        f"select [{tests}] as t from ({source}) where {whole} group by {keys} having count(*) > 1)"
    ).fetchone()
    if row is None or row[0] < 3:  # noqa: PLR2004  too few to say so
        return ()
    shares = {column.name: (count or 0) / row[0] for column, count in zip(others, row[1:], strict=True)}
    differing = tuple(name for name, share in shares.items() if share > 0.02)  # noqa: PLR2004  hardly ever
    surely = all(shares[name] > 0.9 for name in differing)  # noqa: PLR2004  nearly always
    return differing if surely and 0 < len(differing) <= _FEW_COLUMNS and len(differing) < len(others) else ()


def seek_key(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for keys that are missing, stand for different rows, or refer to nothing."""
    missing, clashing = _own_key(connection, subject)
    orphans, how, columns = _orphans(connection, subject)
    ids = np.unique(np.concatenate((missing, clashing, orphans)))
    if not len(ids):
        return nothing_found(call, "every key is there, is unique and refers to something")
    sound = _sound(connection, subject, ids)
    told = (
        f"{len(missing)} rows without a key, {len(clashing)} rows whose key stands for different content, "
        f"{len(orphans)} rows that refer to nothing"
        + (f": {how[0]} mends {how[1]:.0%} of the values" if how[0] else "")
    )
    figures = {
        "rows": len(ids), "missing": len(missing), "clashing": len(clashing), "orphans": len(orphans), "mended": how[1],
        "sound": sound,
    }  # fmt: skip
    return result(
        call,
        of_ids(subject, ids),
        figures,
        columns=columns if len(orphans) else subject.table.key,
        parameters={"mended_by": how[0]},
        told=told,
    )


Ids = np.ndarray[tuple[int], np.dtype[np.int64]]


def _own_key(connection: duckdb.DuckDBPyConnection, subject: Subject) -> tuple[Ids, Ids]:
    """Return rows without a key, and rows of all contents but the first that share a key with others."""
    key = subject.table.key or tuple(column.name for column in subject.table.columns if column.unique)[:1]
    if not key:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    columns = subject.table.columns
    places = {column.name: place for place, column in enumerate(columns)}
    keys = [f"x{places[name]}" for name in key]
    source = rows_sql(connection, subject, columns)
    blank = " or ".join(f"{field} is null" for field in keys)
    missing = connection.execute(f"select _row from ({source}) where {blank} order by _row").fetchnumpy()["_row"]
    listed_keys = ", ".join(keys)
    content = ", ".join(f"x{place}" for place in range(len(columns)))
    clashing = connection.execute(
        f"with c as (select _row, {listed_keys}, hash({content}) as h from ({source}) where not ({blank})), "
        f"k as (select {listed_keys} from c group by all having count(distinct h) > 1), "
        f"s as (select c.*, first_value(h) over (partition by {', '.join('c.' + field for field in keys)} "
        f"order by _row) as first from c semi join k using ({listed_keys})) "
        "select _row from s where h <> first order by _row"
    ).fetchnumpy()["_row"]
    return np.asarray(missing, np.int64), np.asarray(clashing, np.int64)


def _orphans(connection: duckdb.DuckDBPyConnection, subject: Subject) -> tuple[Ids, tuple[str, float], tuple[str, ...]]:
    """Return the rows that refer to nothing, what mends most of their values with its share, and the columns."""
    for relationship in subject.table.relationships:
        if all(table.name != relationship.to_table for table in subject.contract.tables):
            continue  # it points out of the contract
        other = sibling(subject, relationship.to_table)
        if len(relationship.columns) > 1 or not _is_there(connection, other):
            continue
        found = _referring_to_nothing(connection, subject, other, relationship)
        if len(found[0]):
            return found[0], _mending(connection, other, relationship, found[1]), relationship.columns
    return np.zeros(0, np.int64), ("", 0.0), ()


def _is_there(connection: duckdb.DuckDBPyConnection, subject: Subject) -> bool:
    return is_staged(connection, subject.table.name) or bool(subject.files)


def _referring_to_nothing(
    connection: duckdb.DuckDBPyConnection, subject: Subject, other: Subject, relationship: Relationship
) -> tuple[Ids, list[str]]:
    own = rows_sql(connection, subject, [subject.table.column(relationship.columns[0])])
    target = rows_sql(connection, other, [other.table.column(relationship.to_columns[0])])
    found = connection.execute(
        f"select _row, x0 from ({own}) where x0 is not null and trim(x0) not in "
        f"(select trim(x0) from ({target}) where x0 is not null) order by _row"
    ).fetchall()
    return np.array([row for row, _ in found], np.int64), [text for _, text in found[:_MOST_ORPHANS]]


def _mending(
    connection: duckdb.DuckDBPyConnection, other: Subject, relationship: Relationship, orphans: list[str]
) -> tuple[str, float]:
    """Return which change of the orphans' text finds what they refer to, and for what share."""
    target = rows_sql(connection, other, [other.table.column(relationship.to_columns[0])])
    known = {row[0] for row in connection.execute(f"select distinct trim(x0) from ({target})").fetchall() if row[0]}
    folded = {"".join(c for c in text.casefold() if c.isalnum()) for text in known}
    stripped = {text.lstrip("0") for text in known}
    tails = {text.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_ ") for text in known}
    ways: dict[str, Callable[[str], bool]] = {
        "leading zeros": lambda text: text.lstrip("0") in stripped,
        "a decimal point": lambda text: text.removesuffix(".0") in known,
        "case and signs": lambda text: "".join(c for c in text.casefold() if c.isalnum()) in folded,
        "a prefix": lambda text: text in tails or any(text.endswith(each) for each in known if len(each) > 2),  # noqa: PLR2004
        "an end that was cut": lambda text: len(text) > 2 and any(each.startswith(text) for each in known),  # noqa: PLR2004
    }
    distinct = sorted(set(orphans))[:200]
    shares = {name: sum(way(text.strip()) for text in distinct) / max(1, len(distinct)) for name, way in ways.items()}
    best = max(shares, key=lambda name: shares[name])
    return (best, shares[best]) if shares[best] else ("", 0.0)


def _sound(connection: duckdb.DuckDBPyConnection, subject: Subject, ids: Ids) -> float:
    """Return the share of the rows in which at most one value does not fit: else the key is not what is broken."""
    judged, misfit = disordered_rows(connection, subject)
    concerned = np.isin(judged.rows.row, ids)
    return float((misfit[concerned].sum(axis=1) < 2).mean()) if concerned.any() else 1.0  # noqa: PLR2004  several


def seek_grain(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Look for rows that sum up others, or that speak of shorter spans of time than the others."""
    rows = load_rows(connection, subject, subject.table.columns)
    found = [each for each in (_sums(subject, rows, call), _spans(subject, rows, call)) if each is not None]
    if not found:
        return nothing_found(call, "no row says that it sums up others, and dates keep to one step")
    return max(found, key=lambda each: each.figures["rows"] * each.figures["certain"])


def _sums(subject: Subject, rows: Rows, call: TestCall) -> TestResult | None:
    labels: Counter[str] = Counter()
    chosen = np.zeros(len(rows), bool)
    columns: list[str] = []
    for column in subject.table.columns:
        counts = rows.counts[column.name]
        known = {str(value) for value in column.valid_values}
        odd = {t for t in counts if t is not None and t not in known and is_label(t)}
        if odd and sum(counts[text] for text in odd) <= 0.3 * len(rows):
            chosen |= np.array([text in odd for text in rows.texts[column.name]], bool)
            labels.update({text: counts[text] for text in odd})
            columns.append(column.name)
    if not labels:
        return None
    numeric = rows.of_type(NUMBERS)
    fits = {name: fit_sums(rows.numbers[name], chosen, rows.file) for name in numeric}
    best = max(fits, key=lambda name: (fits[name].matching, fits[name].larger), default="")
    matching, larger = (fits[best].matching, fits[best].larger) if best else (0.0, 0.0)
    told = (
        f"{int(chosen.sum())} rows are called {listed(labels, 3)}; in {matching:.0%} of them {best!r} is the sum of "
        f"rows around, and it is {larger:.1f} times what others have"
    )
    figures = {
        "rows": chosen.sum(), "certain": max(0.6, matching), "matching": matching, "larger": larger, "labelled": 1.0,
        "gain": 99.0, "grid": 1.0, "inside": 0.0,
    }  # fmt: skip
    return result(
        call,
        affected(subject, rows.row, rows.file, chosen, rows.every),
        figures,
        columns=columns,
        parameters={"labels": listed(labels, 5), "grain": "totals"},
        told=told,
    )


def _spans(subject: Subject, rows: Rows, call: TestCall) -> TestResult | None:
    best: TestResult | None = None
    for name in rows.of_type(MOMENTS):
        if rows.column(name).logical_type is not LogicalType.DATE:
            continue
        fit, chosen = fit_spans(rows.numbers[name], rows.file)
        if not fit.span or not chosen.any():
            continue
        told = (
            f"{int(chosen.sum()) * rows.every} rows have dates within a {fit.span} in {name!r}, where {fit.grid:.0%} "
            f"of the others lie at its begin or end"
        )
        figures = {
            "rows": chosen.sum(), "certain": 1.0, "gain": fit.gain, "grid": fit.grid, "inside": fit.inside,
            "labelled": 0.0, "matching": 1.0, "larger": 0.0,
        }  # fmt: skip
        found = result(
            call,
            affected(subject, rows.row, rows.file, chosen, rows.every),
            figures,
            columns=(name,),
            parameters={"grain": f"shorter than a {fit.span}"},
            told=told,
        )
        best = found if best is None or fit.gain > best.figures["gain"] else best
    return best
