"""Parquet files: flat columns and structs land by the engine; with lists or maps in it, record by record.

Values become the text that shows them whole: decimals with their scale, times with their fractions, floating numbers
with the digits it takes to read them back. An address is given to what is nested as in JSON (`tools/sources/paths.py`).
The books are checked against the number of rows that the file's metadata has.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from duckdb.sqltypes import DuckDBPyType

from state.errors import SourceError
from state.sources import LINE_BITS, FileBooks, Kind, Reading, SourceFile, Variant, Wanted
from tools.sources.careful import Batch
from tools.sources.described import Described
from tools.sources.json_values import Number, write_value
from tools.sources.paths import Columns, Flattener, asked_tree, row_maker, step_to
from tools.sources.transactions import Closing, close_books, transaction, variant_table
from tools.sql.quote import ident, literal

_ROWS = 4096  # of one batch
_NESTED = frozenset({"struct", "list", "array", "map", "union"})
_NUMBERS = frozenset(
    "tinyint smallint integer bigint hugeint utinyint usmallint uinteger ubigint uhugeint float double decimal".split()  # noqa: SIM905
)


def describe_parquet(path: Path, name: str, wanted: Wanted) -> Iterator[Described]:
    """Yield the one source that a Parquet file is."""
    with _readable(name), duckdb.connect() as connection:
        counted = connection.execute(f"select num_rows from parquet_file_metadata({literal(str(path))})").fetchone()
        fields = _fields(connection, path)
        if all(_is_flat(kind) for _, kind in fields):
            header, reading = tuple(_expressions(fields)), Reading.COLUMNS
        else:
            columns = Columns(asked_tree(wanted))
            for record in _records(connection, path, fields):
                columns.add(record)
            header, reading = columns.names(), Reading.VALUES
    evidence = "typed columns" if reading is Reading.COLUMNS else "typed columns with lists or maps"
    rows = int(counted[0]) if counted else 0
    yield Described(Kind.PARQUET, header, rows, evidence, numbered=True, reading=reading)


def load_parquet(connection: duckdb.DuckDBPyConnection, variant: Variant, file: SourceFile) -> FileBooks:
    """Land a Parquet file without lists in one transaction and return its books."""
    path = Path(file.text_path)
    with _readable(file.name), transaction(connection):
        texts = _expressions(_fields(connection, path))
        # A column that only other files of the variant have cannot be: they have the same ones.
        values = "".join(f", nullif({texts[name]}::varchar, '')" for name in variant.columns)
        done = connection.execute(
            f"insert into {variant_table(variant)} select {file.file_id << LINE_BITS} + file_row_number + 1{values} "
            f"from {_reader(path)}"
        ).fetchone()
        records = int(done[0]) if done else 0
        books = FileBooks(
            file_id=file.file_id,
            name=file.name,
            lines=file.lines,
            header_lines=0,
            blank_lines=0,
            record_lines=records,
            reject_lines=0,
            records=records,
            rejects=0,
        )
        close_books(connection, [Closing(file, variant.variant_id, books)])
    return books


def read_parquet(file: SourceFile, wanted: Wanted) -> Iterator[Batch]:
    """Yield the records of a Parquet file, laid flat in the order of its header."""
    flatten, lay = Flattener(asked_tree(wanted)).flatten, row_maker(file.header)
    batch, path = Batch(), Path(file.text_path)
    with _readable(file.name), duckdb.connect() as connection:
        for number, record in enumerate(_records(connection, path, _fields(connection, path)), 1):
            batch.rows.append(lay(flatten(record)))
            batch.starts.append(number)
            batch.record_lines += 1
            if len(batch.rows) == _ROWS:
                yield batch
                batch = Batch()
    yield batch


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turn what the engine says of a file it cannot read into one line."""
    try:
        yield
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException) as error:
        what = str(error).splitlines()[0][:200]
        raise SourceError(
            f"cannot be read as Parquet: {what}", where=name, hint="fetch or write the file again"
        ) from error


def _reader(path: Path) -> str:
    # Old writers leave texts without the mark that says they are texts.
    return (
        f"read_parquet({literal(str(path))}, file_row_number = true, binary_as_string = true, "
        "hive_partitioning = false)"
    )


def _fields(connection: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[str, DuckDBPyType]]:
    connection.execute("set TimeZone = 'UTC'")
    described = connection.execute(f"select * exclude (file_row_number) from {_reader(path)} limit 0").description
    return [(str(name), kind) for name, kind, *_ in described or ()]


def _is_flat(kind: DuckDBPyType) -> bool:
    """Whether every value within has an address of its own, whatever the data are."""
    if kind.id == "struct":
        return all(_is_flat(child) for _, child in _parts(kind))
    return kind.id not in _NESTED


def _parts(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    return [(name, part) for name, part in kind.children if isinstance(part, DuckDBPyType)]


def _expressions(fields: list[tuple[str, DuckDBPyType]]) -> dict[str, str]:
    """Return SQL for the value at each address of columns without lists."""
    found: dict[str, str] = {}
    waiting = [(step_to("", name), ident(name), kind) for name, kind in reversed(fields)]
    while waiting:
        address, sql, kind = waiting.pop()
        if kind.id == "struct":
            parts = reversed(_parts(kind))
            waiting += [(step_to(address, name), f"{sql}.{ident(name)}", part) for name, part in parts]
        else:
            found[address] = sql
    return found


def _records(
    connection: duckdb.DuckDBPyConnection, path: Path, fields: list[tuple[str, DuckDBPyType]]
) -> Iterator[dict[str, object]]:
    """Yield the records as JSON would hold them, scalar values as their text."""
    texts = ", ".join(f"{ident(name)}::{_text_type(kind)}" for name, kind in fields)
    rows = connection.execute(f"select {texts} from {_reader(path)} order by file_row_number")
    while batch := rows.fetchmany(_ROWS):
        for row in batch:
            yield {name: _value(value, kind) for value, (name, kind) in zip(row, fields, strict=True)}


def _text_type(kind: DuckDBPyType) -> str:
    """Return the type with every scalar in it made text, so that none passes through a type of Python."""
    if kind.id in {"list", "array"}:
        return f"{_text_type(_parts(kind)[0][1])}[]"
    if kind.id == "struct":
        return f"struct({', '.join(f'{ident(name)} {_text_type(child)}' for name, child in _parts(kind))})"
    if kind.id == "map":
        return f"map(varchar, {_text_type(_parts(kind)[1][1])})"
    return "varchar"


def _value(value: object, kind: DuckDBPyType, *, within: bool = False) -> object:
    """Return a value as JSON holds it; the keys of a map are data, so that it is one value: its text."""
    if value is None:
        return None
    if isinstance(value, dict):
        children = dict(_parts(kind))
        laid = {
            str(key): _value(item, children["value"] if kind.id == "map" else children[key], within=within)
            for key, item in value.items()
        }
        return write_value(laid) if kind.id == "map" and not within else laid
    if isinstance(value, list):
        return [_value(item, _parts(kind)[0][1], within=True) for item in value]
    if kind.id == "boolean":
        return value == "true"
    return Number(value) if kind.id in _NUMBERS else str(value)
