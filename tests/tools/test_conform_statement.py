from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from state.contract import Column, LogicalType, Table, TypeOptions
from state.errors import ContractError
from state.formats import DateOrder, FormatGroup, ValueFormat
from state.sources import LINE_BITS
from tools.conform.resolved import Answer, read_answers
from tools.conform.statement import VariantInput, conform_statements, derive_statement
from tools.workspace import create_views, open_workspace, published_columns

Row = dict[str, Any]


def column(name: str, logical_type: str = "string", **fields: Any) -> Column:
    return Column(name=name, logical_type=LogicalType(logical_type), **fields)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_workspace(tmp_path) as connection:
        connection.execute("insert into land.files (file_id, name) values (0, 'a.csv'), (1, 'b.csv'), (3, 'd.csv')")
        yield connection


def land(connection: duckdb.DuckDBPyConnection, variant: str, rows: Mapping[int, Sequence[str | None]]) -> None:
    """Land rows given by id; all have the same number of fields."""
    width = len(next(iter(rows.values())))
    fields = ", ".join(f"c{index} varchar" for index in range(width))
    connection.execute(f"create or replace table land.{variant} (_row bigint, {fields})")
    marks = ", ".join("?" * (width + 1))
    connection.executemany(
        f"insert into land.{variant} values ({marks})", [[row, *texts] for row, texts in rows.items()]
    )


def staged(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Row]:
    result = connection.execute(f'select * from stage."{table.name}"')
    names = [field[0] for field in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def conform(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    variants: Sequence[VariantInput],
    formats: Mapping[str, ValueFormat] | None = None,
    derived: Mapping[str, str] | None = None,
    answers: Mapping[str, Sequence[Answer]] | None = None,
) -> list[Row]:
    for sql in conform_statements(table, variants, formats or {}, derived or {}, answers or {}):
        connection.execute(sql)
    return staged(connection, table)


ORDERS = Table(name="order lines", columns=(column("id", "integer"), column("Name"), column("at", "date")))
BOTH = VariantInput(relation="land.v001", file_ids=None, mapping={"id": 0, "Name": 1})


def test_columns_stand_in_the_layout_of_the_workspace(workspace: duckdb.DuckDBPyConnection) -> None:
    land(workspace, "v001", {2: ["7", " a"]})
    assert conform(workspace, ORDERS, [BOTH]) == [
        {"_row": 2, "id": 7, "raw$id": None, "op$id": None, "Name": "a", "raw$Name": " a", "op$Name": "trim"}
        | {"at": None, "raw$at": None, "op$at": None}
    ]
    types = dict(workspace.execute('select column_name, column_type from (describe stage."order lines")').fetchall())
    assert (types["_row"], types["id"], types["at"], types["raw$at"]) == ("BIGINT", "BIGINT", "DATE", "VARCHAR")
    create_views(workspace, ORDERS)
    assert workspace.execute('select _file, _line from main."order lines"').fetchall() == [("a.csv", 2)]


def test_an_unreadable_text_keeps_its_raw_form(workspace: duckdb.DuckDBPyConnection) -> None:
    land(workspace, "v001", {2: ["x7", "?"], 3: ["n/a", None]})
    rows = conform(workspace, ORDERS, [BOTH])
    assert [(row["id"], row["raw$id"], row["op$id"]) for row in rows] == [
        (None, "x7", "unreadable"),
        (None, "n/a", "null_token"),
    ]
    assert [row["Name"] for row in rows] == ["?", None]


def test_without_variants_the_table_is_empty_and_typed(workspace: duckdb.DuckDBPyConnection) -> None:
    assert conform(workspace, ORDERS, []) == []
    types = dict(workspace.execute('select column_name, column_type from (describe stage."order lines")').fetchall())
    assert types["at"] == "DATE"


def test_only_rows_of_the_given_files_are_staged(workspace: duckdb.DuckDBPyConnection) -> None:
    land(workspace, "v001", {file << LINE_BITS | 2: [str(file), None] for file in range(5)})
    variant = BOTH.model_copy(update={"file_ids": (0, 1, 3)})
    assert [row["id"] for row in conform(workspace, ORDERS, [variant])] == [0, 1, 3]
    assert conform(workspace, ORDERS, [BOTH.model_copy(update={"file_ids": ()})]) == []


def test_variants_are_united_by_contract_column_in_the_order_of_rows(workspace: duckdb.DuckDBPyConnection) -> None:
    land(workspace, "v001", {0 << LINE_BITS | 2: ["0", "a"], 2 << LINE_BITS | 2: ["2", "c"]})
    land(workspace, "v002", {1 << LINE_BITS | 2: ["b", "1"], 3 << LINE_BITS | 2: ["d", "3"]})
    first = BOTH.model_copy(update={"file_ids": (0, 2)})
    second = VariantInput(relation="land.v002", file_ids=(1, 3), mapping={"Name": 0, "id": 1})
    rows = conform(workspace, ORDERS, [second, first])
    assert [(row["id"], row["Name"]) for row in rows] == [(0, "a"), (1, "b"), (2, "c"), (3, "d")]


def test_variants_that_follow_each_other_are_not_sorted(workspace: duckdb.DuckDBPyConnection) -> None:
    land(workspace, "v001", {1 << LINE_BITS | 2: ["1", "b"]})
    land(workspace, "v002", {0 << LINE_BITS | 2: ["0", "a"]})
    variants = [
        BOTH.model_copy(update={"relation": relation, "file_ids": (file,)})
        for relation, file in (("land.v001", 1), ("land.v002", 0))
    ]
    assert "order by _row" not in conform_statements(ORDERS, variants, {}, {}, {})[0]
    assert [row["id"] for row in conform(workspace, ORDERS, variants)] == [0, 1]


def test_formats_hold_for_their_file(workspace: duckdb.DuckDBPyConnection) -> None:
    table = Table(name="t", columns=(column("at", "date"),))
    land(workspace, "v001", {file << LINE_BITS | 2: ["01/02/2020"] for file in range(2)})
    groups = tuple(
        FormatGroup(file_ids=(index,), date_order=order)
        for index, order in enumerate((DateOrder.MONTH_FIRST, DateOrder.DAY_FIRST))
    )
    value_format = ValueFormat(table="t", column="at", logical_type=LogicalType.DATE, groups=groups)
    variant = VariantInput(relation="land.v001", file_ids=(0, 1), mapping={"at": 0})
    rows = conform(workspace, table, [variant], {"at": value_format})
    assert [row["at"].isoformat() for row in rows] == ["2020-01-02", "2020-02-01"]


def test_many_rows_keep_their_order(workspace: duckdb.DuckDBPyConnection) -> None:
    """Joins lose it: the value map and the names of files are looked up without one."""
    for variant, file in (("v001", 0), ("v002", 1)):
        workspace.execute(
            f"create table land.{variant} as select {file << LINE_BITS} + i as _row, i::varchar as c0, "
            "'name ' || i % 5000 as c1 from range(300_000) r(i)"
        )
    workspace.execute(
        "insert into ops.value_map select 'order lines', 'Name', 'name ' || i, 'NAME ' || i, 'case', 'd', '', 1 "
        "from range(0, 5000, 2) r(i)"
    )
    variants = [
        BOTH.model_copy(update={"file_ids": (file,), "relation": relation})
        for relation, file in (("land.v001", 0), ("land.v002", 1))
    ]
    sql, _ = conform_statements(
        ORDERS, variants, {}, {"at": "if(_file = 'b.csv', date '2020-01-01', null)"}, {"Name": ()}
    )
    assert "order by _row" not in sql
    workspace.execute(sql)
    checked = workspace.execute(
        """select count(*), bool_and(coalesce(_row > before, true)), count("at"), count("op$Name"),
        bool_and("Name" = if(id % 2 = 0, 'NAME ', 'name ') || id % 5000)
        from (select *, lag(_row) over (order by rowid) as before from typed."order lines")"""
    ).fetchall()
    assert checked == [(600_000, True, 300_000, 300_000, True)]


@pytest.mark.parametrize("others", [0, 100])  # few answers are written out, many are looked up
def test_resolved_values_name_their_operator(workspace: duckdb.DuckDBPyConnection, others: int) -> None:
    land(workspace, "v001", {2: ["1", " UK "], 3: ["2", "GB"], 4: ["3", None], 5: ["4", "Mars"]})
    workspace.execute(
        "insert into ops.value_map values ('order lines', 'Name', 'UK', 'GB', 'synonym', 'd1', '', 1), "
        "('order lines', 'Name', 'UK', 'GB', 'synonym', 'd2', '', 1), "  # said twice: no row may double
        "('order lines', 'Name', 'GB', 'GB', 'same', 'd3', '', 1), "
        "('order lines', 'Name', 'Mars', null, 'none', 'd4', '', 1), "
        "('order lines', 'id', '1', '9', 'other', 'd5', '', 1), "
        "('other', 'Name', 'Mars', 'x', 'other', 'd6', '', 1)"
    )
    workspace.execute(
        "insert into ops.value_map select 'order lines', 'Name', 'it''s ' || i, 'x', 'other', 'd7', '', 1 "
        "from range(?) r(i)",
        [others],
    )
    answers = read_answers(workspace, "order lines")
    assert [bool(answers[name]) for name in ("Name", "id")] == [not others, True]
    del answers["id"]
    rows = conform(workspace, ORDERS, [BOTH], answers=answers)
    assert [(row["Name"], row["raw$Name"], row["op$Name"]) for row in rows] == [
        ("GB", " UK ", "resolve:synonym"),
        ("GB", None, None),
        (None, None, None),
        ("Mars", None, None),
    ]
    assert [row["id"] for row in rows] == [1, 2, 3, 4]


def test_columns_the_contract_does_not_know_are_kept_as_text(workspace: duckdb.DuckDBPyConnection) -> None:
    land(workspace, "v001", {2: ["1", "a", " x ", "y"]})
    variant = BOTH.model_copy(update={"extra": {"more": 2, "NAME": 3}})
    (row,) = conform(workspace, ORDERS, [variant])
    assert (row["more"], row["NAME_2"], row["Name"]) == (" x ", "y", "a")
    create_views(workspace, ORDERS)
    assert published_columns(workspace, ORDERS) == ("id", "Name", "at", "NAME_2", "more")


MONEY = Table(
    name="money",
    columns=(
        column("amount", "integer"),
        column("total", "number"),
        column("half", "number"),
        column("origin"),
        column("small", "integer"),
    ),
)
AMOUNT = VariantInput(relation="land.v001", file_ids=None, mapping={"amount": 0})


def test_derived_columns_see_conformed_and_derived_values(workspace: duckdb.DuckDBPyConnection) -> None:
    land(workspace, "v001", {2: ["1,5"], 3: [" 12"], 1 << LINE_BITS | 9: ["7"]})
    derived = {"half": "TOTAL / 2", "total": "amount * 10", "origin": "_file || ':' || _line"}
    rows = conform(workspace, MONEY, [AMOUNT], derived=derived)
    assert [(row["amount"], row["total"], row["half"], row["origin"]) for row in rows] == [
        (None, None, None, "a.csv:2"),
        (12, 120.0, 60.0, "a.csv:3"),
        (7, 70.0, 35.0, "b.csv:9"),
    ]
    assert [row["op$total"] for row in rows] == [None, None, None]


def test_a_column_made_from_itself_means_its_source_value(workspace: duckdb.DuckDBPyConnection) -> None:
    land(workspace, "v001", {2: ["1200"], 3: ["0"], 4: ["x"], 5: [None], 6: ["150"]})
    rows = conform(workspace, MONEY, [AMOUNT], derived={"amount": "amount / 100.0", "total": "amount + 1"})
    assert [(row["amount"], row["raw$amount"], row["op$amount"]) for row in rows] == [
        (12, "1200", "transform"),
        (0, None, None),
        (None, "x", "unreadable"),
        (None, None, None),
        (None, "150", "unreadable"),  # 1.5 is no whole number
    ]
    assert [row["total"] for row in rows] == [13, 1, None, None, None]


def test_a_derived_value_that_is_not_of_the_type_is_unreadable(workspace: duckdb.DuckDBPyConnection) -> None:
    land(workspace, "v001", {2: ["5"], 3: ["4"]})
    rows = conform(workspace, MONEY, [AMOUNT], derived={"small": "amount / 2", "total": "'t' || amount"})
    assert [(row["small"], row["raw$small"], row["op$small"]) for row in rows] == [
        (None, "2.5", "unreadable"),
        (2, None, None),
    ]
    assert [(row["total"], row["raw$total"], row["op$total"]) for row in rows] == [
        (None, "t5", "unreadable"),
        (None, "t4", "unreadable"),
    ]


def test_derived_columns_in_a_circle_are_refused() -> None:
    with pytest.raises(ContractError, match=r"circle: half, total"):
        conform_statements(MONEY, [AMOUNT], {}, {"total": "half + 1", "half": "total / 2", "small": "1"}, {})


def test_names_and_texts_with_quotes_are_data(workspace: duckdb.DuckDBPyConnection) -> None:
    table = Table(name='a"b', columns=(column('x"; drop', "integer"), column("it's", key_position=1)))
    land(workspace, "v001", {2: ["1'", "o'x"]})
    variant = VariantInput(relation="land.v001", file_ids=(0,), mapping={'x"; drop': 0, "it's": 1}, extra={'e"': 0})
    for sql in conform_statements(table, [variant], {}, {}, {"it's": ()}):
        workspace.execute(sql)
    assert workspace.execute('select "x""; drop", "it\'s", "e""" from stage."a""b"').fetchall() == [(None, "o'x", "1'")]


def test_a_derived_table_is_numbered_by_its_key(workspace: duckdb.DuckDBPyConnection) -> None:
    table = Table(name="d", columns=(column("v", "integer"), column("k", "integer", key_position=1)))
    workspace.execute(derive_statement(table, "select 4.0 as v, 3 as K, 'more' as w union all select 2.5, 1, ''"))
    assert staged(workspace, table) == [
        {"_row": 1, "v": None, "raw$v": "2.5", "op$v": "unreadable", "k": 1, "raw$k": None, "op$k": None},
        {"_row": 2, "v": 4, "raw$v": None, "op$v": None, "k": 3, "raw$k": None, "op$k": None},
    ]


def test_a_derived_table_without_a_column_names_it(workspace: duckdb.DuckDBPyConnection) -> None:
    table = Table(name="d", columns=(column("missing_one"),))
    with pytest.raises(duckdb.BinderException, match="missing_one"):
        workspace.execute(derive_statement(table, "select 1 as other"))


def test_zoned_timestamps_have_the_type_of_the_contract(workspace: duckdb.DuckDBPyConnection) -> None:
    zoned = column("at", "timestamp", options=TypeOptions(timezone=True))
    table = Table(name="t", columns=(zoned, column("gone", "timestamp", options=TypeOptions(timezone=True))))
    land(workspace, "v001", {2: ["2020-01-01 00:00:00"]})
    variant = VariantInput(relation="land.v001", file_ids=None, mapping={"at": 0})
    for sql in conform_statements(table, [variant], {}, {}, {}):
        workspace.execute(sql)
    types = dict(workspace.execute("select column_name, column_type from (describe stage.t)").fetchall())
    assert types["at"] == types["gone"] == "TIMESTAMP WITH TIME ZONE"
