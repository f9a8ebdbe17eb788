"""Row numbers: those of the table as published, sorted by its key or in parts that keep the order of the rows."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from state.contract import Column, Table
from tools.outputs.parquet import Layout
from tools.provenance import numbered_rows
from tools.workspace import create_views, open_workspace

TABLE = Table(name="t", columns=(Column(name="k", key_position=1),))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_workspace(tmp_path) as connection:
        connection.execute("create table stage.t as select * from (values (1, 'c'), (2, 'a'), (3, 'b')) v(_row, k)")
        create_views(connection, TABLE)
        yield connection


@pytest.mark.parametrize(("most", "expected"), [(3, [2, 3, 1]), (2, [1, 2, 3])])
def test_rows_are_numbered_as_they_are_published(
    workspace: duckdb.DuckDBPyConnection, most: int, expected: list[int]
) -> None:
    numbered = numbered_rows(workspace, TABLE, Layout(single_file_rows=most))
    assert [row for _, row in sorted(workspace.execute(numbered).fetchall())] == expected
