"""What every way of landing does to the workspace: transactions, tables of variants, and the books of a file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import duckdb

from state.errors import AccountingError
from state.sources import LINE_BITS, FileBooks, SourceFile, Variant
from tools.sql.quote import ident, literal

_BOOKS_AT_ONCE = 256
"""Files closed by one statement: each has twelve parameters."""


class Closing(NamedTuple):
    """A file that is landed, the variant that has its records (None: it has none), and its books."""

    file: SourceFile
    variant_id: str | None
    books: FileBooks


_RELATIONS = """
select view_name, true from duckdb_views() where schema_name = 'land'
union all select table_name, false from duckdb_tables() where schema_name = 'land'
"""


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
def in_order(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let the engine keep rows in the order of their file, and do as before on leaving."""
    name = "preserve_insertion_order"
    before = connection.execute("select current_setting(?)", [name]).fetchall()[0][0]
    connection.execute(f"set {name} = true")
    try:
        yield
    finally:
        connection.execute(f"set {name} = {literal(str(before))}")


def variant_table(variant: Variant) -> str:
    """Return the quoted name of the table that holds the records of the variant."""
    return f"land.{ident(variant.variant_id)}"


def prepare(connection: duckdb.DuckDBPyConnection, variants: Sequence[Variant], file_ids: Sequence[int]) -> None:
    """Make the variants' tables where they are missing and remove all that is there of the files."""
    with transaction(connection):
        clear(connection, variants, file_ids)


def clear(connection: duckdb.DuckDBPyConnection, variants: Sequence[Variant], file_ids: Sequence[int]) -> None:
    """Do the same within the transaction of whoever calls."""
    files, ids = set(file_ids), ", ".join(str(file_id) for file_id in file_ids) or "-1"
    # The bounds let the engine pass over what lies outside of them without a look at its rows.
    bounds = f"_row between {min(files, default=0) << LINE_BITS} and {(max(files, default=-1) + 1) << LINE_BITS}"
    there = dict(connection.execute(_RELATIONS).fetchall())
    for variant in variants:
        is_view, concerned = there.get(variant.variant_id), not files.isdisjoint(variant.file_ids)
        if is_view and concerned:
            connection.execute(f"drop view {variant_table(variant)}")
        if is_view is None or (is_view and concerned):
            columns = "".join(f", c{position} varchar" for position in range(len(variant.columns)))
            connection.execute(f"create table {variant_table(variant)} (_row bigint{columns})")
        elif concerned:
            owned = f"{bounds} and _row >> {LINE_BITS} in ({ids})"
            connection.execute(f"delete from {variant_table(variant)} where {owned}")
    connection.execute(f"delete from land.rejects where file_id in ({ids})")
    connection.execute(f"delete from land.files where file_id in ({ids})")


def close_books(connection: duckdb.DuckDBPyConnection, closings: Sequence[Closing]) -> None:
    """Write the files' rows of `land.files`, the sign that they are landed; AccountingError when a line is missing."""
    for closing in closings:
        _check(closing)
    for start in range(0, len(closings), _BOOKS_AT_ONCE):
        rows = [_row(closing) for closing in closings[start : start + _BOOKS_AT_ONCE]]
        places = ", ".join(f"({', '.join('?' for _ in row)})" for row in rows)
        connection.execute(f"insert into land.files values {places}", [value for row in rows for value in row])


def _check(closing: Closing) -> None:
    books = closing.books
    if not books.balanced:
        found = books.header_lines + books.blank_lines + books.record_lines + books.reject_lines
        raise AccountingError(
            f"has {books.lines} lines, of which {found} are accounted for",
            where=closing.file.name,
            hint="the file may have changed while it was read; run again",
        )


def _row(closing: Closing) -> tuple[object, ...]:
    file, books = closing.file, closing.books
    return (
        file.file_id, file.name, file.path, file.sha256, closing.variant_id, books.lines, books.header_lines,
        books.blank_lines, books.record_lines, books.reject_lines, books.records, books.rejects,
    )  # fmt: skip
