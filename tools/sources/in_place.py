"""Lands one large clean file where it lies: the relation of its variant is a view over the engine's reader.

Copying the text of a large file into the workspace costs three times as much as reading it again. The view gives the
same rows as a table of landed text would, in the same order and with the same ids; reading `_row` numbers all rows one
after the other, so whoever can do without it should. Everything that landing proves is proved here too, by one read of
all columns: every line is the header, a record or a reject.

A table `land.<variant>_sample` holds some rows, read in blocks spread over the file, for what only needs a sample. Its
`_row` says the file, not the line.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import duckdb

from state.errors import SourceError
from state.sources import FileBooks, SourceFile, Variant
from tools.files import file_stamp
from tools.sources.careful import Batch, insert_batch
from tools.sources.fast import Landed, close, is_exact, read_rejects, reader_sql, row_number_sql
from tools.sources.records import parse_line
from tools.sources.rejects import Reject
from tools.sources.transactions import transaction, variant_table
from tools.sql.quote import ident

_SAMPLE_BLOCKS = 64
_SAMPLE_LINES = 320  # of each block, about what profiles and shapes are judged on


def load_in_place(connection: duckdb.DuckDBPyConnection, variant: Variant, file: SourceFile) -> FileBooks | None:
    """Make the variant's relation a view over the file and return its books; None when that would not be exact.

    The variant's table, if there is one, must be empty; it goes.
    """
    counts = ", ".join(f"count(c{position})" for position in range(len(variant.columns)))
    read = f"select count(*), {counts} from ({reader_sql(variant, [file])})"
    records = int(connection.execute(read).fetchall()[0][0])
    rejected = read_rejects(connection, variant, [file]).get(file.text_path)
    if rejected is None:
        return None
    landed = Landed(file, 0, records, rejected)
    rows = f"({reader_sql(variant, [file], keep_rejects=False)})"
    if not is_exact(connection, variant, landed, rows):
        return None
    with transaction(connection):
        connection.execute(f"drop table if exists {variant_table(variant)}")
        connection.execute(
            f"create view {variant_table(variant)} as select {row_number_sql([landed], 'place')} as _row, "
            f"* exclude (place) from (select row_number() over () - 1 as place, * from {rows})"
        )
        _make_sample(connection, variant, file)
        return close(connection, variant, [landed])[0]


def in_place(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Return the header variants whose relations are views over the reader: asked once for all of them."""
    found = connection.execute("select view_name from duckdb_views() where schema_name = 'land'").fetchall()
    return frozenset(str(name) for (name,) in found)


def sample_relation(relation: str) -> str:
    """Return the relation that holds some rows of a view over the reader."""
    return f"{relation}_sample"


def row_id_sql(connection: duckdb.DuckDBPyConnection, file: SourceFile, place: str) -> str:
    """Return SQL for `_row` of a record of the landed file from `place`, its place among the records from 0 on."""
    rejects = [
        Reject(line, span, "", "")
        for line, span in connection.execute(
            "select line, lines from land.rejects where file_id = ? order by line", [file.file_id]
        ).fetchall()
    ]
    return row_number_sql([Landed(file, 0, 0, rejects)], place)


def check_unchanged(file: SourceFile) -> None:
    """Raise SourceError when a file that is read where it lies is not the one that was scanned."""
    if file_stamp(Path(file.text_path)) != file.stamp:
        raise SourceError(
            "the file was changed while the run was working on it", where=file.name, hint="start a new run"
        )


def _make_sample(connection: duckdb.DuckDBPyConnection, variant: Variant, file: SourceFile) -> None:
    width, table = len(variant.columns), f"land.{ident(sample_relation(variant.variant_id))}"
    columns = "".join(f", c{position} varchar" for position in range(width))
    connection.execute(f"create or replace table {table} (_row bigint{columns})")
    records = [parse_line(line, file.dialect.delimiter, file.dialect.quote) for line in _spread_lines(file)]
    rows: list[str | list[str]] = [record.fields for record in records if len(record.fields) == width]
    insert_batch(connection, table, file, Batch(rows=rows, starts=list(range(1, len(rows) + 1))))


def _spread_lines(file: SourceFile) -> Iterator[str]:
    """Yield the first whole lines behind places spread evenly over the file, each line at most once."""
    size = Path(file.text_path).stat().st_size
    with Path(file.text_path).open("rb") as handle:
        for _ in range(file.header_lines):
            handle.readline()
        begin = reached = handle.tell()
        for block in range(_SAMPLE_BLOCKS):
            handle.seek(max(reached, begin + (size - begin) * block // _SAMPLE_BLOCKS))
            if handle.tell() > reached:
                handle.readline()
            for line in islice(handle, _SAMPLE_LINES):
                yield line.decode()
            reached = handle.tell()
