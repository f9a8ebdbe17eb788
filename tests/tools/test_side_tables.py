"""Quarantine and changes: every row set aside and every changed cell is there once, with its place, in its own text."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from state.contract import Column, LogicalType, Table
from state.sources import LINE_BITS
from tools.conform.witness_rows import LandedTable
from tools.outputs.changes import write_changes
from tools.outputs.side_tables import write_quarantine
from tools.sql.quote import ident
from tools.workspace import create_views, open_workspace

NAME = 'bad "t" \'ü$1'
KEY, AMOUNT = 'k\'ey "1" $x', "before"  # a name of the changes' own columns too
TABLE = Table(
    name=NAME,
    columns=(
        Column(name=KEY, key_position=1),
        Column(name=AMOUNT, logical_type=LogicalType.NUMBER),
        Column(name="größe"),
    ),
)
DERIVED = TABLE.model_copy(update={"transform_logic": "select 1", "transform_sources": ()})
A, B = 0, 2  # files: z.csv has the lower id
HEADERS = {
    "land.v001": ("Key", "Amount", "note", "Note", "", "it's $2"),
    "land.v002": ("größe", "Key"),
}
LANDED = (
    LandedTable(relation="land.v001", file_ids=(A,), fields={KEY: 0, AMOUNT: 1}),
    LandedTable(relation="land.v002", file_ids=(B,), fields={"größe": 0, KEY: 1}),
)


def row(file_id: int, line: int) -> int:
    return file_id << LINE_BITS | line


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_workspace(tmp_path) as connection:
        connection.execute("insert into land.files (file_id, name) values (0, 'a.csv'), (2, 'b.csv'), (5, 'c.csv')")
        connection.execute("create table land.v001 (_row bigint, " + ", ".join(f"c{i} varchar" for i in range(6)) + ")")
        connection.execute("create table land.v002 (_row bigint, c0 varchar, c1 varchar)")
        for line in (2, 3, 4):
            values = [row(A, line), f" k{line}", "1,5", "n", None, "", "x"]
            connection.execute("insert into land.v001 values (?, ?, ?, ?, ?, ?, ?)", values)
        connection.execute("insert into land.v002 values (?, 'gross', 'k9')", [row(B, 2)])
        staged(connection)
        create_views(connection, TABLE)
        yield connection


def staged(connection: duckdb.DuckDBPyConnection) -> None:
    fields = ", ".join(
        f"{ident(name)} {kind}, {ident('raw$' + name)} varchar, {ident('op$' + name)} varchar"
        for name, kind in ((KEY, "varchar"), (AMOUNT, "decimal(5,2)"), ("größe", "varchar"))
    )
    connection.execute(f"create table stage.{ident(NAME)} (_row bigint, {fields})")


def put(connection: duckdb.DuckDBPyConnection, row_id: int, *cells: Any) -> None:
    """Stage a row; a cell is a value, or (value, raw, operator)."""
    flat = [part for cell in cells for part in (cell if isinstance(cell, tuple) else (cell, None, None))]
    connection.execute(f"insert into stage.{ident(NAME)} values ({', '.join('?' * 10)})", [row_id, *flat])


def quarantined(connection: duckdb.DuckDBPyConnection, row_id: int, rule: str = "r1", reason: str = "why") -> None:
    connection.execute("insert into ops.quarantine values (?, ?, ?, ?)", [NAME, row_id, rule, reason])


def read(path: Path) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
    with duckdb.connect() as connection:
        connection.execute("create table t as from read_parquet(?)", [str(path)])
        columns = [(entry[0], entry[1]) for entry in connection.execute("describe t").fetchall()]
        rows = connection.execute("from t").fetchall()
    return columns, [dict(zip([name for name, _ in columns], values, strict=True)) for values in rows]


QUARANTINE_COLUMNS = [
    (KEY, "VARCHAR"),
    (AMOUNT, "VARCHAR"),
    ("größe", "VARCHAR"),
    ("_reason", "VARCHAR"),
    ("_rule", "VARCHAR"),
    ("_file", "VARCHAR"),
    ("_line", "BIGINT"),
    ("_raw", "VARCHAR"),
    ("_extra", "VARCHAR"),
]
CHANGE_COLUMNS = [
    ("table", "VARCHAR"),
    ("row_id", "VARCHAR"),
    ("file", "VARCHAR"),
    ("line", "BIGINT"),
    ("column", "VARCHAR"),
    ("before", "VARCHAR"),
    ("after", "VARCHAR"),
    ("operator", "VARCHAR"),
    ("evidence", "VARCHAR"),
    ("votes", "VARCHAR"),
    ("confidence", "DOUBLE"),
    ("reason", "VARCHAR"),
]


def test_quarantine_holds_the_sources_text_reasons_rejects_and_unknown_columns(
    workspace: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    quarantined(workspace, row(A, 3), "r2", "b")
    quarantined(workspace, row(A, 3), "r1", "a")
    quarantined(workspace, row(A, 3), "r1", "a")
    quarantined(workspace, row(B, 2))
    workspace.execute("insert into ops.quarantine values ('other', ?, 'r', 'x')", [row(A, 2)])
    workspace.execute(f"insert into land.rejects values ({row(A, 9)}, 0, 9, 1, 'to\"rn', 'too few fields')")
    workspace.execute(f"insert into land.rejects values ({row(5, 2)}, 5, 2, 1, 'x', 'of another table')")

    columns, rows = read(write_quarantine(workspace, TABLE, LANDED, HEADERS, (A, B), tmp_path / "q"))

    assert columns == QUARANTINE_COLUMNS
    assert [(found["_file"], found["_line"]) for found in rows] == [("a.csv", 3), ("a.csv", 9), ("b.csv", 2)]
    first, reject, last = rows
    assert (first[KEY], first[AMOUNT], first["größe"]) == (" k3", "1,5", None)
    assert (first["_reason"], first["_rule"], first["_raw"]) == ("a; b", "r1; r2", None)
    assert json.loads(first["_extra"]) == {"note": "n", "Note": None, "": "", "it's $2": "x"}
    assert (reject["_raw"], reject["_rule"], reject[KEY]) == ('to"rn', f"{NAME}.reject", None)
    assert (last["größe"], last[KEY], last["_extra"]) == ("gross", "k9", None)


def test_quarantine_of_a_derived_table_keeps_values_that_could_not_be_read(
    workspace: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    put(workspace, 1, "a", (None, "much", "unreadable"), "g")
    put(workspace, 2, "b", 1.5, None)
    for row_id in (2, 1):
        quarantined(workspace, row_id)

    columns, rows = read(write_quarantine(workspace, DERIVED, (), {}, (), tmp_path / "q"))

    assert columns == QUARANTINE_COLUMNS
    assert [(found[KEY], found[AMOUNT], found["_file"], found["_line"]) for found in rows] == [
        ("a", "much", None, None),
        ("b", "1.50", None, None),
    ]


def test_changes_tell_before_after_operator_and_who_decided(
    workspace: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    put(workspace, row(A, 3), "k3", (1.5, "1,5", "number"), ("Germany", " Germny", "resolve:edit"))
    put(workspace, row(A, 2), ("k2", " k2", "trim"), 2, "same")
    put(workspace, row(B, 2), "gone", (1, "x", "number"), "quarantined")
    quarantined(workspace, row(B, 2))
    votes = json.dumps([{"voter": "edit", "choice": "Germany"}])
    for value, resolved, decision in (
        ("Germny", "Zermany", "d6"),
        ("Germny", "Germany", "d7"),
        ("Germni", "Germany", "d8"),
        ("x", "y", "d9"),
    ):
        workspace.execute(
            "insert into ops.value_map values (?, 'größe', ?, ?, 'edit', ?, ?, 0.9)",
            [NAME, value, resolved, decision, votes],
        )

    path = write_changes(workspace, TABLE, {f"{NAME}.{AMOUNT}": "d1", "other.größe": "d2"}, tmp_path / "c")

    columns, rows = read(path)
    assert columns == CHANGE_COLUMNS
    assert {found.pop("reason") for found in rows} == {None}
    assert [tuple(found.values()) for found in rows] == [
        (NAME, f"{KEY}=k2", "a.csv", 2, KEY, " k2", "k2", "trim", None, None, 1.0),
        (NAME, f"{KEY}=k3", "a.csv", 3, AMOUNT, "1,5", "1.50", "number", "d1", None, 1.0),
        (NAME, f"{KEY}=k3", "a.csv", 3, "größe", " Germny", "Germany", "resolve:edit", "d7", votes, 0.9),
    ]


def test_changes_of_a_derived_table_have_no_file(workspace: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for row_id in (3, 1, 2):
        put(workspace, row_id, "same key", (None, f"raw {row_id}", "unreadable"), None)
    _, rows = read(write_changes(workspace, DERIVED, {}, tmp_path / "c"))
    assert [(found["file"], found["line"], found["before"], found["after"]) for found in rows] == [
        (None, None, f"raw {row_id}", None) for row_id in (1, 2, 3)
    ]


def test_tables_without_anything_to_tell_still_have_their_columns(
    workspace: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert read(write_quarantine(workspace, TABLE, LANDED, HEADERS, (A, B), tmp_path)) == (QUARANTINE_COLUMNS, [])
    assert read(write_quarantine(workspace, TABLE, (), {}, (), tmp_path)) == (QUARANTINE_COLUMNS, [])
    assert read(write_changes(workspace, TABLE, {}, tmp_path)) == (CHANGE_COLUMNS, [])


def test_the_same_rows_give_the_same_bytes_and_settings_stay(
    workspace: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    workspace.execute("set threads = 3")
    generator = "select range * 7919 % 20000 as i from range(20000)"
    for row_id, text in workspace.execute(f"select i, 'v' || i from ({generator}) using sample 40 rows").fetchall():
        put(workspace, row_id + 1, "same", (None, text, "unreadable"), text)
        put(workspace, row_id + 100_000, "same", 1, text)
        quarantined(workspace, row_id + 100_000)
    written = []
    for number, order in enumerate(("_row", "_row desc", "hash(_row)")):
        workspace.execute(f"create or replace table stage.{ident(NAME)} as from stage.{ident(NAME)} order by {order}")
        workspace.execute(f"create or replace table ops.quarantine as from ops.quarantine order by {order}")
        folder = tmp_path / str(number)
        paths = (
            write_quarantine(workspace, DERIVED, (), {}, (), folder / "q"),
            write_changes(workspace, DERIVED, {}, folder / "c"),
        )
        written.append([path.read_bytes() for path in paths])
        assert not [path for path in folder.rglob("*") if path.name.startswith(".")]
    assert written[0] == written[1] == written[2]
    assert workspace.execute("select current_setting('threads')").fetchone() == (3,)
