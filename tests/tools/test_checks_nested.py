"""Rules inside JSON documents: objects, arrays, and what is not checked there."""

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from state.checks import CheckResult, Verdict
from state.contract import Column, Contract, LogicalType, QualityRule, Table, TypeOptions
from tools.checks.compile import Relation, compile_rules
from tools.checks.run import run_rules
from tools.workspace import create_views, open_workspace

T = LogicalType


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_workspace(tmp_path_factory.mktemp("workspace")) as connection:
        connection.execute("create schema plain")
        yield connection


def contract_of(column: Column) -> Contract:
    table = Table(name="t", columns=(column,), may_be_empty=True)
    return Contract(id="c", name="c", version="1", api_version="v3.1.0", tables=(table,), path="c", sha256="0")


def check(connection: duckdb.DuckDBPyConnection, column: Column, texts: list[str | None]) -> dict[str, CheckResult]:
    contract = contract_of(column)
    connection.execute("drop view if exists live.t; drop view if exists main.t")
    connection.execute('create or replace table stage.t (_row bigint, c varchar, "raw$c" varchar, "op$c" varchar)')
    for number, text in enumerate(texts, start=1):
        connection.execute("insert into stage.t values (?, ?, null, null)", [number, text])
    create_views(connection, contract.tables[0])
    results = run_rules(connection, compile_rules(contract, contract.tables[0]), contract=contract)
    return {result.rule: result for result in results}


def broken(results: dict[str, CheckResult]) -> dict[str, int]:
    return {rule: result.count for rule, result in results.items() if result.result is not Verdict.PASSED}


def obj(*properties: Column, **options: Any) -> Column:
    return Column(name="c", logical_type=T.OBJECT, properties=properties, options=TypeOptions(**options))


def arr(item: Column | None = None, **options: Any) -> Column:
    return Column(name="c", logical_type=T.ARRAY, items=item, options=TypeOptions(**options))


def col(name: str, logical: LogicalType = T.STRING, required: bool = False, **options: Any) -> Column:  # noqa: FBT001, FBT002
    return Column(name=name, logical_type=logical, required=required, options=TypeOptions(**options))


OBJECT = obj(
    col("street", required=True, max_length=5),
    col("no", T.INTEGER, minimum=1),
    col("since", T.DATE),
    col("a/b~c'", T.BOOLEAN),
    Column(name="geo", logical_type=T.OBJECT, properties=(col("lat", T.NUMBER, required=True, maximum=90),)),
)


@pytest.mark.parametrize(
    ("column", "document", "rules"),
    [
        (OBJECT, {"street": "a", "no": 1, "since": "2020-01-01", "a/b~c'": True, "geo": {"lat": 1.5}}, {}),
        (OBJECT, {"street": "a", "no": None, "geo": None, "more": [1]}, {}),
        (OBJECT, {}, {"t.c.street.required": 1}),
        (OBJECT, {"street": None}, {"t.c.street.required": 1}),
        (OBJECT, {"street": "aaaaaa"}, {"t.c.street.maxLength": 1}),
        (OBJECT, {"street": 5}, {"t.c.street.type": 1}),
        (OBJECT, {"street": "a", "no": 0}, {"t.c.no.minimum": 1}),
        (OBJECT, {"street": "a", "no": "x"}, {"t.c.no.type": 1}),
        (OBJECT, {"street": "a", "no": 1.5}, {"t.c.no.type": 1}),
        (OBJECT, {"street": "a", "since": "soon"}, {"t.c.since.type": 1}),
        (OBJECT, {"street": "a", "a/b~c'": "yes"}, {"t.c.a/b~c'.type": 1}),
        (OBJECT, {"street": "a", "geo": {}}, {"t.c.geo.lat.required": 1}),
        (OBJECT, {"street": "a", "geo": {"lat": 91}}, {"t.c.geo.lat.maximum": 1}),
        (OBJECT, {"street": "a", "geo": []}, {"t.c.geo.type": 1, "t.c.geo.lat.required": 1}),
        (obj(min_properties=1, max_properties=2), {"a": 1}, {}),
        (obj(min_properties=1), {}, {"t.c.minProperties": 1}),
        (obj(max_properties=1), {"a": 1, "b": 2}, {"t.c.maxProperties": 1}),
        (obj(required_properties=("a", "b'")), {"a": None, "b'": 1}, {}),
        (obj(required_properties=("a", "b'")), {"a": 1}, {"t.c.requiredProperties": 1}),
        (arr(min_items=1, max_items=2, unique_items=True), [1, 2], {}),
        (arr(min_items=1), [], {"t.c.minItems": 1}),
        (arr(max_items=1), [1, 2], {"t.c.maxItems": 1}),
        (arr(unique_items=True), [1, {"a": 1}, {"a": 1}], {"t.c.uniqueItems": 1}),
        (arr(col("item", T.INTEGER, maximum=3)), [1, 3, None], {}),
        (arr(col("item", T.INTEGER, maximum=3)), [1, 4, "x"], {"t.c[].maximum": 1, "t.c[].type": 1}),
        (arr(col("item", required=True, pattern="^a")), ["a", None], {"t.c[].required": 1}),
        (arr(col("item", pattern="^a")), ["a", "b"], {"t.c[].pattern": 1}),
        (arr(Column(name="item", valid_values=("a",))), ["a", "b"], {"t.c[].validValues": 1}),
        (arr(arr(col("item", T.INTEGER))), [[1], [2, "x"]], {"t.c[][].type": 1}),
        (arr(arr(col("item", T.INTEGER))), [[1], [2]], {}),
        (arr(obj(col("k", required=True))), [{"k": "a"}, {}], {"t.c[].k.required": 1}),
    ],
)
def test_what_lies_in_a_document_is_judged(
    workspace: duckdb.DuckDBPyConnection, column: Column, document: Any, rules: dict[str, int]
) -> None:
    assert broken(check(workspace, column, [json.dumps(document), None])) == rules


@pytest.mark.parametrize(("column", "text"), [(obj(), "[]"), (obj(), "{"), (obj(), "null"), (arr(), "{}"), (arr(), "")])
def test_text_that_is_no_document_of_the_type_breaks_the_type(
    workspace: duckdb.DuckDBPyConnection, column: Column, text: str
) -> None:
    assert broken(check(workspace, column, [text, None])) == {"t.c.type": 1}


def test_broken_documents_break_no_rule_about_their_inside(workspace: duckdb.DuckDBPyConnection) -> None:
    assert broken(check(workspace, OBJECT, ["{'street': 1}"])) == {"t.c.type": 1}


def test_what_is_not_checked_inside_documents_is_named(workspace: duckdb.DuckDBPyConnection) -> None:
    metric = QualityRule(id="q", type="library", metric="nullValues", operator="mustBe", threshold=0)
    inner = Column(name="k", unique=True, rules=(metric,), options=TypeOptions(pattern="^(?!x)", min_items=1))

    results = check(workspace, arr(obj(inner)), ["[]"])

    unchecked = {rule for rule, result in results.items() if result.result is Verdict.ERROR}
    assert results["t.c[].k.minItems"].result is Verdict.WARNING
    assert unchecked == {"t.c[].k.unique", "t.c[].k.quality[0]", "t.c[].k.pattern"}


def test_options_of_the_other_container_are_named(workspace: duckdb.DuckDBPyConnection) -> None:
    for rule in ("minItems", "pattern", "format"):
        column = obj(min_items=2, pattern="a", format="email")
        assert check(workspace, column, ["{}"])[f"t.c.{rule}"].result is Verdict.WARNING


@pytest.mark.parametrize("rule", ["validValues", "minimum", "multipleOf"])
def test_rules_on_scalars_block_where_the_value_is_a_document(workspace: duckdb.DuckDBPyConnection, rule: str) -> None:
    column = obj(minimum=1, multiple_of=2).model_copy(update={"valid_values": ("{}",)})

    assert check(workspace, column, ["{}"])[f"t.c.{rule}"].blocking


def test_nested_types_of_plain_tables_are_judged_like_documents(workspace: duckdb.DuckDBPyConnection) -> None:
    contract = contract_of(OBJECT)
    workspace.execute("create or replace view plain.t as select 1 as _row, {'street': 'aaaaaaaa', 'no': 0} as c")

    rules = compile_rules(contract, contract.tables[0], Relation(schema_name="plain", conformed=False))
    results = {result.rule: result for result in run_rules(workspace, rules, contract=contract)}

    assert broken(results) == {"t.c.street.maxLength": 1, "t.c.no.minimum": 1}
    assert results["t.c.json"].result is Verdict.PASSED
