"""Settings, relationships and derived tables, and what no table could satisfy."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from state.contract import Column, Drift, Keep, KeepPolicy, OnViolation, RepairScope, Table
from tools.checks.compile import compile_rules
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


def test_settings_of_a_table_arrive(tmp_path: Path) -> None:
    read = table(
        tmp_path,
        customProperties=[
            *own(sources=["a*", "b*"], keep="latest: a", onViolation="fail"),
            *own(drift="freeze", maxQuarantine=0.2, repair="all"),
            {"property": "other.vendor", "value": 1},
        ],
        properties=[{"name": "k", "primaryKey": True}, {"name": "a"}],
    )
    assert read.sources == ("a*", "b*")
    assert read.keep == Keep(policy=KeepPolicy.LATEST, column="a")
    assert (read.on_violation, read.drift, read.max_quarantine) == (OnViolation.FAIL, Drift.FREEZE, 0.2)
    assert [each.repair for each in read.columns] == [RepairScope.NEVER, RepairScope.ALL]


def test_without_settings_the_defaults_of_the_design_hold(tmp_path: Path) -> None:
    read = table(tmp_path)
    assert (read.sources, read.keep, read.max_quarantine) == ((), None, 0.05)
    assert (read.on_violation, read.drift) == (OnViolation.REPAIR, Drift.DISCARD_VALUE)
    assert read.column("a").repair is RepairScope.VIOLATIONS


def test_settings_of_the_contract_hold_where_a_table_says_nothing(tmp_path: Path) -> None:
    tables = [
        {"name": "t", "properties": [{"name": "a"}]},
        {"name": "u", "properties": [{"name": "a"}], "customProperties": own(maxQuarantine=0)},
    ]
    loaded = load(tmp_path, *tables, customProperties=own(maxQuarantine=0.5))
    assert loaded.contract is not None
    assert [each.max_quarantine for each in loaded.contract.tables] == [0.5, 0]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"drift": "frieze"}, "must be one of evolve, freeze, .*did you mean 'freeze'"),
        ({"onViolation": "explode"}, "must be one of repair, quarantine, fail"),
        ({"maxQuarantine": 5}, "a share between 0 and 1, not 5"),
        ({"maxQuarantine": "much"}, "a share between 0 and 1"),
        ({"maxQuarantine": True}, "a share between 0 and 1"),
        ({"keep": "newest"}, "must be first, last, reject or latest:<column>"),
        ({"keep": "latest"}, "latest:<column>, not 'latest'"),
        ({"keep": "first:a"}, "latest:<column>"),
        ({"keep": "latest:zzz"}, "unknown column 'zzz'"),
        ({"mayBeEmpty": "perhaps"}, "must be true or false"),
        ({"sources": [1]}, "a text or a list of texts"),
        ({"source": "a*"}, "no setting of a table; did you mean 'sources'"),
        ({"aliases": "a"}, "no setting of a table: it belongs to a column"),
        ({"transformLogic": "select from where"}, "no SQL that can be read"),
        ({"transformLogic": "select * from elsewhere"}, "made from 'elsewhere', which is no table here"),
        ({"transformSourceObjects": ["tt"]}, "made from 'tt', which is no table here"),
    ],
)
def test_a_faulty_setting_is_an_error_at_its_place(tmp_path: Path, setting: Json, message: str) -> None:
    properties = [{"name": "k", "primaryKey": True}, {"name": "a"}]
    found = the_error(load(tmp_path, {"name": "t", "properties": properties, "customProperties": own(**setting)}))
    assert found.startswith("schema/0")
    assert re.search(message, found), found


def test_a_faulty_setting_of_the_contract_is_told_once(tmp_path: Path) -> None:
    tables = [{"name": name, "properties": [{"name": "a"}]} for name in "tuv"]
    assert the_error(load(tmp_path, *tables, customProperties=own(drift="x"))).startswith("customProperties/0")


def derived(logic: str, **fields: object) -> Json:
    return {"name": "d", "properties": [{"name": "a"}], "customProperties": own(transformLogic=logic), **fields}


def test_the_sources_of_a_derived_table_are_those_its_sql_reads(tmp_path: Path) -> None:
    logic = "with x as (select * from T) select a from x join main.u using (a) where a in (select a from u)"
    plain = [{"name": name, "properties": [{"name": "a"}]} for name in ("t", "u", "x2")]
    loaded = load(tmp_path, *plain, derived(logic))
    assert loaded.errors == ()
    assert loaded.contract is not None
    read = loaded.contract.table("d")
    assert read.derived
    assert sorted(read.transform_sources) == ["t", "u"]


def test_the_standards_own_name_at_a_table_is_understood_with_a_warning(tmp_path: Path) -> None:
    tables = [
        {"name": "t", "properties": [{"name": "a"}]},
        {
            "name": "d",
            "properties": [{"name": "a"}],
            "transformLogic": "select a from t",
            "transformSourceObjects": ["t"],
        },
    ]
    loaded = load(tmp_path, *tables)
    assert loaded.errors == ()
    assert [fault.place for fault in loaded.schema_faults] == ["schema/1"]
    assert loaded.contract is not None
    assert loaded.contract.table("d").transform_sources == ("t",)


def test_tables_made_from_each_other_are_an_error(tmp_path: Path) -> None:
    loaded = load(tmp_path, derived("select a from e"), derived("select a from d", name="e"))
    assert "made from each other: d <- e <- d" in the_error(loaded)


def related(to: object, **fields: object) -> list[Json]:
    one = {"name": "one", "id": "t1", "properties": [{"name": "id", "id": "p1"}, {"name": "code", "id": "p2"}]}
    references = [{"name": "r", "relationships": [{"to": to}]}, {"name": "s"}]
    return [one, {"name": "many", "id": "t2", "properties": references, **fields}]


@pytest.mark.parametrize(
    "to", ["one.id", "/schema/t1/properties/p1", "schema/t1/properties/p1", "/schema/one/properties/id"]
)
def test_references_by_name_or_id_are_found(tmp_path: Path, to: str) -> None:
    loaded = load(tmp_path, *related(to))
    assert loaded.contract is not None
    assert loaded.faults == ()
    (relationship,) = loaded.contract.table("many").relationships
    assert (relationship.columns, relationship.to_table, relationship.to_columns) == (("r",), "one", ("id",))
    assert relationship.id == "many.r.relationships[0]"


def test_composite_references_of_a_table(tmp_path: Path) -> None:
    composite = [{"from": ["many.r", "/schema/t2/properties/s"], "to": ["one.id", "one.code"]}]
    loaded = load(tmp_path, *related("one.id", relationships=composite))
    assert loaded.contract is not None
    first = loaded.contract.table("many").relationships[0]
    assert (first.columns, first.to_columns) == (("r", "s"), ("id", "code"))


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("one.codes", "table 'one' has no column 'codes'; did you mean 'code'"),
        ("/schema/t1/properties/p1/properties/p2", "neither table.column nor"),
        (["one.id", "one.code"], "1 columns cannot refer to 2 columns"),
    ],
)
def test_references_to_nowhere_are_errors(tmp_path: Path, to: object, message: str) -> None:
    found = the_error(load(tmp_path, *related(to)))
    assert found.startswith("schema/1/properties/0/relationships/0")
    assert message in found


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("onne.id", "there is no table 'onne' here, the reference cannot be checked; did you mean 'one'"),
        ("other.yaml#/schema/t1/properties/p1", "another file"),
    ],
)
def test_references_out_of_the_contract_are_kept_to_be_named_as_not_checkable(
    tmp_path: Path, to: str, message: str
) -> None:
    loaded = load(tmp_path, *related(to))
    assert loaded.contract is not None
    assert loaded.errors == ()
    assert message in loaded.faults[0].message
    rules = compile_rules(loaded.contract, loaded.contract.table("many"))
    assert [rule.unsupported for rule in rules if rule.kind == "relationship"] == [
        f"the contract has no table {loaded.contract.table('many').relationships[0].to_table!r}"
    ]


@pytest.mark.parametrize(
    ("composite", "message"),
    [
        ({"from": ["many.r"], "to": ["one.id", "one.code"]}, "1 columns cannot refer to 2"),
        ({"from": ["many.r", "many.s"], "to": ["one.id", "many.s"]}, "in different tables"),
        ({"from": "one.id", "to": "one.code"}, "starts from 'one': move it"),
    ],
)
def test_composite_references_must_fit(tmp_path: Path, composite: Json, message: str) -> None:
    assert message in the_error(load(tmp_path, *related("one.id", relationships=[composite])))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"properties": [{"name": "a"}, {"name": "A"}]}, "2 columns have the same name: 'a' and 'A'"),
        ({"properties": [{"name": "_line"}]}, "'_line' is reserved"),
        ({"properties": [{"name": "raw$a"}]}, "'raw$a' is reserved"),
        ({"name": "../t"}, "cannot be the name of a file"),
        ({"name": "_runs"}, "'_runs' is reserved"),
        (
            {
                "properties": [
                    {"name": "a", "logicalType": "integer", "logicalTypeOptions": {"minimum": 5, "maximum": 4}}
                ]
            },
            "no value of",
        ),
        (
            {
                "properties": [
                    {"name": "a", "logicalType": "number", "logicalTypeOptions": {"minimum": 5, "exclusiveMaximum": 5}}
                ]
            },
            "no value of",
        ),
        (
            {
                "properties": [
                    {
                        "name": "a",
                        "logicalType": "date",
                        "logicalTypeOptions": {"minimum": "2024-05-01", "maximum": "2024-04-30"},
                    }
                ]
            },
            "no value of",
        ),
        ({"quality": [{"metric": "rowCount", "mustBeBetween": [9, 1]}]}, "lower bound 9 is above"),
    ],
)
def test_what_no_table_can_satisfy_is_an_error(tmp_path: Path, fields: Json, message: str) -> None:
    assert message in the_error(load(tmp_path, {"name": "t", "properties": [{"name": "a"}], **fields}))


def test_equal_bounds_are_no_fault(tmp_path: Path) -> None:
    assert column(tmp_path, logicalType="integer", logicalTypeOptions={"minimum": 5, "maximum": 5}).options.minimum == 5


def test_two_tables_of_one_name_are_an_error(tmp_path: Path) -> None:
    tables = [{"name": name, "properties": [{"name": "a"}]} for name in ("t", "T")]
    assert "2 tables have the same name" in the_error(load(tmp_path, *tables))
