"""Primary keys, unique columns and relationships, on staged tables."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.checks import CheckResult, Verdict
from state.contract import Column, Contract, LogicalType, Relationship, Table
from tools.checks.compile import compile_rules, violating_rows_sql
from tools.checks.run import run_rules
from tools.checks.types import expected_type
from tools.sql.quote import ident
from tools.workspace import create_views, open_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_workspace(tmp_path_factory.mktemp("workspace")) as connection:
        yield connection


def stage(connection: duckdb.DuckDBPyConnection, table: Table, rows: list[tuple[Any, ...]]) -> Table:
    name = ident(table.name)
    columns = ", ".join(
        f"{ident(c.name)} {expected_type(c)}, {ident('raw$' + c.name)} varchar, {ident('op$' + c.name)} varchar"
        for c in table.columns
    )
    connection.execute(f"drop view if exists live.{name}; drop view if exists main.{name}")
    connection.execute(f"create or replace table stage.{name} (_row bigint, {columns})")
    for number, row in enumerate(rows, start=1):
        values = [number] + [item for value in row for item in (value, None, None)]
        connection.execute(f"insert into stage.{name} values ({', '.join('?' * len(values))})", values)
    create_views(connection, table)
    return table


def contract_of(*tables: Table) -> Contract:
    return Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=tables, path="c", sha256="0")


def run(connection: duckdb.DuckDBPyConnection, contract: Contract, table: Table) -> dict[str, CheckResult]:
    results = run_rules(connection, compile_rules(contract, table), contract=contract)
    return {result.rule: result for result in results}


def aside(connection: duckdb.DuckDBPyConnection, contract: Contract, table: Table) -> dict[str, list[int]]:
    """Return the rows to set aside by rule."""
    found: dict[str, list[int]] = {}
    query = f"select * from ({violating_rows_sql(compile_rules(contract, table), table)}) order by _row, rule"
    for row, rule, _ in connection.execute(query).fetchall():
        found.setdefault(rule, []).append(row)
    return found


ORDERS = Table(
    name="orders",
    columns=(
        Column(name="order", key_position=2),
        Column(name="shop", key_position=1),
        Column(name="mail", unique=True),
    ),
)


def test_a_composite_key_counts_rows_in_excess_and_nulls_and_locates_the_clash(
    workspace: duckdb.DuckDBPyConnection,
) -> None:
    rows = [("1", "a", "x"), ("1", "a", "y"), ("1", "a", "x"), ("1", "b", None), ("2", None, None), ("2", None, "z")]
    table = stage(workspace, ORDERS, rows)
    contract = contract_of(table)

    results = run(workspace, contract, table)

    key = results["orders.primaryKey"]
    assert (key.result, key.count, key.column) == (Verdict.FAILED, 4, None)  # two in excess, two with a null
    assert [locator.key for locator in key.locators] == [
        "shop=a, order=1",
        "shop=a, order=1",
        "shop=a, order=1",
        "shop=null, order=2",
        "shop=null, order=2",
    ]
    assert results["orders.mail.unique"].count == 1
    assert [locator.value for locator in results["orders.mail.unique"].locators] == ["x", "x"]
    assert aside(workspace, contract, table) == {
        "orders.primaryKey": [1, 2, 3, 5, 6],
        "orders.mail.unique": [1, 3],
    }


def test_a_clean_key_passes(workspace: duckdb.DuckDBPyConnection) -> None:
    table = stage(workspace, ORDERS, [("1", "a", None), ("1", "b", None), ("2", "a", "x")])

    results = run(workspace, contract_of(table), table)

    assert {result.result for result in results.values()} == {Verdict.PASSED}
    assert aside(workspace, contract_of(table), table) == {}


def test_quarantined_and_merged_rows_no_longer_clash(workspace: duckdb.DuckDBPyConnection) -> None:
    table = stage(workspace, ORDERS, [("1", "a", "x")] * 3)
    workspace.execute("insert into ops.quarantine values ('orders', 1, 'r', 'x')")
    workspace.execute("insert into ops.merged values ('orders', 2, 3)")
    try:
        assert run(workspace, contract_of(table), table)["orders.primaryKey"].result is Verdict.PASSED
    finally:
        workspace.execute("delete from ops.quarantine; delete from ops.merged")


def test_a_column_that_is_the_whole_key_is_not_judged_twice(workspace: duckdb.DuckDBPyConnection) -> None:
    table = stage(
        workspace, Table(name="t", columns=(Column(name="k", key_position=1, unique=True),)), [("a",), ("a",)]
    )

    results = run(workspace, contract_of(table), table)

    assert [rule for rule, result in results.items() if result.result is Verdict.FAILED] == ["t.primaryKey"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(*[st.sampled_from([None, "a", "b"])] * 3), max_size=8))
def test_uniqueness_agrees_with_counting_in_python(
    workspace: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]]
) -> None:
    table = stage(workspace, ORDERS, rows)
    contract = contract_of(table)

    results = run(workspace, contract, table)

    keys = [row[:2] for row in rows if None not in row[:2]]
    mails = [row[2] for row in rows if row[2] is not None]
    clashing = [n for n, row in enumerate(rows, 1) if None in row[:2] or keys.count(row[:2]) > 1]
    assert results["orders.primaryKey"].count == len(keys) - len(set(keys)) + len(rows) - len(keys)
    assert results["orders.mail.unique"].count == len(mails) - len(set(mails))
    assert aside(workspace, contract, table).get("orders.primaryKey", []) == clashing


CUSTOMERS = Table(name="customers", columns=(Column(name="id", logical_type=LogicalType.INTEGER), Column(name="shop")))


def orders_with(*relationships: Relationship, id_type: LogicalType = LogicalType.INTEGER) -> Table:
    columns = (Column(name="customer", logical_type=id_type), Column(name="shop"), Column(name="boss"))
    return Table(name="buys", columns=columns, relationships=relationships)


def test_values_of_a_relationship_must_exist_and_null_is_exempt(workspace: duckdb.DuckDBPyConnection) -> None:
    customers = stage(workspace, CUSTOMERS, [(1, "a"), (2, None), (None, "c")])
    single = Relationship(id="r1", columns=("customer",), to_table="customers", to_columns=("id",))
    pair = Relationship(id="r2", columns=("customer", "shop"), to_table="customers", to_columns=("id", "shop"))
    buys = stage(
        workspace,
        orders_with(single, pair),
        [(1, "a", None), (3, "a", None), (None, "c", None), (2, None, None), (1, "b", None)],
    )
    contract = contract_of(customers, buys)

    results = run(workspace, contract, buys)

    assert (results["r1"].count, results["r1"].locators[0].value) == (1, "customer=3")
    assert (results["r2"].count, results["r2"].locators[1].value) == (2, "customer=1, shop=b")
    assert aside(workspace, contract, buys) == {"r1": [2], "r2": [2, 5]}


def test_columns_of_different_types_are_related_by_their_text(workspace: duckdb.DuckDBPyConnection) -> None:
    customers = stage(workspace, CUSTOMERS, [(1, "a")])
    single = Relationship(id="r1", columns=("customer",), to_table="customers", to_columns=("id",))
    buys = stage(workspace, orders_with(single, id_type=LogicalType.STRING), [("1", None, None), ("x", None, None)])

    assert run(workspace, contract_of(customers, buys), buys)["r1"].count == 1


def test_a_table_may_refer_to_itself(workspace: duckdb.DuckDBPyConnection) -> None:
    own = Relationship(id="r1", columns=("boss",), to_table="buys", to_columns=("shop",))
    buys = stage(workspace, orders_with(own), [(1, "a", None), (2, "b", "a"), (3, "c", "z")])

    assert aside(workspace, contract_of(buys), buys) == {"r1": [3]}


@pytest.mark.parametrize(
    ("relationship", "words"),
    [
        (Relationship(id="r", columns=("customer",), to_table="nowhere", to_columns=("id",)), "'nowhere'"),
        (Relationship(id="r", columns=("customer",), to_table="customers", to_columns=("nope",)), "'customers.nope'"),
        (Relationship(id="r", columns=("nope",), to_table="customers", to_columns=("id",)), "'nope'"),
        (Relationship(id="r", columns=("customer", "shop"), to_table="customers", to_columns=("id",)), "one to one"),
    ],
)
def test_a_relationship_that_points_nowhere_cannot_be_checked(
    workspace: duckdb.DuckDBPyConnection, relationship: Relationship, words: str
) -> None:
    buys = stage(workspace, orders_with(relationship), [(1, "a", None)])

    result = run(workspace, contract_of(CUSTOMERS, buys), buys)["r"]

    assert (result.result, result.blocking) == (Verdict.ERROR, True)
    assert words in result.detail


def test_a_relationship_to_a_table_that_is_not_staged_yet_stops_no_other_rule(
    workspace: duckdb.DuckDBPyConnection,
) -> None:
    ghost = Table(name="ghost", columns=(Column(name="id"),))
    relationship = Relationship(id="r", columns=("shop",), to_table="ghost", to_columns=("id",))
    buys = stage(workspace, orders_with(relationship), [(1, "a", None)])

    results = run(workspace, contract_of(ghost, buys), buys)

    assert results["r"].result is Verdict.ERROR
    assert "ghost" in results["r"].detail
    assert results["buys.notEmpty"].result is Verdict.PASSED
