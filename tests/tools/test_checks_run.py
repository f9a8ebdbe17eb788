"""Running rules: locators, broken SQL, hostile names, plain tables, and the rows that may be set aside."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from state.checks import CheckResult, Verdict
from state.contract import Column, Contract, LogicalType, QualityRule, Relationship, Severity, Table, TypeOptions
from state.errors import UntrustedSqlError
from state.sources import LINE_BITS
from tools.checks import search
from tools.checks.compile import Relation, compile_rules, violating_rows_sql
from tools.checks.prepare import prepare_rules
from tools.checks.run import run_rules, sql_rule_query
from tools.checks.types import expected_type
from tools.sql.quote import ident
from tools.workspace import create_views, open_workspace

PLAIN = Relation(schema_name="plain", conformed=False)
EVIL = "a\"b'; drop table stage.t; --"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_workspace(tmp_path) as connection:
        connection.execute("create schema plain")
        connection.execute("insert into land.files (file_id, name) values (0, 'one.csv'), (1, 'two.csv')")
        yield connection


def stage(connection: duckdb.DuckDBPyConnection, table: Table, rows: dict[int, tuple[Any, ...]]) -> Contract:
    """Stage rows by their id."""
    name = ident(table.name)
    columns = ", ".join(
        f"{ident(c.name)} {expected_type(c)}, {ident('raw$' + c.name)} varchar, {ident('op$' + c.name)} varchar"
        for c in table.columns
    )
    connection.execute(f"create table stage.{name} (_row bigint, {columns})")
    for row_id, row in rows.items():
        values = [row_id] + [item for value in row for item in (value, None, None)]
        connection.execute(f"insert into stage.{name} values ({', '.join('?' * len(values))})", values)
    create_views(connection, table)
    return contract_of(table)


def contract_of(*tables: Table) -> Contract:
    return Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=tables, path="c", sha256="0")


def run(connection: duckdb.DuckDBPyConnection, contract: Contract, **settings: Any) -> dict[str, CheckResult]:
    rules = compile_rules(contract, contract.tables[0], **settings)
    return {result.rule: result for result in run_rules(connection, rules, contract=contract)}


AMOUNTS = Table(
    name="t",
    columns=(
        Column(name="id", key_position=1),
        Column(name="amount", logical_type=LogicalType.INTEGER, options=TypeOptions(minimum=0)),
    ),
)


def test_the_first_violations_are_located_by_file_line_key_and_value(workspace: duckdb.DuckDBPyConnection) -> None:
    two = 1 << LINE_BITS
    rows = {two | 7: ("e", -5), 3: ("a", -1), 2: ("b", 1), two | 2: ("c", -2), two | 5: ("d", -3)}
    contract = stage(workspace, AMOUNTS, rows)
    rules = compile_rules(contract, AMOUNTS)

    result = {r.rule: r for r in run_rules(workspace, rules, contract=contract, limit=3)}["t.amount.minimum"]

    assert result.count == 4
    assert [(where.file, where.line, where.key, where.value) for where in result.locators] == [
        ("one.csv", 3, "id=a", "-1"),
        ("two.csv", 2, "id=c", "-2"),
        ("two.csv", 5, "id=d", "-3"),
    ]
    assert all(not r.locators for r in run_rules(workspace, rules, contract=contract, locate=False))


def test_rows_of_a_derived_table_have_no_file(workspace: duckdb.DuckDBPyConnection) -> None:
    table = AMOUNTS.model_copy(update={"transform_logic": "select 1"})

    result = run(workspace, stage(workspace, table, {1: ("a", -1)}))["t.amount.minimum"]

    assert [(where.file, where.line, where.key) for where in result.locators] == [(None, None, "id=a")]


def test_long_values_are_cut(workspace: duckdb.DuckDBPyConnection) -> None:
    table = Table(name="t", columns=(Column(name="c", options=TypeOptions(max_length=1)),))
    contract = stage(workspace, table, {1: ("ü" * 500,)})

    assert run(workspace, contract)["t.c.maxLength"].locators[0].value == "ü" * 200
    reason = workspace.execute(violating_rows_sql(compile_rules(contract, table), table)).fetchall()[0][2]
    assert reason == "expected texts of at most 1 characters, found " + "ü" * 200


@pytest.mark.parametrize(("may_be_empty", "rules"), [(False, {"t.notEmpty": Verdict.FAILED}), (True, {})])
def test_an_empty_table_is_broken_unless_the_contract_allows_it(
    workspace: duckdb.DuckDBPyConnection,
    may_be_empty: bool,  # noqa: FBT001
    rules: dict[str, Verdict],
) -> None:
    table = AMOUNTS.model_copy(update={"may_be_empty": may_be_empty})

    results = run(workspace, stage(workspace, table, {}))

    assert {rule: result.result for rule, result in results.items() if result.result is not Verdict.PASSED} == rules


def test_one_rule_with_failing_sql_stops_no_other(workspace: duckdb.DuckDBPyConnection) -> None:
    table = Table(name="t", columns=tuple(Column(name=name, required=True) for name in "abcde"))
    contract = stage(workspace, table, {1: ("1", None, "x", "4", "5")})
    rules = compile_rules(contract, table)
    broken = [
        rule.model_copy(update={"violation": "cast(t.c as integer) > 0"}) if rule.id == "t.c.required" else rule
        for rule in rules
    ]

    results = {result.rule: result for result in run_rules(workspace, broken, contract=contract)}

    assert (results["t.c.required"].result, results["t.c.required"].count) == (Verdict.ERROR, 0)
    assert results["t.c.required"].detail.startswith("could not be checked: Conversion Error")
    assert results["t.b.required"].count == 1
    others = {result.result for rule, result in results.items() if rule not in ("t.c.required", "t.b.required")}
    assert others == {Verdict.PASSED}


def test_an_interrupt_or_lack_of_memory_is_no_verdict(workspace: duckdb.DuckDBPyConnection) -> None:
    contract = stage(workspace, AMOUNTS, {1: ("a", 1)})
    rule = compile_rules(contract, AMOUNTS)[0].model_copy(
        update={"measure": "(select count(distinct range) from range(10000000))"}
    )
    workspace.execute("set memory_limit = '20MB'; set max_temp_directory_size = '1MB'")

    with pytest.raises(duckdb.OutOfMemoryException):
        run_rules(workspace, [rule], contract=contract)


@pytest.mark.parametrize("name", [EVIL, "select", "a.b", "ü $1 ?", "{x}", "%s"])
def test_names_and_values_of_the_contract_are_inert(workspace: duckdb.DuckDBPyConnection, name: str) -> None:
    options = TypeOptions(pattern="^(?!')", min_length=1)
    quality = QualityRule(
        id="t.quality[0]", type="library", metric="missingValues", operator="mustBe", threshold=0,
        arguments={"missingValues": [EVIL]},
    )  # fmt: skip
    table = Table(
        name=name,
        columns=(
            Column(
                name=name,
                key_position=1,
                unique=True,
                required=True,
                options=options,
                valid_values=("ok", EVIL),
                rules=(quality,),
            ),
            Column(name="other", unique=True, logical_type=LogicalType.NUMBER, valid_values=(EVIL, 1)),
        ),
        relationships=(Relationship(id=EVIL, columns=(name,), to_table=name, to_columns=(name,)),),
    )
    contract = stage(workspace, table, {1: ("ok", 1.0), 2: (EVIL, 2.0)})

    results = run(workspace, contract)
    prepared = prepare_rules(workspace, compile_rules(contract, table))
    aside = workspace.execute(f"select _row, rule from ({violating_rows_sql(prepared, table)})").fetchall()

    broken = {rule: result.count for rule, result in results.items() if result.result is not Verdict.PASSED}
    assert broken == {"t.quality[0]": 1, f"{name}.other.validValues": 1}
    assert sorted(aside) == sorted([(2, "t.quality[0]"), (2, f"{name}.other.validValues")])
    assert workspace.execute(f"select count(*) from stage.{ident(name)}").fetchall() == [(2,)]


def test_rows_to_set_aside_name_every_broken_rule_and_its_reason(workspace: duckdb.DuckDBPyConnection) -> None:
    warning = QualityRule(
        id="t.amount.quality[0]", type="library", metric="nullValues", operator="mustBe", threshold=0,
        severity=Severity.WARNING,
    )  # fmt: skip
    amount = AMOUNTS.columns[1].model_copy(update={"rules": (warning,), "required": True})
    table = AMOUNTS.model_copy(update={"columns": (AMOUNTS.columns[0], amount)})
    contract = stage(workspace, table, {1: ("a", 1), 2: ("b", -1), 3: ("c", None), 4: ("d", None), 5: ("d", -2)})
    workspace.execute("update stage.t set \"raw$amount\" = 'many', \"op$amount\" = 'unreadable' where _row = 3")

    rows = workspace.execute(violating_rows_sql(compile_rules(contract, table), table)).fetchall()

    assert sorted(rows) == [
        (2, "t.amount.minimum", "expected values of at least 0, found -1"),
        (3, "t.amount.type", "expected values of type integer, found many"),
        (4, "t.amount.required", "expected no null values, found null"),
        (4, "t.primaryKey", "expected a unique key (id) without null, found id=d"),
        (5, "t.amount.minimum", "expected values of at least 0, found -2"),
        (5, "t.primaryKey", "expected a unique key (id) without null, found id=d"),
    ]


def test_without_rules_no_row_is_set_aside(workspace: duckdb.DuckDBPyConnection) -> None:
    cursor = workspace.execute(violating_rows_sql((), AMOUNTS))

    assert [column[0] for column in cursor.description] == ["_row", "rule", "reason"]
    assert cursor.fetchall() == []


def test_a_pattern_only_python_can_search_sets_rows_aside_once_prepared(
    workspace: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PAGE", 2)
    table = Table(name="t", columns=(Column(name="c", options=TypeOptions(pattern="^(?!x)")),))
    values = ["xa", "a", "xb", "xa", None, "xc", "xd", "xe"]
    contract = stage(workspace, table, {number: (value,) for number, value in enumerate(values)})
    rules = compile_rules(contract, table)

    assert workspace.execute(violating_rows_sql(rules, table)).fetchall() == []
    prepared = violating_rows_sql(prepare_rules(workspace, rules), table)
    assert sorted(row[0] for row in workspace.execute(prepared).fetchall()) == [0, 2, 3, 5, 6, 7]
    assert run(workspace, contract)["t.c.pattern"].count == 6


def test_a_pattern_that_takes_too_long_is_an_error_and_no_hang(workspace: duckdb.DuckDBPyConnection) -> None:
    table = Table(name="t", columns=(Column(name="c", options=TypeOptions(pattern=r"^(?=(a+)+$)b")),))
    contract = stage(workspace, table, {1: ("a" * 60 + "!",)})
    rules = compile_rules(contract, table)

    prepared = {rule.id: rule for rule in prepare_rules(workspace, rules, search_seconds=1.0)}

    assert "too long" in (prepared["t.c.pattern"].unsupported or "")
    assert prepared["t.c.type"].unsupported is None


@pytest.mark.parametrize("pattern", [r"\p{Nonsense}", "((a{100}){100}){100}"])
def test_a_pattern_the_engine_refuses_spoils_no_other_rule(workspace: duckdb.DuckDBPyConnection, pattern: str) -> None:
    table = Table(name="t", columns=(Column(name="c", required=True, options=TypeOptions(pattern=pattern)),))
    contract = stage(workspace, table, {1: (None,)})

    prepared = prepare_rules(workspace, compile_rules(contract, table))

    assert workspace.execute(f"select rule from ({violating_rows_sql(prepared, table)})").fetchall() == [
        ("t.c.required",)
    ]
    assert {rule.id for rule in prepared if rule.unsupported} == {"t.c.pattern"}
    assert run(workspace, contract)["t.c.pattern"].blocking


def test_a_missing_table_or_column_is_named(workspace: duckdb.DuckDBPyConnection) -> None:
    contract = stage(workspace, AMOUNTS, {1: ("a", 1)})
    more = AMOUNTS.model_copy(update={"columns": (*AMOUNTS.columns, Column(name="late", required=True))})
    ghost = AMOUNTS.model_copy(update={"name": "ghost"})

    late = run(workspace, contract_of(more))
    nowhere = run(workspace, contract_of(ghost))

    assert late["t.late.required"].detail == "could not be checked: the column 'late' is missing"
    assert late["t.amount.minimum"].result is Verdict.PASSED
    assert {result.result for result in nowhere.values()} == {Verdict.ERROR}
    assert "ghost" in nowhere["ghost.notEmpty"].detail
    assert contract.tables[0].name == "t"


def test_plain_tables_are_judged_by_their_physical_types(workspace: duckdb.DuckDBPyConnection) -> None:
    table = Table(
        name="t",
        columns=(
            Column(name="id", logical_type=LogicalType.INTEGER, key_position=1, options=TypeOptions(maximum=2)),
            Column(name="day", logical_type=LogicalType.DATE),
            Column(name="gone"),
        ),
    )
    workspace.execute(
        "create view plain.t as select row_number() over () as _row, * "
        "from (values (1::integer, 'soon'), (2, 'later'), (3, null)) v(id, day)"
    )

    results = run(workspace, contract_of(table), relation=PLAIN)

    assert results["t.id.type"].result is Verdict.PASSED
    assert (results["t.day.type"].result, results["t.day.type"].detail) == (
        Verdict.FAILED,
        "the column is of type VARCHAR",
    )
    assert (results["t.gone.type"].result, results["t.gone.type"].detail) == (Verdict.FAILED, "the column is missing")
    where = results["t.id.maximum"].locators[0]
    assert (where.file, where.line, where.key, where.value) == (None, None, "id=3", "3")
    assert results["t.primaryKey"].result is Verdict.PASSED


def test_only_rules_in_sql_have_a_query(workspace: duckdb.DuckDBPyConnection) -> None:
    rule = compile_rules(contract_of(AMOUNTS), AMOUNTS)[0]

    with pytest.raises(UntrustedSqlError, match=r"t\.notEmpty"):
        sql_rule_query(rule)


def test_ids_are_unique_even_where_paths_collide() -> None:
    inner = Column(name="a", logical_type=LogicalType.OBJECT, properties=(Column(name="b", required=True),))
    table = Table(name="t", columns=(Column(name="a.b", required=True), inner))

    ids = [rule.id for rule in compile_rules(contract_of(table), table)]

    assert len(ids) == len(set(ids))
    assert {"t.a.b.required", "t.a.b.required#2"} <= set(ids)
