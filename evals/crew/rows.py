"""Which end every line of a folder came to, told from the files a solver left and not from what it says."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import duckdb

from evals.crew.answer import QUARANTINE, Books
from evals.crew.cells import Cells, Key, PublishedTable, key_of, plain
from evals.folders.spec import Fate, FolderTruth, Mess, TrueRow
from tools.sql.quote import literal

Place = tuple[str, int]  # file and line


class RowEnds(NamedTuple):
    """How many lines there are, how many came to a right end, and how many to none."""

    right: int
    of: int
    lost: int
    balanced: bool  # the solver's books balance and hold every line


def read_quarantine(out: Path, table: str) -> set[Place]:
    """Return file and line of every row set aside."""
    path = out / QUARANTINE / f"{table}.parquet"
    if not path.exists():
        return set()
    with duckdb.connect() as connection:
        found = connection.execute(f"select _file, _line from read_parquet({literal(str(path))})").fetchall()
    return {(Path(file).name, int(line)) for file, line in found}


def judge_rows(
    truth: FolderTruth, published: Mapping[str, PublishedTable], books: Mapping[str, Books], out: Path
) -> RowEnds:
    """Return how the lines ended. A line set aside and published is at no right end.

    Of lines with one key as many are published as the table has rows of that key, the others are merged. Lines that
    came to no end are lost, but for those that a solver withholds because the contract is not met.
    """
    aside = {table: read_quarantine(out, table) for table in truth.keys}
    left = {table: Counter(found.counts) for table, found in published.items()}
    twice = _twice(truth, published, aside)
    right, lost = 0, Counter[str]()
    for row in truth.rows:
        key = key_of(row.values, truth.keys[row.table])
        end = _end(row, key, aside[row.table], left[row.table], published[row.table])
        lost[row.table] += end is None
        if end is Fate.QUARANTINED and twice[row.table, key] > 0:
            twice[row.table, key] -= 1
        elif end in row.ends:
            right += not (end is Fate.PUBLISHED and _invented(row, published[row.table].rows[key]))
    for table, count in lost.items():
        told = books.get(table)
        if told is not None and not published[table].rows:
            lost[table] = max(0, count - told.withheld - told.merged)
    return RowEnds(right, len(truth.rows), sum(lost.values()), _balanced(truth, books, published, aside))


def _twice(
    truth: FolderTruth, published: Mapping[str, PublishedTable], aside: Mapping[str, set[Place]]
) -> Counter[tuple[str, Key]]:
    """Return by table and key how many published rows only lines that are set aside can account for."""
    found = Counter({(name, key): count for name, table in published.items() for key, count in table.counts.items()})
    for row in truth.rows:
        if row.values and (row.file, row.line) not in aside[row.table]:
            found[row.table, key_of(row.values, truth.keys[row.table])] -= 1
    return found


def _end(row: TrueRow, key: Key, aside: set[Place], left: Counter[Key], table: PublishedTable) -> Fate | None:
    if (row.file, row.line) in aside:
        return Fate.QUARANTINED
    if not row.values or key not in table.counts:
        return None
    if left[key] > 0:
        left[key] -= 1
        return Fate.PUBLISHED
    return Fate.MERGED


def _invented(row: TrueRow, cells: Cells) -> bool:
    """Whether a required value that was not there was made up wrongly."""
    missing = [column for column, kind in row.damaged.items() if kind == Mess.INVALID]
    return any(plain(cells.get(column)) != plain(row.values[column]) for column in missing)


def _balanced(
    truth: FolderTruth,
    books: Mapping[str, Books],
    published: Mapping[str, PublishedTable],
    aside: Mapping[str, set[Place]],
) -> bool:
    return all(
        table in books
        and books[table].balanced
        and books[table].read == lines
        and books[table].published == sum(published[table].counts.values())
        and books[table].quarantined == len(aside[table])
        for table, lines in truth.lines.items()
    )
