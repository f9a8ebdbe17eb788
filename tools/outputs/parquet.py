"""Tables as Parquet files: written so that the same rows give the same bytes, and read back before they count.

The engine uses one thread for a file, in the order of the query; identity is promised for one version of the engine. A
table above `Layout.single_file_rows` becomes a folder of part files, several of which are written at a time.
"""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb
from pydantic import Field

from state.errors import AccountingError, StepError
from state.values import Value
from tools.files import sync_file, sync_folder
from tools.sql.quote import literal


class Layout(Value):
    """When a table becomes a folder."""

    single_file_rows: int = Field(default=1_000_000, ge=1)


class Shape(Value):
    """What a written table must be when it is read back."""

    rows: int
    columns: tuple[tuple[str, str], ...]  # name, type of the engine


def write_file(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write the result of `query` to the file `path`, in its order, and sync it."""
    with one_thread(connection):
        _copy(connection, query, path)


def write_parts(connection: duckdb.DuckDBPyConnection, queries: Sequence[str], folder: Path) -> None:
    """Write the result of each query to a numbered file in the new `folder`, and sync all.

    Each query must have an order without ties: the order in which rows are read, and the pieces they are read in, hang
    on how threads shared the work when their table was made. As many files are written at a time as the engine has
    threads.
    """
    folder.mkdir()
    paths = [folder / f"part-{number:04}.parquet" for number in range(len(queries))]
    with one_thread(connection) as threads, ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(partial(_copy_beside, connection), queries, paths):
            pass
    sync_folder(folder)


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
def one_thread(connection: duckdb.DuckDBPyConnection) -> Iterator[int]:
    """Let the engine use one thread a query, and as many as before, which are yielded, afterwards."""
    row = connection.execute("select current_setting('threads')").fetchone()
    threads = int(row[0]) if row else 1
    connection.execute("set threads = 1")
    try:
        yield threads
    finally:
        connection.execute(f"set threads = {threads}")


def _copy_beside(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    with connection.cursor() as cursor:
        _copy(cursor, query, path)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    connection.execute(f"copy ({query}) to {literal(str(path))} (format parquet)")
    sync_file(path)


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
