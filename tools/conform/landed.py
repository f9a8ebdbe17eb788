"""Landed relations in SQL: their names, the rows that come from given files, and the file a row is of.

A relation is a table of landed text or, for one large clean file, a view over the engine's reader (see
`tools.sources.in_place`). Reading `_row` of such a view numbers all its rows one after the other, so it is read only
where it is needed: `only_file` says the file of all rows, `sample` names a small table to draw samples from.
"""

from collections.abc import Sequence

from state.sources import LINE_BITS
from state.values import Value
from tools.sql.quote import ident
from tools.workspace import row_file


class LandedColumn(Value):
    """One landed field that feeds a contract column."""

    relation: str  # "land.v001"
    field: int  # index i of the landed column c<i>
    file_ids: tuple[int, ...] | None = None  # the files of the relation that feed the table; None: all
    header: str = ""  # the name of the field in the source
    only_file: int | None = None  # the file of all rows of a view; None: `_row` says the file
    sample: str = ""  # the relation that samples are drawn from; empty: the relation itself


def relation_sql(relation: str) -> str:
    """Return the quoted name of a relation given as schema.table."""
    return ".".join(ident(part) for part in relation.split("."))


def file_sql(only_file: int | None) -> str:
    """Return SQL for the file of a row, given the only file of its relation or None."""
    return row_file("_row") if only_file is None else f"{only_file}::bigint"


def rows_of_files(file_ids: Sequence[int] | None) -> str:
    """Return a predicate on `_row` for the rows of the files: ranges, which the engine uses to skip whole blocks."""
    if file_ids is None:
        return "true"
    runs: list[list[int]] = []
    for file_id in sorted(set(file_ids)):
        if runs and runs[-1][1] == file_id - 1:
            runs[-1][1] = file_id
        else:
            runs.append([file_id, file_id])
    ranges = (f"_row between {first << LINE_BITS} and {((last + 1) << LINE_BITS) - 1}" for first, last in runs)
    return f"({' or '.join(ranges)})" if runs else "false"
