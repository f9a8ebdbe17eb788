"""Proves that the engine's reader cut no field off the lines it took.

It accepts a line with more fields than columns when the fields beyond are empty, and says nothing. Such a line has
delimiters that appear neither between the landed fields nor within them, so counting delimiters finds it.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from state.sources import SourceFile, Variant
from tools.sources.rejects import Reject
from tools.sql.quote import literal

_BLOCK = 1 << 20


def inner_delimiters(connection: duckdb.DuckDBPyConnection, variant: Variant, file: SourceFile, rows: str) -> int:
    """Return how often the file's delimiter occurs within the landed fields; `rows` is what follows FROM."""
    sign = literal(file.dialect.delimiter)
    counts = "".join(
        f" + case when contains({name}, {sign}) then length({name}) - length(replace({name}, {sign}, '')) else 0 end"
        for name in (f"c{position}" for position in range(len(variant.columns)))
    )
    row = connection.execute(f"select coalesce(sum(0{counts}), 0) from {rows}").fetchone()
    return int(row[0]) if row else 0


def nothing_cut_off(file: SourceFile, width: int, records: int, inner: int, rejects: Sequence[Reject]) -> bool:
    """Whether all delimiters of the file stand between its landed fields, within them (`inner`) or in rejects."""
    delimiter = file.dialect.delimiter
    expected = records * (width - 1) + inner + sum(reject.raw.count(delimiter) for reject in rejects)
    return expected == _count_behind_header(Path(file.text_path), delimiter.encode())


def _count_behind_header(path: Path, sign: bytes) -> int:
    with path.open("rb") as handle:
        handle.readline()
        count = 0
        while block := handle.read(_BLOCK):
            count += block.count(sign)
    return count
