"""What is counted in the typed columns of a staged table: aggregates of the engine over all rows."""

from collections.abc import Mapping
from typing import Any

import duckdb

from state.contract import LogicalType, Table
from state.draft import ColumnFacts, Half, TableOrigin, ValueCount
from state.formats import DateOrder, ValueFormat
from tools.sql.quote import ident
from tools.workspace import operator_name

_NUMERIC = (LogicalType.NUMBER, LogicalType.INTEGER)
_DATED = (LogicalType.DATE, LogicalType.TIMESTAMP)
_MOST_COUNTED = 300  # distinct values up to which each is counted
_MOST_SAMPLES = 2000
_MOST_SHAPES = 20


def staged_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return the number of staged rows."""
    return int(_one(connection, f"select count(*) from stage.{ident(table)}")[0])


def unread_facts(connection: duckdb.DuckDBPyConnection, table: Table) -> tuple[ColumnFacts, ...]:
    """Return of each column only how many values there are and how many cannot be read: one scan."""
    parts = [
        f"count({ident(c.name)}), count(*) filter ({ident(operator_name(c.name))} = 'unreadable')"
        for c in table.columns
    ]
    rows, *counts = _one(connection, f"select count(*), {', '.join(parts)} from stage.{ident(table.name)}")
    return tuple(
        ColumnFacts(
            name=column.name, logical_type=column.logical_type, rows=rows, filled=counts[2 * place],
            unread=counts[2 * place + 1], distinct=0, everywhere=True,
        )
        for place, column in enumerate(table.columns)
    )  # fmt: skip


def column_facts(
    connection: duckdb.DuckDBPyConnection, table: Table, origin: TableOrigin, formats: Mapping[str, ValueFormat]
) -> tuple[ColumnFacts, ...]:
    """Return the facts of every column of the staged table."""
    variants = {unit.variant_id for unit in origin.units}
    everywhere = {column.name: variants <= set(column.headers) for column in origin.columns}
    middle = _one(connection, f"select coalesce(quantile_disc(_row, 0.5), 0) from stage.{ident(table.name)}")[0]
    counted = unread_facts(connection, table)
    return tuple(
        _facts(connection, table.name, column, formats.get(column.name), everywhere[column.name], middle)
        for column in counted
    )


def _facts(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    column: ColumnFacts,
    value_format: ValueFormat | None,
    everywhere: bool,  # noqa: FBT001  one of the facts
    middle: int,
) -> ColumnFacts:
    source, name = f"stage.{ident(table)}", ident(column.name)
    distinct, low, high = _one(
        connection, f"select count(distinct {name}), min({name})::varchar, max({name})::varchar from {source}"
    )
    update: dict[str, Any] = {"distinct": distinct, "low": low, "high": high, "everywhere": everywhere}
    update["halves"] = _halves(connection, source, column, middle)
    if column.logical_type in _NUMERIC or column.logical_type in _DATED:
        update["quantiles"] = _quantiles(connection, source, column)
    if column.logical_type in _NUMERIC:
        update |= _digits(connection, source, name)
    if column.logical_type is LogicalType.STRING:
        update |= _texts(connection, source, name)
    if distinct <= _MOST_COUNTED:
        update["counts"] = _counts(connection, source, name, middle)
    if value_format is not None:
        update |= _reading(column, value_format)
        if column.logical_type is LogicalType.DATE:
            update["shapes"] = _shapes(connection, source, column.name)
    return column.model_copy(update=update)


def _measure(column: ColumnFacts) -> str:
    """Return SQL for a value as a number: dates in days since 1970."""
    name = ident(column.name)
    return f"(epoch({name}) / 86400.0)" if column.logical_type in _DATED else f"{name}::double"


def _halves(connection: duckdb.DuckDBPyConnection, source: str, column: ColumnFacts, middle: int) -> tuple[Half, Half]:
    measured = column.logical_type in _NUMERIC or column.logical_type in _DATED
    ends = f"min({_measure(column)}), max({_measure(column)})" if measured else "null, null"
    rows = connection.execute(
        f"select _row <= {middle} as early, count(*), count({ident(column.name)}), {ends} from {source} group by 1"
    ).fetchall()
    found = {early: Half(rows=rows, filled=filled, low=low, high=high) for early, rows, filled, low, high in rows}
    empty = Half(rows=0, filled=0)
    return found.get(True, empty), found.get(False, empty)


def _quantiles(connection: duckdb.DuckDBPyConnection, source: str, column: ColumnFacts) -> tuple[float, ...]:
    found = _one(
        connection,
        f"select quantile_disc({_measure(column)}, [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1]) from {source}",
    )[0]
    return tuple(found or ())


def _digits(connection: duckdb.DuckDBPyConnection, source: str, name: str) -> dict[str, Any]:
    """Count decimal places and the most digits before the point, of numbers as they are shown shortest."""
    rows = connection.execute(
        f"select length(rtrim(regexp_extract(t, '\\.(\\d+)', 1), '0')) as places, count(*), "
        f"max(length(regexp_extract(t, '^-?(\\d+)', 1))) "
        f"from (select {name}::varchar as t from {source} where {name} is not null) group by 1"
    ).fetchall()
    return {
        "decimals": {places: count for places, count, _ in rows},
        "whole_digits": max((most or 0 for _, _, most in rows), default=0),
    }


def _texts(connection: duckdb.DuckDBPyConnection, source: str, name: str) -> dict[str, Any]:
    least, most = _one(connection, f"select min(length({name})), max(length({name})) from {source}")
    samples = connection.execute(
        f"select {name} from {source} where {name} is not null group by 1 "
        f"order by hash({name}), 1 limit {_MOST_SAMPLES}"
    ).fetchall()
    return {"lengths": None if least is None else (least, most), "samples": tuple(row[0] for row in samples)}


def _counts(connection: duckdb.DuckDBPyConnection, source: str, name: str, middle: int) -> tuple[ValueCount, ...]:
    rows = connection.execute(
        f"select {name}::varchar, count(*), count(*) filter (_row <= {middle}) from {source} where {name} is not null "
        f"group by 1 order by 2 desc, 1"
    ).fetchall()
    return tuple(ValueCount(value=value, rows=count, early=early) for value, count, early in rows)


def _shapes(connection: duckdb.DuckDBPyConnection, source: str, column: str) -> tuple[str, ...]:
    """Return the shapes of dates whose text was not ISO: the staged table keeps that text."""
    raw = ident(f"raw${column}")
    rows = connection.execute(
        f"select regexp_replace(trim({raw}), '[0-9]', '9', 'g') as shape from {source} "
        f"where {ident(column)} is not null group by 1 order by count(*) desc limit {_MOST_SHAPES}"
    ).fetchall()
    return tuple(row[0] or "9999-99-99" for row in rows)


def _reading(column: ColumnFacts, value_format: ValueFormat) -> dict[str, Any]:
    """Tell how the text is read."""
    orders = {group.date_order for group in value_format.groups if group.date_order is not None}
    told = sorted(order.value.replace("_", " ") for order in orders)
    update: dict[str, Any] = {}
    if len(orders) == 1 and orders <= {DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST}:
        update["day_first"] = orders == {DateOrder.DAY_FIRST}
    words = [f"{' and '.join(told)} by file" if len(told) > 1 else " ".join(told)]
    if value_format.unit:
        words.append(f"unit {value_format.unit} left out")
    if value_format.decimal == "," and column.logical_type in _NUMERIC:
        words.append("decimal comma")
    return update | {"read_as": ", ".join(word for word in words if word)}


def unmatched(connection: duckdb.DuckDBPyConnection, table: str, column: str, expression: str) -> int:
    """Return how many texts of the column do not match an expression of the engine's dialect."""
    row = connection.execute(
        f"select count(*) from stage.{ident(table)} where not regexp_matches({ident(column)}, ?)", [expression]
    ).fetchone()
    return int(row[0]) if row else 0


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    return tuple(connection.execute(query).fetchall()[0])
