"""Reading a contract file: refusals, faults with their place and line, and no surprise whatever it holds."""

import copy
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from state.errors import ContractError
from tools.contract.read import LoadedContract, load_contract, require_contract

Json = dict[str, Any]
HEAD: Json = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "c", "version": "1.0.0", "status": "active"}


def own(**values: object) -> list[Json]:
    return [{"property": f"millwright.{name}", "value": value} for name, value in values.items()]


def load(folder: Path, *tables: Json, **head: object) -> LoadedContract:
    path = folder / "contract.yaml"
    path.write_text(yaml.safe_dump({**HEAD, "schema": list(tables), **head}, sort_keys=False))
    return load_contract(path)


def the_error(loaded: LoadedContract) -> str:
    assert len(loaded.errors) == 1, loaded.faults
    return f"{loaded.errors[0].place}: {loaded.errors[0].message}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"apiVersion": "v2.2.2"}, r"apiVersion 'v2.2.2' is not known \(known are v3.0.0, v3.0.1, v3.0.2, v3.1.0\)"),
        ({"apiVersion": "3.1.0"}, "apiVersion '3.1.0' is not known"),
        ({"apiVersion": ["v3.1.0"]}, "is not known"),
        ({"kind": "DataProduct"}, "kind is 'DataProduct'"),
        ({"kind": None, "apiVersion": None}, "not an Open Data Contract Standard file"),
    ],
)
def test_refuses_what_is_no_supported_contract(tmp_path: Path, change: Json, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        load(tmp_path, **change)


def test_names_the_deprecated_specification(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("dataContractSpecification: 1.1.0\nid: x\n")
    with pytest.raises(ContractError, match="convert it to ODCS"):
        load_contract(path)


def test_a_fault_outside_the_schema_is_a_warning_and_the_contract_usable(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"name": "t", "properties": [{"name": "a"}]}, team="everybody")
    assert not loaded.valid
    assert loaded.errors == ()
    assert [fault.place for fault in loaded.faults] == ["team"]
    contract, warnings = require_contract(tmp_path / "contract.yaml")
    assert contract.table("t").columns[0].name == "a"
    assert warnings == loaded.faults


def test_a_fault_inside_the_schema_is_an_error_with_its_line(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"name": "t", "properties": [{"name": "a", "required": "maybe"}]})
    message = the_error(loaded)
    assert message.startswith("schema/0/properties/0/required: must be of type 'boolean', not the text 'maybe'")
    line = message.rpartition("(line ")[2].rstrip(")")
    assert "required: maybe" in (tmp_path / "contract.yaml").read_text().splitlines()[int(line) - 1]
    with pytest.raises(ContractError, match="schema/0/properties/0/required"):
        require_contract(tmp_path / "contract.yaml")


def test_a_misspelt_schema_is_an_error_because_no_table_would_be_checked(tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump({**HEAD, "schemas": []}))
    assert "(top)" in {fault.place for fault in load_contract(path).errors}


def test_a_contract_without_tables_or_columns_can_be_checked_but_not_required(tmp_path: Path) -> None:
    for tables in ([], [{"name": "t"}]):
        loaded = load(tmp_path, *tables)
        assert loaded.valid
        assert loaded.errors == ()
        with pytest.raises(ContractError, match="nothing to make"):
            require_contract(tmp_path / "contract.yaml")


SEED: Json = {
    **HEAD,
    "customProperties": own(drift="evolve"),
    "schema": [
        {
            "name": "t",
            "customProperties": own(sources="t*", keep="latest:b", transformLogic="select 1"),
            "relationships": [{"from": ["t.a"], "to": ["t.b"]}],
            "quality": [{"metric": "rowCount", "mustBeBetween": [1, 2]}, {"rule": "validValues", "validValues": ["x"]}],
            "properties": [
                {"name": "a", "logicalTypeOptions": {"minimum": 1, "exclusiveMinimum": True}, "primaryKey": True},
                {
                    "name": "b",
                    "examples": ["x"],
                    "synonyms": [{"synonym": "s"}],
                    "enum": [{"value": 1}],
                    "items": {"properties": [{"name": "c"}]},
                    "relationships": [{"to": "t.a"}],
                    "quality": [{"metric": "invalidValues", "arguments": {"validValues": ["x"]}, "mustBe": 0}],
                },
            ],
        }
    ],
}


def places(node: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for step, child in steps for place in places(child, (*path, step)))]


JUNK = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1.5,
        float("nan"),
        float("inf"),
        10**30,
        "",
        " ",
        "x",
        "a.b",
        "/schema/t/properties/a",
        [],
        [None],
        {},
        *[
            {"name": 5},
            [{"property": "millwright.keep", "value": {}}],
            [[1, 2]],
            {"value": [1]},
            "select",
            ["t.a", "t.b"],
        ],
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(places(SEED)[1:]), JUNK), min_size=1, max_size=3))
def test_any_content_is_read_or_told_as_a_fault(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[tuple[str | int, ...], object]]
) -> None:
    document = copy.deepcopy(SEED)
    for place, junk in changes:
        with suppress(KeyError, IndexError, TypeError):  # an earlier change took the place away
            parent: Any = document
            for step in place[:-1]:
                parent = parent[step]
            parent[place[-1]] = copy.deepcopy(junk)
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(yaml.dump(document, Dumper=getattr(yaml, "CDumper", yaml.Dumper)))
    try:
        loaded = load_contract(path)
    except ContractError:
        return
    assert loaded.contract is not None or loaded.errors
    assert LoadedContract.model_validate_json(loaded.model_dump_json()).faults == loaded.faults
