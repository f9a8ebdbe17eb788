"""A large clean file is read where it lies: what comes out is the same as when its text is copied first."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

import nodes.facts
from tools.sources import land

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: large
name: large
version: 1.0.0
status: active
schema:
  - name: people
    customProperties: [{property: millwright.sources, value: "people*"}]
    properties:
      - {name: id, logicalType: integer, primaryKey: true}
  - name: orders
    customProperties:
      - {property: millwright.sources, value: "orders*"}
      - {property: millwright.keep, value: "latest:at"}
      - {property: millwright.maxQuarantine, value: 0.9}
    properties:
      - {name: id, logicalType: integer, primaryKey: true}
      - {name: person, logicalType: integer, relationships: [{to: people.id}]}
      - {name: day, logicalType: date, required: true}
      - {name: at, logicalType: timestamp}
      - {name: price, logicalType: number, required: true}
      - {name: exact, logicalType: number, physicalType: "decimal(9,2)"}
      - name: currency
        logicalType: string
        quality: [{metric: invalidValues, arguments: {validValues: [EUR, USD]}, mustBe: 0}]
      - {name: note, logicalType: string}
      - {name: flag, logicalType: boolean}
"""
HEAD = "id,person,day,at,price,exact,currency,note,flag"
ROUNDS = 40


def orders(*, unknown: bool) -> str:
    """Rows with every kind of mess that is no reason to read a file record by record."""
    lines = [HEAD + ",colour" * unknown]
    for number in range(ROUNDS):
        base = number * 5
        rows = [
            f"{base},{number % 7},2024-02-{number % 28 + 1:02},2024-01-01 10:00:{number:02},1.50,1.50,EUR,plain,true",
            f"{base + 1},{number % 9},25/03/2024,2024-01-02T10:00:{number:02},{number}.0,,eur , two  blanks ,yes",
            f"{base},{number % 7},2024-02-01,2024-01-0{number % 3 + 1} 10:00:59,2,2.00,USD,later,false",
            f"00{base + 2},{number % 7},01/13/2024x,,n/a,12.345,usd,,",
            f'{base + 3},99,2024-02-30,2024-01-01 10:00:00,"3",3,GBP,"quoted, with a comma",true',
        ]
        lines += [row + ",red" * unknown for row in rows]
        lines += ["cut off"] * (number % 10 == 0) + ["a,b,c,d,e,f,g,h,i,j,k,l"] * (number == ROUNDS - 1)
    return "\n".join(lines) + "\n"


def outputs(played: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"tables": played.tables, "status": played.status}
    for name in ("people", "orders"):
        found[name] = (played.out / f"{name}.parquet").read_bytes()
        found |= {f"{kind} {name}": played.side(kind, name, "*") for kind in ("quarantine", "merged", "changes")}
        found[f"places {name}"] = played.places(name)
    found["checks"] = [(check["rule"], check["result"], check["count"]) for check in played.told["checks"]]
    decisions = [entry for entry in played.told["decisions"] if entry["kind"] != "adoption"]  # the first run's alone
    found["decisions"] = [(entry["kind"], entry["subject"], entry["answer"]) for entry in decisions]
    return found


def views(played: Any) -> list[str]:
    with duckdb.connect(str(played.home / "runs" / played.run_id / "workspace.duckdb"), read_only=True) as workspace:
        return [name for (name,) in workspace.execute(
            "select view_name from duckdb_views() where schema_name = 'land' order by 1").fetchall()]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "in"
    found.mkdir()
    (found / "people.csv").write_text("id\n" + "".join(f"{number}\n" for number in range(9)))
    return found


@pytest.mark.parametrize("unknown", [False, True])
def test_the_outputs_are_those_of_a_copied_file(
    play: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, *, unknown: bool
) -> None:
    (folder / "orders.csv").write_text(orders(unknown=unknown))
    monkeypatch.setattr(nodes.facts, "changeable", lambda *_: {})  # the repair council sees no file read in place
    forgetful = {"patterns": {"decision_log": "off", "conflict": "off"}}  # the second run knows nothing of the first
    copied = play(CONTRACT, folder, context=forgetful)
    assert views(copied) == []
    monkeypatch.setattr(land, "LARGE", 0)
    read = play(CONTRACT, folder, out=folder.parent / "again", context=forgetful)
    assert views(read) == ["v001", "v002"]
    assert copied.status == "published", copied.problem
    read.assert_balanced()
    expected, found = outputs(copied), outputs(read)
    for part, value in expected.items():
        assert found[part] == value, part
    assert {entry["rows_quarantined"] for entry in found["tables"].values()} != {0}


def test_a_file_that_changes_meanwhile_ends_the_run(play: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = folder / "orders.csv"
    source.write_text(orders(unknown=False))
    monkeypatch.setattr(land, "LARGE", 0)
    load = land.load_in_place

    def load_then_change(*arguments: Any) -> Any:
        books = load(*arguments)
        source.write_text(source.read_text().replace("plain", "PLAIN"))
        return books

    monkeypatch.setattr(land, "load_in_place", load_then_change)
    played = play(CONTRACT, folder)
    assert played.status == "failed"
    assert "changed while the run was working on it" in played.problem
    assert played.published() == []
