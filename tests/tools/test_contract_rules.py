"""Quality rules, and what follows from them for valid values and emptiness."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from state.contract import Column, Severity, Table
from tools.contract.read import LoadedContract, load_contract

Json = dict[str, Any]
HEAD: Json = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "c", "version": "1.0.0", "status": "active"}


def own(**values: object) -> list[Json]:
    return [{"property": f"millwright.{name}", "value": value} for name, value in values.items()]


def load(folder: Path, *tables: Json, **head: object) -> LoadedContract:
    path = folder / "contract.yaml"
    path.write_text(yaml.safe_dump({**HEAD, "schema": list(tables), **head}, sort_keys=False))
    return load_contract(path)


def table(folder: Path, **fields: object) -> Table:
    loaded = load(folder, {"name": "t", "properties": [{"name": "a"}], **fields})
    assert loaded.contract is not None
    assert loaded.errors == ()
    return loaded.contract.table("t")


def column(folder: Path, **fields: object) -> Column:
    return table(folder, properties=[{"name": "a", **fields}]).column("a")


def the_error(loaded: LoadedContract) -> str:
    assert len(loaded.errors) == 1, loaded.faults
    return f"{loaded.errors[0].place}: {loaded.errors[0].message}"


def test_a_rule_arrives_with_all_it_says(tmp_path: Path) -> None:
    quality = {
        "metric": "invalidValues",
        "arguments": {"pattern": "^a"},
        "mustBeLessThan": 5,
        "unit": "percent",
        "severity": "warning",
        "name": "n",
        "dimension": "conformity",
    }
    (rule,) = column(tmp_path, quality=[quality]).rules
    assert rule.id == "t.a.quality[0]"
    assert (rule.type, rule.metric, rule.operator, rule.threshold, rule.unit) == (
        "library",
        "invalidValues",
        "mustBeLessThan",
        5,
        "percent",
    )
    assert (rule.severity, rule.arguments, rule.name) == (Severity.WARNING, {"pattern": "^a"}, "n")


def test_sql_text_custom_and_range_rules(tmp_path: Path) -> None:
    rules = table(
        tmp_path,
        quality=[
            {"type": "sql", "query": "select 1", "mustBe": 1},
            {"type": "text", "description": "be nice"},
            {"type": "custom", "engine": "soda", "implementation": {"checks": [1]}},
            {"metric": "rowCount", "mustBeBetween": [1, 9]},
            {"description": "only words"},
        ],
    ).rules
    assert [rule.type for rule in rules] == ["sql", "text", "custom", "library", "text"]
    assert (rules[0].query, rules[0].threshold) == ("select 1", 1)
    assert (rules[2].engine, rules[2].implementation) == ("soda", '{"checks": [1]}')
    assert rules[3].threshold == (1.0, 9.0)


@pytest.mark.parametrize(
    ("old", "metric", "threshold"),
    [
        ({"rule": "duplicateCount", "mustBe": 0}, "duplicateValues", 0),
        ({"rule": "validValues", "validValues": ["x"], "mustBe": 0}, "invalidValues", 0),
        ({"rule": "nullCheck"}, "nullValues", 0),
        ({"rule": "rowCount", "mustBeGreaterThan": 5}, "rowCount", 5),
        ({"rule": "somethingElse", "mustBe": 1}, "somethingElse", 1),
    ],
)
def test_rules_of_version_3_0_are_translated_where_they_can_be(
    tmp_path: Path, old: Json, metric: str, threshold: int
) -> None:
    tables = {"name": "t", "properties": [{"name": "a", "logicalType": "string", "quality": [old]}]}
    loaded = load(tmp_path, tables, apiVersion="v3.0.2")
    assert loaded.contract is not None
    read = loaded.contract.table("t").column("a")
    assert (read.rules[0].metric, read.rules[0].threshold) == (metric, threshold)
    assert read.valid_values == (("x",) if "validValues" in old else ())


def test_an_unknown_severity_counts_as_error_and_is_told(tmp_path: Path) -> None:
    rule = {"metric": "nullValues", "mustBe": 0, "severity": "blocker"}
    loaded = load(tmp_path, {"name": "t", "properties": [{"name": "a", "quality": [rule]}]})
    assert loaded.contract is not None
    assert loaded.contract.table("t").column("a").rules[0].severity is Severity.ERROR
    assert [(fault.place, fault.error) for fault in loaded.faults] == [
        ("schema/0/properties/0/quality/0/severity", False)
    ]


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ({"mustBe": 0}, ("a", "b")),
        ({"mustBe": 0, "unit": "percent"}, ("a", "b")),
        ({"mustBeLessOrEqualTo": 5, "unit": "percent"}, ()),
        ({"mustBe": 0, "severity": "warning"}, ()),
        ({"mustBe": 3}, ()),
    ],
)
def test_valid_values_come_only_from_a_rule_without_exceptions(
    tmp_path: Path, rule: Json, values: tuple[str, ...]
) -> None:
    quality = [{"metric": "invalidValues", "arguments": {"validValues": ["a", None, "b", "a"]}, **rule}]
    assert column(tmp_path, logicalType="string", quality=quality).valid_values == values


def test_two_lists_of_valid_values_are_intersected(tmp_path: Path) -> None:
    quality = [
        {"metric": "invalidValues", "arguments": {"validValues": values}, "mustBe": 0} for values in ([1, 2, 3], [3, 2])
    ]
    assert column(tmp_path, logicalType="integer", quality=quality).valid_values == (2, 3)


def test_an_unquoted_no_among_countries_is_an_error(tmp_path: Path) -> None:
    quality = [{"metric": "invalidValues", "arguments": {"validValues": [False, "SE"]}, "mustBe": 0}]
    loaded = load(tmp_path, {"name": "t", "properties": [{"name": "a", "logicalType": "string", "quality": quality}]})
    assert "put it in quotes" in the_error(loaded)


@pytest.mark.parametrize(
    ("rules", "extra", "empty"),
    [
        ([], {}, False),
        ([{"mustBeGreaterOrEqualTo": 0}], {}, True),
        ([{"mustBeGreaterThan": 0}], {}, False),
        ([{"mustBeBetween": [0, 9]}], {}, True),
        ([{"mustNotBeBetween": [5, 9]}], {}, True),
        ([{"mustBe": 0}], {}, True),
        ([{"mustBeGreaterOrEqualTo": 0}, {"mustBeGreaterThan": 3}], {}, False),
        ([], {"mayBeEmpty": True}, True),
        ([], {"mayBeEmpty": "true"}, True),
    ],
)
def test_a_table_may_be_empty_only_if_the_contract_says_so(
    tmp_path: Path, rules: list[Json], extra: Json, *, empty: bool
) -> None:
    quality = [{"metric": "rowCount", **rule} for rule in rules]
    assert table(tmp_path, quality=quality, customProperties=own(**extra)).may_be_empty is empty


@pytest.mark.parametrize("bound", ["mustBe: .nan", "mustBeBetween: [.nan, 2.0]", "mustBeBetween: [0, .inf]"])
def test_a_threshold_that_is_no_finite_number_is_a_fault(tmp_path: Path, bound: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nschema:\n  - name: t\n"
        f"    quality: [{{metric: rowCount, {bound}}}]\n    properties: [{{name: a, logicalType: string}}]\n"
    )
    loaded = load_contract(path)
    assert any("finite" in fault.message for fault in loaded.errors)
