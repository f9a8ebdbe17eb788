"""Tables as Parquet files: written so that the same rows give the same bytes, and read back before they count.

One thread writes, in the order of the query; identity is promised for one version of the engine. A table above
`Layout.single_file_rows` becomes a folder of part files with a fixed number of rows each.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from pydantic import Field

from state.errors import AccountingError, StepError
from state.values import Value
from tools.files import sync_folder
from tools.sql.quote import ident, literal

_ORDERED = "millwright_publishing"
"""Temporary table that holds a large result in its order while its parts are written."""


class Layout(Value):
    """When a table becomes a folder, and how large its parts are."""

    single_file_rows: int = Field(default=1_000_000, ge=1)
    part_rows: int = Field(default=983_040, ge=1)  # eight row groups of the engine


class Shape(Value):
    """What a written table must be when it is read back."""

    rows: int
    columns: tuple[tuple[str, str], ...]  # name, type of the engine


def write_table(
    connection: duckdb.DuckDBPyConnection, query: str, path: Path, *, rows: int, layout: Layout, unique_order: bool
) -> None:
    """Write the result of `query` to `path`: a file, or a folder of parts when it has too many `rows`.

    `unique_order`: the query's ORDER BY has no ties, so that a large sort may use all threads.
    """
    if rows <= layout.single_file_rows:
        with one_thread(connection):
            _copy(connection, query, path)
        _sync_file(path)
    else:
        _write_parts(connection, query, path, layout, unique_order=unique_order)


def query_columns(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[tuple[str, str], ...]:
    """Return the names and types of a query's columns."""
    return tuple((row[0], row[1]) for row in connection.execute(f"describe ({query})").fetchall())


def check_written(connection: duckdb.DuckDBPyConnection, path: Path, expected: Shape, *, where: str) -> None:
    """Read back the Parquet at `path`; raise when rows, column names or types are not as expected.

    Raises:
        AccountingError: another number of rows.
        StepError: other columns, or a type that Parquet does not keep (HUGEINT comes back as DOUBLE).

    """
    source = f"read_parquet([{', '.join(literal(str(part)) for part in parts(path))}])"
    row = connection.execute(f"select count(*) from {source}").fetchone()
    rows = int(row[0]) if row else 0
    if rows != expected.rows:
        raise AccountingError(
            f"{expected.rows} rows were to be published, {rows} are in the file",
            where=where,
            hint="nothing was published",
        )
    found = query_columns(connection, f"select * from {source}")
    if found != expected.columns:
        wrong = sorted(set(found) ^ set(expected.columns))
        names = ", ".join(f"{name} {kind}" for name, kind in wrong)
        raise StepError(
            f"Parquet does not keep the columns as they are: {names}", where=where, hint="cast them to a type it keeps"
        )


def parts(path: Path) -> list[Path]:
    """Return the files a published table consists of, in their order."""
    return sorted(path.iterdir()) if path.is_dir() else [path]


def table_sha256(path: Path) -> str:
    """Return the SHA-256 of a file; of a folder, that of its lines "<sha256>  <part>"; empty when there is neither."""
    if path.is_dir():
        lines = "".join(f"{_file_sha256(part)}  {part.name}\n" for part in parts(path) if part.is_file())
        return hashlib.sha256(lines.encode()).hexdigest()
    return _file_sha256(path) if path.is_file() else ""


@contextmanager
def one_thread(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let the engine use one thread, and as many as before afterwards."""
    row = connection.execute("select current_setting('threads')").fetchone()
    connection.execute("set threads = 1")
    try:
        yield
    finally:
        connection.execute(f"set threads = {int(row[0]) if row else 1}")


def _write_parts(
    connection: duckdb.DuckDBPyConnection, query: str, folder: Path, layout: Layout, *, unique_order: bool
) -> None:
    folder.mkdir()
    create = f"create or replace temporary table {ident(_ORDERED)} as {query}"
    try:
        if unique_order:
            connection.execute(create)
        with one_thread(connection):
            if not unique_order:
                connection.execute(create)
            _copy_ranges(connection, folder, layout.part_rows)
    finally:
        connection.execute(f"drop table if exists temp.{ident(_ORDERED)}")
    sync_folder(folder)


def _copy_ranges(connection: duckdb.DuckDBPyConnection, folder: Path, part_rows: int) -> None:
    row = connection.execute(f"select count(*) from {ident(_ORDERED)}").fetchone()
    for part, start in enumerate(range(0, int(row[0]) if row else 0, part_rows)):
        path = folder / f"part-{part:04}.parquet"
        wanted = f"rowid >= {start} and rowid < {start + part_rows}"
        _copy(connection, f"select * from {ident(_ORDERED)} where {wanted}", path)
        _sync_file(path)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    connection.execute(f"copy ({query}) to {literal(str(path))} (format parquet)")


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
