"""Tables made on copies: only what is read is copied, and they come back all together or not at all."""

from pathlib import Path

import duckdb
import pytest

from tools.conform.beside import copy_inputs, forget, own_folder, take_over
from tools.ledger import find_receipt
from tools.workspace import WORKSPACE_FILE, is_staged, open_workspace

NUMBERS = "create or replace table main.o as select i as id, i % 3 as kind, 'x' as left_out from range(10) r(i)"


def columns(place: Path, table: str) -> list[str]:
    with duckdb.connect(str(place / WORKSPACE_FILE), read_only=True) as connection:
        return [row[0] for row in connection.execute(f"describe {table}").fetchall()]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("select kind, sum(id) from o group by kind", ["id", "kind"]),
        ("select count(*) as n from o", ["id"]),
        ("select * from o", ["id", "kind", "left_out"]),
        ("select p from o p", ["id", "kind", "left_out"]),
        ("select a.kind from o a natural join o b", ["id", "kind", "left_out"]),
        ("select KIND from o join o p using (ID)", ["id", "kind"]),
    ],
)
def test_the_columns_that_may_be_meant_are_copied(tmp_path: Path, query: str, kept: list[str]) -> None:
    place = own_folder(tmp_path, "derive:t")
    place.mkdir(parents=True)
    (place / WORKSPACE_FILE).write_text("what a killed life left")
    with open_workspace(tmp_path) as connection:
        connection.execute(NUMBERS)
        copy_inputs(connection, place, [query], ["o"])
    assert columns(place, "main.o") == kept
    forget(place)
    assert not place.exists()


def test_tables_and_receipts_come_back_together_or_not_at_all(tmp_path: Path) -> None:
    place = own_folder(tmp_path, "derive:a")
    with open_workspace(tmp_path) as connection:
        connection.execute(NUMBERS)
        copy_inputs(connection, place, ["select id from o"], ["o"])
    with duckdb.connect(str(place / WORKSPACE_FILE)) as own:
        own.execute("create table stage.a as select id as _row, id from o order by id desc")
    with open_workspace(tmp_path) as connection:
        with pytest.raises(duckdb.CatalogException):
            take_over(connection, place, {"derive:a": "a", "derive:b": "b"})
        assert not is_staged(connection, "a")
        assert find_receipt(connection, "derive:a") is None
        take_over(connection, place, {"derive:a": "a"})
        assert find_receipt(connection, "derive:a") == {"table": "a"}
        assert connection.execute("select _row from stage.a").fetchall()[:2] == [(0,), (1,)]
        names = connection.execute("select database_name from duckdb_databases() where not internal").fetchall()
    assert names == [("workspace",)]
