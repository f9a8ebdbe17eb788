"""Columns: types, options, keys and names as the contract gives them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from state.contract import Column, LogicalType, RepairScope, Table
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


@pytest.mark.parametrize(
    ("physical", "logical"),
    [
        ("VARCHAR(18)", LogicalType.STRING),
        ("character varying", LogicalType.STRING),
        ("int", LogicalType.INTEGER),
        ("BIGINT UNSIGNED", LogicalType.INTEGER),
        ("NUMBER(10)", LogicalType.INTEGER),
        ("decimal(10, 0)", LogicalType.INTEGER),
        ("decimal(10,2)", LogicalType.NUMBER),
        ("double precision", LogicalType.NUMBER),
        ("date", LogicalType.DATE),
        ("timestamp with time zone", LogicalType.TIMESTAMP),
        ("datetime2(7)", LogicalType.TIMESTAMP),
        ("time", LogicalType.TIME),
        ("bool", LogicalType.BOOLEAN),
        ("integer[]", LogicalType.ARRAY),
        ("jsonb", LogicalType.OBJECT),
        ("geography", LogicalType.STRING),
        (None, LogicalType.STRING),
    ],
)
def test_the_logical_type_is_inferred_from_the_physical_one(
    tmp_path: Path, physical: str | None, logical: LogicalType
) -> None:
    assert column(tmp_path, **({"physicalType": physical} if physical else {})).logical_type is logical


def test_a_declared_logical_type_wins(tmp_path: Path) -> None:
    assert column(tmp_path, physicalType="varchar(8)", logicalType="date").logical_type is LogicalType.DATE


def test_options_arrive(tmp_path: Path) -> None:
    options = {"minimum": 0, "exclusiveMaximum": 9.5, "multipleOf": 0.5}
    read = column(tmp_path, logicalType="number", logicalTypeOptions=options).options
    assert (read.minimum, read.exclusive_maximum, read.multiple_of, read.maximum) == (0, 9.5, 0.5, None)
    text = column(
        tmp_path, logicalType="string", logicalTypeOptions={"minLength": 2, "pattern": "^a", "format": "email"}
    )
    assert (text.options.min_length, text.options.pattern, text.options.format) == (2, "^a", "email")


def test_exclusive_flags_of_version_3_0_become_exclusive_bounds(tmp_path: Path) -> None:
    options = {"minimum": 3, "exclusiveMinimum": True, "maximum": 7, "exclusiveMaximum": False}
    properties = [{"name": "a", "logicalType": "integer", "logicalTypeOptions": options}]
    loaded = load(tmp_path, {"name": "t", "properties": properties}, apiVersion="v3.0.2")
    assert loaded.valid
    assert loaded.contract is not None
    read = loaded.contract.table("t").column("a").options
    assert (read.minimum, read.exclusive_minimum, read.maximum, read.exclusive_maximum) == (None, 3, 7, None)


def test_keys_are_required_ordered_and_not_repaired(tmp_path: Path) -> None:
    read = table(
        tmp_path,
        properties=[
            {"name": "late", "primaryKey": True},
            {"name": "second", "primaryKey": True, "primaryKeyPosition": 7},
            {"name": "no", "primaryKey": False, "primaryKeyPosition": -1},
            {"name": "first", "primaryKey": True, "primaryKeyPosition": 2, "customProperties": own(repair="all")},
            {"name": "last", "primaryKey": True, "primaryKeyPosition": -1},
        ],
    )
    assert read.key == ("first", "second", "late", "last")
    assert [each.key_position for each in read.columns] == [3, 2, None, 1, 4]
    assert [each.required for each in read.columns] == [True, True, False, True, True]
    scopes = [each.repair for each in read.columns]
    assert scopes == [RepairScope.NEVER, RepairScope.NEVER, RepairScope.VIOLATIONS, RepairScope.ALL, RepairScope.NEVER]


def test_names_transform_and_nested_properties_arrive(tmp_path: Path) -> None:
    read = column(
        tmp_path,
        logicalType="array",
        businessName="A thing",
        physicalName="A1",
        customProperties=own(aliases=["x", "y"]),
        transformLogic="upper(b)",
        transformSourceObjects=["b"],
        items={"logicalType": "object", "properties": [{"name": "inner", "logicalType": "integer", "required": True}]},
    )
    assert (read.business_name, read.physical_name, read.aliases) == ("A thing", "A1", ("x", "y"))
    assert (read.transform_logic, read.transform_sources) == ("upper(b)", ("b",))
    assert read.items is not None
    assert read.items.properties[0].name == "inner"
    assert read.items.properties[0].required
