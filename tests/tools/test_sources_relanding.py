"""Landing files anew and back: afterwards all is as it was, and in between every line is in the books."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from algorithms.variants import set_apart
from state.errors import AccountingError
from state.sources import Inventory
from tools.sources.inventory import take_inventory
from tools.sources.land import land
from tools.sources.relanding import replace_landing, restore_landing
from tools.sources.rereading import describe_again, fit_of
from tools.sources.transactions import transaction
from tools.workspace import open_workspace

FILES = {
    "a.csv": "id,name\n1,one\n2,two\n",
    "b.csv": 'id#name\n3#three\n4#"four\nlines"\n\nbroken#line#here\n',
    "c.csv": "id,name\n5,five\n",
}


@pytest.fixture
def landed(tmp_path: Path) -> Iterator[tuple[Any, Inventory, Inventory]]:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    inventory = take_inventory([str(folder)], tmp_path)
    again = describe_again(inventory.files[1], {"delimiter": "#"}, tmp_path / "landing")
    assert again is not None
    assert fit_of(again) == (2, 1)
    with open_workspace(tmp_path) as connection:
        land(connection, inventory)
        yield connection, inventory, set_apart(inventory, [again])


def content(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'land'").fetchall()
    found = {name: connection.execute(f'select * from land."{name}"').fetchall() for (name,) in tables}
    return {name: rows if name.startswith("v") else sorted(rows) for name, rows in found.items()}


def test_lines_are_booked_anew_and_taken_back_to_their_places(landed: Any) -> None:
    connection, before, after = landed
    first = content(connection)
    with transaction(connection):
        replace_landing(connection, before, after, [1])
    assert [row[1:] for row in content(connection)["v003"]] == [("3", "three"), ("4", "four\nlines")]
    (books,) = connection.execute(
        "select variant_id, lines, header_lines, blank_lines, record_lines, reject_lines from land.files "
        "where file_id = 1"
    ).fetchall()
    assert books == ("v003", 6, 1, 1, 3, 1)
    with transaction(connection):
        restore_landing(connection, before, after, [1])
    assert content(connection) == first


def test_a_file_among_others_of_its_variant_goes_back_among_them(landed: Any) -> None:
    connection, before, _ = landed
    first = content(connection)
    apart = set_apart(before, [before.files[0]])
    with transaction(connection):
        replace_landing(connection, before, apart, [0])
    assert [row[1:] for row in content(connection)["v003"]] == [("1", "one"), ("2", "two")]
    assert [row[1:] for row in content(connection)["v001"]] == [("5", "five")]
    with transaction(connection):
        restore_landing(connection, before, apart, [0])
    assert content(connection) == first, "rows must stand in the order of their files"


def test_a_file_that_lost_a_line_changes_nothing(landed: Any) -> None:
    connection, before, after = landed
    first = content(connection)
    path = Path(before.files[1].path)
    path.write_text(FILES["b.csv"].replace("3#three\n", ""))
    with pytest.raises(AccountingError, match="accounted for"), transaction(connection):
        replace_landing(connection, before, after, [1])
    assert content(connection) == first
