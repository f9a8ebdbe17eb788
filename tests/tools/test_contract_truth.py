"""Agreement with the judgement of others on contracts that others wrote."""

import json
from pathlib import Path

import pytest

from tools.contract.read import load_contract

CONTRACTS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "contracts"
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not CONTRACTS.is_dir(), reason=f"no shared data at {CONTRACTS}"),
]


def truth() -> dict[str, dict[str, object]]:
    return json.loads((CONTRACTS / "truth.json").read_text()) if CONTRACTS.is_dir() else {}


@pytest.mark.parametrize("name", sorted(truth()))
def test_agrees_on_validity_number_and_places_of_faults(name: str) -> None:
    expected = truth()[name]
    loaded = load_contract(CONTRACTS / name)
    places = sorted({fault.place for fault in loaded.schema_faults})
    assert (loaded.valid, len(loaded.schema_faults), places) == (
        expected["valid"],
        expected["errors"],
        expected["first"],
    )
    assert loaded.contract is not None
    assert loaded.contract.api_version == expected["apiVersion"]


def test_the_vendored_schemas_are_the_standards() -> None:
    vendored = Path(__file__).resolve().parents[2] / "tools" / "contract" / "schemas"
    names = sorted(path.name for path in CONTRACTS.glob("odcs-json-schema-*.json"))
    assert len(names) == 4
    for name in names:
        assert (vendored / name).read_bytes() == (CONTRACTS / name).read_bytes()


def test_no_truth_is_missing_a_file() -> None:
    assert len(truth()) == 27


def test_the_standards_full_example_is_read_in_full() -> None:
    loaded = load_contract(CONTRACTS / "full-example.odcs.yaml")
    assert loaded.contract is not None
    table = loaded.contract.table("tbl")
    assert table.key == ("rcvr_id",)
    assert table.column("rcvr_id").required
    assert [(each.columns, each.to_table, each.to_columns) for each in table.relationships] == [
        (("rcvr_id", "rcvr_cntry_code"), "receivers", ("id", "country_code")),
        (("rcvr_id",), "receivers", ("id",)),
    ]
    assert loaded.contract.table("receivers").key == ("id", "country_code")
    assert table.rules[0].operator == "mustBeGreaterThan"
    assert table.rules[0].threshold == 1_000_000
    assert table.column("rcvr_cntry_code").rules[0].metric == "nullValues"
    assert loaded.errors == ()
    assert [fault.place for fault in loaded.faults] == ["schema/1/properties/3/relationships/0/to"]
