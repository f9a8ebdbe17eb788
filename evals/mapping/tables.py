"""Tables of the suite: a comma-separated file read as text and profiled as a landed one is."""

import csv
from collections.abc import Sequence
from pathlib import Path

import duckdb

from state.errors import SetupError
from state.mapping import SourceColumn
from tools.dependence import with_dependence
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
        return _profile(connection, header)


def _profile(connection: duckdb.DuckDBPyConnection, header: Sequence[str]) -> tuple[SourceColumn, ...]:
    profile = profile_landed(connection, "landed", header, file_ids=None)
    return with_dependence(connection, "landed", profile, file_ids=None)
