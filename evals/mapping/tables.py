"""Tables of the suite: a comma-separated file read as text and profiled as a landed one is."""

import csv
from collections.abc import Sequence
from pathlib import Path

import duckdb

from state.errors import SetupError
from state.mapping import SourceColumn
from tools.profile import profile_landed
from tools.sql.quote import literal

_LONGEST_FIELD = 10_000_000


def profile_file(path: Path) -> tuple[SourceColumn, ...]:
    """Return the evidence about the columns of a file with one header line; SetupError for one without."""
    csv.field_size_limit(_LONGEST_FIELD)
    with path.open(newline="", encoding="utf-8-sig") as stream:
        header = next(csv.reader(stream), None)
    if not header:
        raise SetupError("the table has no header", where=str(path))
    names = ", ".join(f"'c{place}': 'varchar'" for place in range(len(header)))
    with duckdb.connect() as connection:
        connection.execute(
            "create table landed as select row_number() over () as _row, * from "
            f"read_csv({literal(str(path))}, header = false, skip = 1, auto_detect = false, delim = ',', quote = '\"', "
            f"escape = '\"', null_padding = true, parallel = false, columns = {{{names}}})"
        )
        return profile_landed(connection, "landed", header, file_ids=None)


def profile_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[SourceColumn, ...]:
    """Return the evidence about the columns of a table in memory; a blank cell is the empty text."""
    with duckdb.connect() as connection:
        fields = ", ".join(f"c{place} varchar" for place in range(len(header)))
        connection.execute(f"create table landed (_row bigint, {fields})")
        marks = ", ".join("?" for _ in range(len(header) + 1))
        connection.executemany(f"insert into landed values ({marks})", [(n, *row) for n, row in enumerate(rows)])
        return profile_landed(connection, "landed", header, file_ids=None)
