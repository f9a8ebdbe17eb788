"""The books: whatever does not add up stops the run, and names the table or the file."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.contract import Column, LogicalType, Table
from state.errors import AccountingError
from state.run import TableAccount
from state.sources import LINE_BITS
from tools.accounting import account_table
from tools.sql.quote import ident
from tools.workspace import create_views, open_workspace

ORDERS = Table(name='odd "orders"', columns=(Column(name="id", logical_type=LogicalType.INTEGER), Column(name="o'k")))
TOTALS = Table(name="totals", columns=ORDERS.columns, transform_logic="select 1", transform_sources=(ORDERS.name,))
STAGED = f"stage.{ident(ORDERS.name)}"
FILES = (0, 3)
IDS = [file_id << LINE_BITS | line for file_id in FILES for line in range(2, 6)]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Eight rows from two files, one of which has a reject."""
    with open_workspace(tmp_path) as connection:
        connection.execute("create table land.v001 (_row bigint, c0 varchar, c1 varchar)")
        connection.executemany("insert into land.v001 values (?, '1', 'x')", [[row] for row in IDS])
        stage(connection, STAGED, IDS)
        connection.execute(
            "insert into land.files values (0, 'a.csv', '/a.csv', '', 'v001', 5, 1, 0, 4, 0, 4, 0), "
            "(3, 'b.csv', '/b.csv', '', 'v001', 7, 1, 1, 4, 1, 4, 1), "
            "(4, 'empty.csv', '/e.csv', '', null, 2, 0, 2, 0, 0, 0, 0), "
            "(5, 'other.csv', '/o.csv', '', 'v001', 9, 1, 0, 3, 1, 3, 1)"
        )
        other = 5 << LINE_BITS | 2
        connection.execute(f"insert into land.rejects values ({3 << LINE_BITS | 7}, 3, 7, 1, 'torn', 'too few fields')")
        connection.execute(f"insert into land.rejects values ({other}, 5, 2, 1, 'torn', 'of another table')")
        connection.execute(f"insert into land.v001 values ({other + 1}, 'of', 'another table')")
        create_views(connection, ORDERS)
        yield connection


def stage(connection: duckdb.DuckDBPyConnection, name: str, ids: list[int]) -> None:
    texts = ", ".join(f"{ident(name)} varchar" for name in ("raw$id", "op$id", "o'k", "raw$o'k", "op$o'k"))
    connection.execute(f"create or replace table {name} (_row bigint, id integer, {texts})")
    for row in ids:
        connection.execute(f"insert into {name} values (?, 1, null, null, 'x', ' x', 'trim')", [row])


def books(connection: duckdb.DuckDBPyConnection, table: Table = ORDERS) -> TableAccount:
    return account_table(connection, table, () if table.derived else (*FILES, 4))


def aside(connection: duckdb.DuckDBPyConnection, quarantined: list[int], merged: list[tuple[int, int]]) -> None:
    for row in quarantined:
        connection.execute("insert into ops.quarantine values (?, ?, 'r', 'why')", [ORDERS.name, row])
    for row, kept in merged:
        connection.execute("insert into ops.merged values (?, ?, ?)", [ORDERS.name, row, kept])


def test_every_end_of_a_row_is_counted_once(workspace: duckdb.DuckDBPyConnection) -> None:
    aside(workspace, [IDS[1], IDS[1], IDS[2]], [(IDS[2], IDS[0]), (IDS[3], IDS[0])])  # twice broken; merged and broken
    workspace.execute("insert into ops.quarantine values ('other', 7, 'r', 'why')")
    workspace.execute("insert into ops.merged values ('other', 8, 9)")

    account = books(workspace)

    assert account.model_dump() == {
        "table": ORDERS.name,
        "derived": False,
        "rows_read": 9,
        "rows_published": 5,
        "rows_quarantined": 3,
        "rows_merged": 1,
        "cells_changed": 5,
        "rejects": 1,
        "rows_in": {},
    }


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    quarantined=st.lists(st.sampled_from([*IDS, 1, 99]), max_size=10),
    merged=st.lists(st.tuples(st.sampled_from([*IDS, 1, 98]), st.sampled_from([*IDS, 97])), max_size=10),
)
def test_rows_set_aside_at_random_balance_or_raise(
    workspace: duckdb.DuckDBPyConnection, quarantined: list[int], merged: list[tuple[int, int]]
) -> None:
    workspace.execute("delete from ops.quarantine")
    workspace.execute("delete from ops.merged")
    aside(workspace, quarantined, merged)
    gone = {row for row, _ in merged}
    sound = set(quarantined) | gone <= set(IDS) and all(kept in IDS and kept not in gone for _, kept in merged)
    if not sound:
        with pytest.raises(AccountingError) as caught:
            books(workspace)
        assert ORDERS.name in caught.value.where
        return
    account = books(workspace)
    assert account.balanced
    assert account.rows_quarantined == len(set(quarantined)) + 1
    assert account.rows_merged == len(gone - set(quarantined))
    assert account.rows_published == len(set(IDS) - set(quarantined) - gone)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (f"delete from {STAGED} where _row = {IDS[0]}", ORDERS.name),
        (f"insert into {STAGED} select * from {STAGED} limit 1", ORDERS.name),
        (f"update {STAGED} set _row = {IDS[1]} where _row = {IDS[0]}", ORDERS.name),  # one lost, one twice
        (f"update {STAGED} set _row = 7 where _row = {IDS[0]}", ORDERS.name),  # one lost, one from nowhere
        (f"update {STAGED} set _row = case _row when {IDS[3]} then _row + 1 when {IDS[7]} then _row - 1 else _row end",
         ORDERS.name),  # equal sums
        ("delete from land.rejects where file_id = 3", ORDERS.name),
        ("insert into land.rejects select * from land.rejects where file_id = 3", ORDERS.name),
        ("update land.files set records = 5 where file_id = 0", ORDERS.name),
        ("update land.files set blank_lines = 1 where file_id = 0", "a.csv"),
        ("update land.files set lines = 3 where file_id = 4", "empty.csv"),
    ],
)  # fmt: skip
def test_every_imbalance_raises_and_names_its_place(
    workspace: duckdb.DuckDBPyConnection, damage: str, named: str
) -> None:
    workspace.execute(damage)
    with pytest.raises(AccountingError) as caught:
        books(workspace)
    assert named in caught.value.where


def test_another_tables_files_do_not_count(workspace: duckdb.DuckDBPyConnection) -> None:
    workspace.execute("update land.files set lines = 99 where file_id = 5")
    assert books(workspace).rows_read == 9


def test_a_table_without_files_is_empty(workspace: duckdb.DuckDBPyConnection) -> None:
    stage(workspace, STAGED, [])
    account = account_table(workspace, ORDERS, ())
    assert (account.rows_read, account.rows_published, account.cells_changed) == (0, 0, 0)
    assert account.quarantine_share == 0.0


def test_a_derived_table_tells_rows_in_and_out(workspace: duckdb.DuckDBPyConnection) -> None:
    stage(workspace, "stage.totals", [1, 2, 3])
    create_views(workspace, TOTALS)
    aside(workspace, [IDS[0]], [])
    workspace.execute("insert into ops.quarantine values ('totals', 2, 'r', 'why')")

    account = books(workspace, TOTALS)

    assert (account.rows_read, account.rows_published, account.rows_quarantined) == (3, 2, 1)
    assert account.rows_in == {ORDERS.name: 7}
    assert account.cells_changed == 2
    workspace.execute("insert into ops.quarantine values ('totals', 4, 'r', 'no such row')")
    with pytest.raises(AccountingError, match="totals"):
        books(workspace, TOTALS)
