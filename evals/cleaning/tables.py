"""Tables of the suite as files: read as text, written back with the same rows and columns."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from state.errors import SetupError


class Grid(NamedTuple):
    """A table as text: its header and its rows, all of one length."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def columns(self) -> dict[str, list[str]]:
        """Return the columns by name."""
        return {name: [row[place] for row in self.rows] for place, name in enumerate(self.header)}


def read_grid(path: Path) -> Grid:
    """Return a CSV file as text; SetupError where it is missing, or a row has not as many cells as the header."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            lines = [tuple(row) for row in csv.reader(stream) if row]
    except OSError as error:
        raise SetupError(f"cannot be read: {error.strerror}", where=str(path), hint="give a folder with it") from error
    if not lines:
        raise SetupError("the file is empty", where=str(path), hint="it needs a header")
    header, rows = lines[0], tuple(lines[1:])
    uneven = next((number for number, row in enumerate(rows, 2) if len(row) != len(header)), None)
    if uneven is not None:
        raise SetupError(f"row {uneven} has {len(rows[uneven - 2])} cells, the header {len(header)}", where=str(path))
    if len(set(header)) != len(header):
        raise SetupError("two columns have one name", where=str(path), hint="name each column once")
    return Grid(header, rows)


def write_grid(grid: Grid, path: Path) -> None:
    """Write the table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(grid.header)
        writer.writerows(grid.rows)


def changed(grid: Grid, cells: Mapping[tuple[int, str], str]) -> Grid:
    """Return the table with other texts in some cells, named by row and column."""
    places = {name: place for place, name in enumerate(grid.header)}
    rows = [list(row) for row in grid.rows]
    for (row, name), text in cells.items():
        rows[row][places[name]] = text
    return Grid(grid.header, tuple(map(tuple, rows)))


def from_columns(columns: Mapping[str, Sequence[str]]) -> Grid:
    """Return the table of columns."""
    return Grid(tuple(columns), tuple(zip(*columns.values(), strict=True)))


def write_cells(cells: Sequence[tuple[int, str]], path: Path) -> None:
    """Write cells as `row,column`."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("row", "column"))
        writer.writerows(cells)


def read_cells(path: Path) -> list[tuple[int, str]]:
    """Return the cells of a file that `write_cells` wrote."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [(int(row), name) for row, name in list(csv.reader(stream))[1:]]
