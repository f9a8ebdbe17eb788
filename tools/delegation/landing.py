"""Landing by orders, each worker by a connection of its own, which is taken from it when it is late."""

import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

from state.delegation import Order
from state.sources import Inventory
from state.values import digest
from tools.delegation.book import OrderBook
from tools.intake import read_intake
from tools.sources.land import land
from tools.sources.transactions import transaction, variant_table

_WAIT = 0.002  # seconds between two tries to take a connection away
_MOST_WAIT = 30.0


def land_order(
    connection: duckdb.DuckDBPyConnection, run_folder: Path, book: OrderBook, order: Order
) -> tuple[dict[str, int], str]:
    """Land the files of an order, whatever is there of them; return figures and the digest of their books."""
    books = land(connection, read_intake(run_folder).inventory, file_ids=book.orders[order.key])
    figures = {
        "files": len(books),
        "records": sum(each.records for each in books),
        "rejects": sum(each.rejects for each in books),
    }
    return figures, digest([book.model_dump() for book in books])


def take_away(connection: duckdb.DuckDBPyConnection) -> None:
    """Close a connection that another thread may be using: what it is doing is interrupted, what it does later fails.

    TimeoutError where the engine does not let go of it.
    """
    until = time.monotonic() + _MOST_WAIT
    while time.monotonic() < until:
        connection.interrupt()
        try:
            connection.close()
        except duckdb.Error:  # busy: it refuses to be closed while it works
            time.sleep(_WAIT)
        else:
            return
    raise TimeoutError("a late worker's connection to the workspace cannot be closed")


def in_file_order(connection: duckdb.DuckDBPyConnection, inventory: Inventory, file_ids: Sequence[int]) -> None:
    """Put the rows of each variant into the order of its files and lines, in whichever order the orders ended."""
    delegated = set(file_ids)
    for variant in inventory.variants:
        if len(delegated.intersection(variant.file_ids)) > 1:
            table = variant_table(variant)
            if not _ascending(connection, table):
                with transaction(connection):
                    connection.execute(f"create or replace table {table} as select * from {table} order by _row")


def _ascending(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    row = connection.execute(
        f"select count(*) from (select _row, lag(_row) over (order by rowid) as before from {table}) "
        "where before > _row"
    ).fetchone()
    return row is not None and not row[0]
