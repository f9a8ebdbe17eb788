"""Tables for people: a Parquet file written as CSV or Excel, in which no text can be a formula.

Text is protected (`tools/spreadsheet_text.py`), in headers too. Numbers of a number's type stay numbers; one with more
digits than Excel keeps is written to Excel as text, digit for digit. Dates and times are ISO text, everything else is
the engine's text. A missing value is an empty cell. What a sheet cannot hold is refused, never cut.
"""

import csv
import os
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

import duckdb

from state.errors import SetupError
from tools.files import sync_file, sync_folder
from tools.outputs.excel import MOST_CHARACTERS, MOST_COLUMNS, MOST_ROWS, Cell, length, write_excel
from tools.outputs.parquet import parts
from tools.spreadsheet_text import protect
from tools.sql.quote import ident, literal

_FORMATS = (".csv", ".xlsx")
_USE_CSV = "export to a .csv file"
_BATCH = 2_000
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_AS_THEY_ARE = (*_INTEGERS, *(f"U{kind}" for kind in _INTEGERS), "FLOAT", "DOUBLE", "BOOLEAN")


def write_sheet(source: Path, target: Path, *, title: str, replace: bool = False) -> int:
    """Write the Parquet file (or folder of parts) `source` as `target` and return the number of its rows.

    The ending of `target` says how. It is written aside and renamed when it is whole; `title` stands in errors.

    Raises:
        SetupError: another ending, a target that exists (unless `replace`) or cannot be written, a table that does not
            fit into a sheet, or a source that cannot be read.

    """
    check_target(target, replace=replace)
    aside = target.with_name(f".millwright-{os.getpid()}{target.suffix.lower()}")
    try:
        with duckdb.connect() as connection:
            connection.execute("set enable_progress_bar = false")
            rows = _write(_Table(connection, source, title), aside)
        sync_file(aside)
        aside.replace(target)
        sync_folder(target.parent)
    except duckdb.Error as error:
        what = f"the table cannot be read: {' '.join(str(error).split())[:300]}"
        raise SetupError(what, where=str(source), hint="look whether the file is whole") from error
    except OSError as error:
        what = f"the export cannot be written: {error.strerror or error}"
        raise SetupError(what, where=str(target), hint="make room, or give another --to") from error
    finally:
        aside.unlink(missing_ok=True)
    return rows


def check_target(target: Path, *, replace: bool) -> None:
    """Raise SetupError when `target` cannot be the name of an export."""
    if target.suffix.lower() not in _FORMATS:
        raise SetupError(f"the name {target.name!r} says no format", where="--to", hint="end it in .csv or .xlsx")
    if not target.parent.is_dir():
        raise SetupError("there is no such folder", where=str(target.parent), hint="make it first")
    if target.is_dir():
        raise SetupError("is a folder", where=str(target), hint="name a file in it")
    if os.path.lexists(target) and not replace:
        raise SetupError("exists already", where=str(target), hint="give another --to, or --force to replace it")


class _Table:
    """A table as rows of cells."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: Path, title: str) -> None:
        self.title, self._connection = title, connection
        self._from = f"from read_parquet([{', '.join(literal(_one_name(part)) for part in parts(source))}])"
        found = connection.execute(f"describe select * {self._from}").fetchall()
        self.types = {str(row[0]): str(row[1]) for row in found}

    def rows(self) -> int:
        """Return the number of rows."""
        row = self._connection.execute(f"select count(*) {self._from}").fetchone()
        return int(row[0]) if row else 0

    def cells(self) -> Iterator[list[Cell]]:
        """Yield the header, then the rows in the order of the file: numbers and truth values as such, else text."""
        yield [protect(name) for name in self.types]
        fields = ", ".join(
            ident(name) if kind in _AS_THEY_ARE or kind.startswith("DECIMAL(") else f"{ident(name)}::varchar"
            for name, kind in self.types.items()
        )
        found = self._connection.execute(f"select {fields} {self._from}")
        while batch := found.fetchmany(_BATCH):
            for row in batch:
                yield [protect(cell) if isinstance(cell, str) else cell for cell in row]


def _one_name(path: Path) -> str:
    """Return a path that the engine takes for one name, not for a pattern."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(path))


def _write(table: _Table, aside: Path) -> int:
    if aside.suffix == ".xlsx":
        return write_excel(aside, _fitting(table)) - 1
    count = 0
    # The byte-order mark tells Excel that the text is UTF-8.
    with aside.open("x", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        for count, row in enumerate(table.cells()):  # noqa: B007  the number of the last row is the answer
            writer.writerow([_in_csv(cell) for cell in row])
    return count


def _in_csv(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return str(cell).lower()
    return protect(str(cell)) if isinstance(cell, float) and not isfinite(cell) else cell


def _fitting(table: _Table) -> Iterator[list[Cell]]:
    """Yield the rows of a table that a sheet of Excel holds; SetupError otherwise."""
    rows, columns = table.rows() + 1, len(table.types)
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        what = f"{rows:,} rows with the header and {columns:,} columns, Excel holds {MOST_ROWS:,} and {MOST_COLUMNS:,}"
        raise SetupError(what, where=table.title, hint=_USE_CSV)
    for number, row in enumerate(table.cells()):
        for name, cell in zip(table.types, row, strict=True):
            if isinstance(cell, str) and len(cell) > MOST_CHARACTERS // 2 and length(cell) > MOST_CHARACTERS:
                what = f"a cell holds {length(cell):,} characters, in Excel at most {MOST_CHARACTERS:,}"
                raise SetupError(what, where=f"{table.title}.{name}, row {number}", hint=_USE_CSV)
        yield row
