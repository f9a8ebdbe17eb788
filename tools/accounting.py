"""The books of every table: rows read, published, quarantined and merged, counted in the workspace."""

from collections.abc import Sequence

import duckdb

from state.contract import Table
from state.errors import AccountingError
from state.run import TableAccount
from state.sources import LINE_BITS
from tools.sources.in_place import in_place
from tools.sql.quote import ident, literal
from tools.workspace import operator_name, row_file

_FAULT = "this is a fault of millwright; nothing was published; please report it with run.json"


def account_table(connection: duckdb.DuckDBPyConnection, table: Table, file_ids: Sequence[int]) -> TableAccount:
    """Return the books of one table.

    Raises AccountingError when a source-fed table's rows do not add up, or its staged rows are not the landed ones.
    """
    account = _derived(connection, table) if table.derived else _fed(connection, table, file_ids)
    if not account.balanced:
        raise AccountingError(
            f"{account.rows_read} rows read, but {account.rows_published} to publish + {account.rows_quarantined} "
            f"quarantined + {account.rows_merged} merged",
            where=table.name,
            hint=_FAULT,
        )
    return account


def _fed(connection: duckdb.DuckDBPyConnection, table: Table, file_ids: Sequence[int]) -> TableAccount:
    files = ", ".join(str(int(file_id)) for file_id in file_ids) or "-1"
    records, rejects = _pair(
        connection,
        f"select coalesce(sum(records), 0), coalesce(sum(rejects), 0) from land.files where file_id in ({files})",
    )
    _check_landed(connection, table, files, records, rejects)
    _check_merged(connection, table)
    return TableAccount(
        table=table.name,
        derived=False,
        rows_read=records + rejects,
        rows_published=_live(connection, table),
        rows_quarantined=_set_aside(connection, table) + rejects,
        rows_merged=_merged(connection, table),
        cells_changed=_cells_changed(connection, table),
        rejects=rejects,
    )


def _check_landed(connection: duckdb.DuckDBPyConnection, table: Table, files: str, records: int, rejects: int) -> None:
    staged = _one(connection, f"select count(*) from stage.{ident(table.name)}")
    kept = _one(connection, f"select count(*) from land.rejects where file_id in ({files})")
    unbalanced = connection.execute(
        "select name from land.files where lines <> header_lines + blank_lines + record_lines + reject_lines "
        f"and file_id in ({files}) order by name limit 1"
    ).fetchone()
    if staged != records or kept != rejects or unbalanced:
        where = f"{table.name}, file {unbalanced[0]}" if unbalanced else table.name
        raise AccountingError(
            f"{records} records and {rejects} rejects were landed, {staged} and {kept} are staged", where=where
        )
    _check_identity(connection, table, files)


def _check_identity(connection: duckdb.DuckDBPyConnection, table: Table, files: str) -> None:
    """Compare the ids of staged and landed rows by sums that no swapped, doubled or foreign row leaves equal."""
    variants = connection.execute(
        f"select distinct variant_id from land.files where file_id in ({files}) and variant_id is not null"
    ).fetchall()
    views = in_place(connection)
    landed = " union all ".join(_landed_ids(connection, variant, files, views) for (variant,) in variants)
    sums = "select sum(_row::hugeint), sum(hash(_row)::hugeint) from"
    given = connection.execute(f"{sums} ({landed or 'select 0 as _row where false'})").fetchone()
    if given != connection.execute(f"{sums} stage.{ident(table.name)}").fetchone():
        raise AccountingError(
            "as many rows are staged as were landed, but not the same ones: some are missing, others there twice",
            where=table.name,
            hint=_FAULT,
        )


def _landed_ids(connection: duckdb.DuckDBPyConnection, variant: str, files: str, views: frozenset[str]) -> str:
    """Return SQL for the ids of the landed rows: of a file that is read where it lies, every line that is none else."""
    if variant not in views:
        return f"select _row from land.{ident(variant)} where {row_file('_row')} in ({files})"
    file_id, first, end = connection.execute(
        "select file_id, header_lines + 1, lines + 1 from land.files where variant_id = ?", [variant]
    ).fetchall()[0]
    rejected = f"select line from land.rejects where file_id = {file_id}"
    lines = f"range({first}, {end}) r(line) where line not in ({rejected})"
    return f"select {file_id << LINE_BITS} + line as _row from {lines}"


def _check_merged(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Refuse rows merged into one that is not staged or is merged itself: their values would be nowhere."""
    name = literal(table.name)
    merged = f"select _row from ops.merged where table_name = {name}"
    lost = _one(
        connection,
        f"with kept as (select distinct kept_row as _row from ops.merged where table_name = {name}) "
        f"select (select count(*) from kept) - (select count(*) from stage.{ident(table.name)} where _row in "
        f"(select _row from kept) and _row not in ({merged}))",
    )
    if lost:
        raise AccountingError(
            f"{lost} rows into which others were merged are not kept themselves", where=table.name, hint=_FAULT
        )


def _derived(connection: duckdb.DuckDBPyConnection, table: Table) -> TableAccount:
    return TableAccount(
        table=table.name,
        derived=True,
        rows_read=_one(connection, f"select count(*) from stage.{ident(table.name)}"),
        rows_published=_live(connection, table),
        rows_quarantined=_set_aside(connection, table),
        rows_merged=_merged(connection, table),
        cells_changed=_cells_changed(connection, table),
        rows_in={
            source: _one(connection, f"select count(*) from live.{ident(source)}") for source in table.transform_sources
        },
    )


def _live(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    return _one(connection, f"select count(*) from live.{ident(table.name)}")


def _set_aside(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    return _one(connection, f"select count(distinct _row) from ops.quarantine where table_name = {literal(table.name)}")


def _merged(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    return _one(
        connection,
        f"select count(*) from (select _row from ops.merged where table_name = {literal(table.name)} "
        f"except select _row from ops.quarantine where table_name = {literal(table.name)})",
    )


def _cells_changed(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    counts = " + ".join(f"count({ident(operator_name(column.name))})" for column in table.columns)
    return _one(connection, f"select {counts} from live.{ident(table.name)}")


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _pair(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, int]:
    row = connection.execute(query).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
