"""Where the rows of a table come from: the number of a published row, its id, and the file and line behind it.

The only place that knows in which order rows are published and where landed text lies; whoever changes either changes
it here. Row numbers count from 1 in the table as written, through all part files in their order.
"""

from collections.abc import Mapping, Sequence

import duckdb

from state.contract import Table
from state.sources import LINE_BITS
from state.values import Value
from tools.outputs.parquet import Layout
from tools.sql.quote import ident, literal
from tools.workspace import row_file, row_line

_LINE_MASK = (1 << LINE_BITS) - 1


class Origin(Value):
    """The record a row was made of."""

    file_id: int
    file: str  # as `_file` shows it
    line: int  # physical line where the record begins
    variant_id: str


class Ending(Value):
    """How a staged row ended."""

    row_id: int
    number: int | None = None  # in the published (or staged) table
    merged_into: int | None = None  # id of the row it was merged into
    rules: tuple[tuple[str, str], ...] = ()  # (rule, reason) that set it aside


def numbered_rows(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    layout: Layout = Layout(),  # noqa: B008  a frozen value
) -> str:
    """Return SQL for `number` and `_row` of the rows to publish, in the order in which they are published.

    One file is sorted by the key; parts keep the order of the rows.
    """
    live = f"live.{ident(table.name)}"
    in_parts = (_one(connection, f"select count(*) from {live}") or 0) > layout.single_file_rows
    order = ", ".join([*(ident(name) for name in table.key if not in_parts), "_row"])
    return f"select row_number() over (order by {order}) as number, _row from {live}"


def row_at(connection: duckdb.DuckDBPyConnection, table: Table, number: int) -> int | None:
    """Return the id of the published row with that number; None when there is none."""
    return _one(connection, f"select _row from ({numbered_rows(connection, table)}) where number = {int(number)}")


def number_of(connection: duckdb.DuckDBPyConnection, table: Table, row_id: int) -> int | None:
    """Return the number of the published row with that id; None when it was not to be published."""
    return _one(connection, f"select number from ({numbered_rows(connection, table)}) where _row = {int(row_id)}")


def rows_with_key(
    connection: duckdb.DuckDBPyConnection, table: Table, values: Mapping[str, str], most: int = 6
) -> list[int]:
    """Return the ids of at most `most` rows to publish whose columns have these values, as text."""
    where = " and ".join(f"{ident(name)}::varchar = {literal(value)}" for name, value in values.items())
    query = f"select _row from live.{ident(table.name)} where {where} order by _row limit {int(most)}"
    return [int(row[0]) for row in connection.execute(query).fetchall()]


def origin_of(connection: duckdb.DuckDBPyConnection, row_id: int) -> Origin | None:
    """Return the file and line of a row fed by files; None when no such file was landed."""
    found = connection.execute(
        "select file_id, name, variant_id from land.files where file_id = ?", [row_id >> LINE_BITS]
    ).fetchone()
    if found is None:
        return None
    return Origin(file_id=found[0], file=found[1], line=row_id & _LINE_MASK, variant_id=found[2] or "")


def row_beginning_at(
    connection: duckdb.DuckDBPyConnection, file_id: int, variant_id: str, line: int
) -> tuple[int, int] | None:
    """Return the id of the landed record that holds a physical line, and the line where it begins; None for none."""
    first = file_id << LINE_BITS
    relation = f"land.{ident(variant_id)}"
    row = _one(connection, f"select max(_row) from {relation} where _row between {first} and {first | line}")
    if row is None:
        return None
    begins = row & _LINE_MASK
    breaks = sum(
        max((text or "").count("\n"), (text or "").count("\r")) for text in landed_text(connection, variant_id, row)
    )
    return (row, begins) if begins + breaks >= line else None


def landed_text(connection: duckdb.DuckDBPyConnection, variant_id: str, row_id: int) -> Sequence[str | None]:
    """Return the fields of a landed record as its file has them, in the order of the header; blank ones are None."""
    query = f"select * exclude (_row) from land.{ident(variant_id)} where _row = {int(row_id)}"
    return connection.execute(query).fetchone() or ()


def ending_of(connection: duckdb.DuckDBPyConnection, table: Table, row_id: int) -> Ending:
    """Return how a staged row of the table ended."""
    name, row = literal(table.name), int(row_id)
    rules = connection.execute(
        f"select distinct rule, reason from ops.quarantine where table_name = {name} and _row = {row} order by all"
    ).fetchall()
    merged = _one(connection, f"select kept_row from ops.merged where table_name = {name} and _row = {row}")
    aside = bool(rules) or merged is not None
    return Ending(
        row_id=row_id,
        number=None if aside else number_of(connection, table, row_id),
        merged_into=merged,
        rules=tuple((rule, reason) for rule, reason in rules),
    )


def merged_into(
    connection: duckdb.DuckDBPyConnection, table: Table, row_id: int, most: int
) -> tuple[int, list[Origin]]:
    """Return how many rows were merged into a row, and where the first of them stood."""
    which = f"m.table_name = {literal(table.name)} and m.kept_row = {int(row_id)}"
    total = _one(connection, f"select count(*) from ops.merged m where {which}") or 0
    rows = connection.execute(
        f"select f.file_id, f.name, {row_line('m._row')}, f.variant_id from ops.merged m "
        f"join land.files f on f.file_id = {row_file('m._row')} where {which} order by m._row limit {int(most)}"
    ).fetchall()
    return total, [Origin(file_id=row[0], file=row[1], line=row[2], variant_id=row[3] or "") for row in rows]


def rows_of_same_key(connection: duckdb.DuckDBPyConnection, table: Table, row_id: int, most: int) -> tuple[Origin, ...]:
    """Return where other staged rows with the key of a row stand, at most `most` of them."""
    if not table.key or table.derived:
        return ()
    same = " and ".join(f"o.{ident(name)} is not distinct from s.{ident(name)}" for name in table.key)
    stage = f"stage.{ident(table.name)}"
    rows = connection.execute(
        f"select f.file_id, f.name, {row_line('o._row')}, f.variant_id from {stage} s join {stage} o on {same} "
        f"join land.files f on f.file_id = {row_file('o._row')} "
        f"where s._row = {int(row_id)} and o._row <> s._row order by o._row limit {int(most)}"
    ).fetchall()
    return tuple(Origin(file_id=row[0], file=row[1], line=row[2], variant_id=row[3] or "") for row in rows)


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int | None:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row and row[0] is not None else None
