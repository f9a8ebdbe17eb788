"""Repairs tried on a copy of a staged table: typed, judged by its rules, and put in place cell by cell."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from state.contract import Column, Contract, LogicalType, Relationship, Table, TypeOptions
from state.errors import StepError
from tools.conform.doubtful import broken_cells, broken_rows, changeable, protected_columns, shown_columns, text_query
from tools.conform.statement import stage_view
from tools.conform.trial import Candidate, same_values, tried
from tools.workspace import create_views, open_workspace

ROWS = ((1, "a", 10, "x"), (2, "b", 20, None), (3, "b", 30, "z"))


def column(name: str, kind: str = "string", **fields: Any) -> Column:
    return Column(name=name, logical_type=LogicalType(kind), **fields)


TABLE = Table(
    name="items",
    columns=(
        column("id", "integer", key_position=1),
        column("kind", valid_values=("a", "b", "c")),
        column("size", "integer", options=TypeOptions(maximum=100)),
        column("note", required=True),
    ),
)
OTHER = Table(
    name="uses",
    columns=(column("kind"),),
    relationships=(Relationship(id="r", columns=("kind",), to_table="items", to_columns=("kind",)),),
)


def contract(*tables: Table) -> Contract:
    return Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=tables, path="c", sha256="0")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A staged table of which every column is canonical: no raw text and no operator is kept."""
    with open_workspace(tmp_path) as connection:
        values = ", ".join(
            f"({7 + 3 * at}, {row[0]}, '{row[1]}', {row[2]}, {_sql(row[3])})" for at, row in enumerate(ROWS)
        )
        connection.execute(f"create table typed.items as select * from (values {values}) v(_row, id, kind, size, note)")
        connection.execute("alter table typed.items alter _row type bigint")
        connection.execute("alter table typed.items alter size type bigint")
        connection.execute(stage_view(TABLE, [each.name for each in TABLE.columns], ()))
        create_views(connection, TABLE)
        yield connection


def _sql(text: str | None) -> str:
    return "null" if text is None else f"'{text}'"


def staged(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[Any, ...]]:
    return connection.execute(f"select {name}, raw${name}, op${name} from stage.items order by _row").fetchall()


def apply(connection: duckdb.DuckDBPyConnection, *candidates: Candidate) -> dict[tuple[int, str], str]:
    with (
        broken_rows(connection, contract(TABLE), TABLE),
        tried(connection, contract(TABLE), TABLE, {}, candidates) as trial,
    ):
        connection.begin()
        trial.apply({(one.row_id, one.column): "repair:typo" for one in candidates})
        connection.commit()
        return trial.refused


def test_a_repair_is_put_where_it_belongs_with_the_text_that_stood_there(workspace: Any) -> None:
    refused = apply(
        workspace, Candidate(7, "kind", "a", "b"), Candidate(10, "note", None, "y"), Candidate(13, "size", "30", "31")
    )
    assert refused == {}
    assert staged(workspace, "kind") == [("b", "a", "repair:typo"), ("b", None, None), ("b", None, None)]
    assert staged(workspace, "note") == [("x", None, None), ("y", None, "repair:typo"), ("z", None, None)]
    assert staged(workspace, "size") == [(10, None, None), (20, None, None), (31, "30", "repair:typo")]
    left = workspace.execute("select table_name from duckdb_tables() where temporary").fetchall()
    assert left == []


@pytest.mark.parametrize(
    ("candidate", "why"),
    [
        (Candidate(7, "size", "10", "much"), "it cannot be read as integer"),
        (Candidate(7, "size", "10", "101"), "it would break items.size.maximum"),
        (Candidate(7, "kind", "a", "d"), "it would break items.kind"),
        (Candidate(7, "kind", "a", "a"), "that value stands there already"),
    ],
)
def test_what_cannot_be_read_or_would_break_a_rule_is_refused(workspace: Any, candidate: Candidate, why: str) -> None:
    before = workspace.execute("from stage.items order by _row").fetchall()
    refused = apply(workspace, candidate, Candidate(13, "note", "z", "zz"))
    assert list(refused) == [(7, candidate.column)]
    assert refused[7, candidate.column].startswith(why)
    after = workspace.execute("from stage.items order by _row").fetchall()
    assert after[:2] == before[:2]
    assert staged(workspace, "note")[2] == ("zz", "z", "repair:typo")


def test_a_repair_that_makes_two_rows_alike_where_none_may_be_is_taken_back(workspace: Any) -> None:
    unique = TABLE.model_copy(
        update={"columns": (*TABLE.columns[:2], TABLE.columns[2].model_copy(update={"unique": True}), TABLE.columns[3])}
    )
    given = contract(unique)
    candidates = [Candidate(7, "size", "10", "30"), Candidate(10, "size", "20", "21")]
    with broken_rows(workspace, given, unique), tried(workspace, given, unique, {}, candidates) as trial:
        assert set(trial.refused) == {(7, "size")}
        assert trial.standing == {(10, "size")}


def test_findings_about_other_rows_than_these_are_a_fault(workspace: Any) -> None:
    with pytest.raises(StepError, match="not about the cells as they are"):
        apply(workspace, Candidate(7, "kind", "b", "c"))
    assert staged(workspace, "kind")[0] == ("a", None, None)


def test_another_writing_of_the_same_value_is_none(workspace: Any) -> None:
    spoken = [Candidate(7, "size", "10", "10.0"), Candidate(10, "size", "20", "21"), Candidate(13, "note", "z", " z ")]
    assert same_values(workspace, TABLE, {}, spoken) == {(7, "size"), (13, "note")}


def test_cells_that_break_a_rule_are_told_by_row_and_column(workspace: Any) -> None:
    given = contract(TABLE)
    with broken_rows(workspace, given, TABLE):
        cells = {cell for cell in broken_cells(workspace, given, TABLE, [7, 10, 13]) if "$" not in cell[1]}
    assert cells == {(10, "note")}


def test_what_names_a_row_and_what_sql_reads_is_not_changed() -> None:
    computed = column("total", "integer", transform_logic="size * 2")
    table = TABLE.model_copy(update={"columns": (*TABLE.columns, computed)})
    given = contract(table, OTHER)
    assert shown_columns(table) == ("id", "kind", "size", "note")
    assert protected_columns(given, table) == ("id", "kind")
    assert set(changeable(given, table)) == {"note"}
    assert set(changeable(contract(table), table)) == {"kind", "note"}


def test_the_text_shown_is_canonical_or_as_it_was_read_where_it_has_no_value(workspace: Any) -> None:
    workspace.execute("alter table typed.items add column raw$size varchar")
    workspace.execute("alter table typed.items add column op$size varchar")
    workspace.execute("update typed.items set size = null, raw$size = 'many', op$size = 'unreadable' where _row = 10")
    plain = [each.name for each in TABLE.columns if each.name != "size"]
    workspace.execute(stage_view(TABLE, plain, ()))
    create_views(workspace, TABLE)
    assert workspace.execute(text_query(TABLE, ("size", "note"), some=False)).fetchall() == [
        (7, "10", "x"),
        (10, "many", None),
        (13, "30", "z"),
    ]
