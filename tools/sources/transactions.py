"""What every way of landing does to the workspace: transactions, tables of variants, and the books of a file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb

from state.errors import AccountingError
from state.sources import LINE_BITS, FileBooks, SourceFile, Variant
from tools.sql.quote import ident, literal

# Finding the tightest compression costs more than half of the time of landing a large file, and these tables are
# read once or twice: 5.2 s against 9.0 s for ten million rows, and 1.0 GB on disk against 0.4.
_COMPRESSION = "dict_fsst,fsst,zstd"


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit on leaving, roll back when an error leaves."""
    connection.execute("begin transaction")
    try:
        yield
    except BaseException:  # whatever ended it, a kill from the keyboard too: nothing of it stays, and it rises
        connection.execute("rollback")
        raise
    connection.execute("commit")


@contextmanager
def landing_settings(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Set the engine up for landing: rows in the order of the file, little compression; put back on leaving."""
    names = ("preserve_insertion_order", "disabled_compression_methods")
    before = {name: _setting(connection, name) for name in names}
    connection.execute("set preserve_insertion_order = true")
    connection.execute(f"set disabled_compression_methods = {literal(_COMPRESSION)}")
    try:
        yield
    finally:
        for name, value in before.items():
            connection.execute(f"set {name} = {literal(value)}")


def variant_table(variant: Variant) -> str:
    """Return the quoted name of the table that holds the records of the variant."""
    return f"land.{ident(variant.variant_id)}"


def prepare(connection: duckdb.DuckDBPyConnection, variants: Sequence[Variant], file_ids: Sequence[int]) -> None:
    """Make the variants' tables where they are missing and remove all that is there of the files."""
    ids = ", ".join(str(file_id) for file_id in file_ids) or "-1"
    with transaction(connection):
        for variant in variants:
            columns = "".join(f", c{position} varchar" for position in range(len(variant.columns)))
            connection.execute(f"create table if not exists {variant_table(variant)} (_row bigint{columns})")
            connection.execute(f"delete from {variant_table(variant)} where _row >> {LINE_BITS} in ({ids})")
        connection.execute(f"delete from land.rejects where file_id in ({ids})")
        connection.execute(f"delete from land.files where file_id in ({ids})")


def close_books(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, variant_id: str | None, books: FileBooks
) -> None:
    """Write the file's row of `land.files`, the sign that it is landed; AccountingError when a line is missing."""
    if not books.balanced:
        found = books.header_lines + books.blank_lines + books.record_lines + books.reject_lines
        raise AccountingError(
            f"has {books.lines} lines, of which {found} are accounted for",
            where=file.name,
            hint="the file may have changed while it was read; run again",
        )
    connection.execute(
        "insert into land.files values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [file.file_id, file.name, file.path, file.sha256, variant_id, books.lines, books.header_lines,
         books.blank_lines, books.record_lines, books.reject_lines, books.records, books.rejects],
    )  # fmt: skip


def _setting(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    row = connection.execute("select current_setting(?)", [name]).fetchone()
    return str(row[0]) if row else ""
