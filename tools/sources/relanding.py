"""Lands files anew in the place of what was landed of them, and back: within the transaction of whoever calls.

What was there before is kept in the schema `past` until the new landing is kept, so that taking it back asks nothing of
the files. One landing is on trial at a time.
"""

from collections.abc import Iterable, Sequence

import duckdb

from state.sources import LINE_BITS, Inventory, Variant
from tools.sources.careful import load, read_batches
from tools.sources.transactions import clear, variant_table
from tools.sql.quote import ident

_FILES, _REJECTS = "files", "rejects"


def replace_landing(
    connection: duckdb.DuckDBPyConnection, before: Inventory, after: Inventory, file_ids: Sequence[int]
) -> None:
    """Land the files as `after` describes them, each in a variant that `before` does not have.

    AccountingError when the lines of a file do not add up: then the caller's transaction must not be committed.
    """
    forget_past(connection)
    _keep(connection, before, file_ids)
    known = {variant.variant_id for variant in before.variants}
    new = [variant for variant in after.variants if variant.variant_id not in known]
    clear(connection, [*_with_files(before, file_ids), *new], file_ids)
    same = {old.file_id for old, now in zip(before.files, after.files, strict=True) if old == now}
    for variant in new:
        for file_id in variant.file_ids:
            if file_id in same:
                _move(connection, before, variant, file_id)
            else:
                file = after.files[file_id]
                load(connection, variant, file, read_batches(file, len(variant.columns)))


def restore_landing(
    connection: duckdb.DuckDBPyConnection, before: Inventory, after: Inventory, file_ids: Sequence[int]
) -> None:
    """Put back what was landed of the files before, in its place among the rows of other files."""
    old = _with_files(before, file_ids)
    clear(connection, old, file_ids)
    for variant in old:
        table = variant_table(variant)
        connection.execute(f"insert into {table} select * from {_past(variant.variant_id)}")
        if set(variant.file_ids) - set(file_ids):
            connection.execute(f"create or replace table {table} as select * from {table} order by _row")
    for name in (_REJECTS, _FILES):
        connection.execute(f"insert into land.{name} select * from {_past(name)}")
    for variant in after.variants:
        if variant.variant_id not in {each.variant_id for each in before.variants}:
            connection.execute(f"drop table if exists {variant_table(variant)}")
    forget_past(connection)


def forget_past(connection: duckdb.DuckDBPyConnection) -> None:
    """Remove what was kept of a landing that nobody will take back any more."""
    connection.execute("drop schema if exists past cascade")


def _keep(connection: duckdb.DuckDBPyConnection, before: Inventory, file_ids: Iterable[int]) -> None:
    ids = ", ".join(map(str, file_ids)) or "-1"
    connection.execute("create schema past")
    for variant in _with_files(before, file_ids):
        rows = f"select * from {variant_table(variant)} where _row >> {LINE_BITS} in ({ids})"
        connection.execute(f"create table {_past(variant.variant_id)} as {rows}")
    for name in (_REJECTS, _FILES):
        connection.execute(f"create table {_past(name)} as select * from land.{name} where file_id in ({ids})")


def _move(connection: duckdb.DuckDBPyConnection, before: Inventory, variant: Variant, file_id: int) -> None:
    """Land a file that is read as before from what was landed of it."""
    (old,) = _with_files(before, [file_id])
    rows = f"select * from {_past(old.variant_id)} where _row >> {LINE_BITS} = {file_id} order by _row"
    connection.execute(f"insert into {variant_table(variant)} {rows}")
    connection.execute(f"insert into land.rejects select * from {_past(_REJECTS)} where file_id = ?", [file_id])
    connection.execute(
        f"insert into land.files select * replace (? as variant_id) from {_past(_FILES)} where file_id = ?",
        [variant.variant_id, file_id],
    )


def _with_files(inventory: Inventory, file_ids: Iterable[int]) -> list[Variant]:
    wanted = set(file_ids)
    return [variant for variant in inventory.variants if wanted & set(variant.file_ids)]


def _past(name: str) -> str:
    return f"past.{ident(name)}"
