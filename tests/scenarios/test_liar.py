"""A run in which one member of the schema council lies: the tables are the same to the byte, and the liar is named."""

import hashlib
import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from evals.mapping.liars import LIES, Lie
from graphs.session import run
from nodes import council_members
from nodes.council_members import Specialist
from state.run import RunContext, RunStatus

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: repairs
name: repairs
version: 1.0.0
status: active
schema:
  - name: repairs
    customProperties:
      - {property: millwright.sources, value: ["repairs*"]}
    properties:
      - {name: repair_id, logicalType: integer, primaryKey: true, required: true}
      - {name: customer_name, logicalType: string, required: true}
      - {name: device_code, logicalType: string, logicalTypeOptions: {pattern: "^D[0-9]{3}$"}}
      - {name: received_date, logicalType: date}
      - {name: returned_date, logicalType: date}
      - {name: labour_cost, logicalType: number, logicalTypeOptions: {minimum: 0}}
      - name: state
        logicalType: string
        quality:
          - metric: invalidValues
            arguments: {validValues: [open, waiting, done]}
            mustBe: 0
"""
HEADER = "RepairNo,cust_nm,dev_cd,recvd_date,rtrnd_date,lab_cost,repair_stat,shelf"
STATES = ("open", "waiting", "done")
SEATED = ("names", "values", "shape", "context")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("liar")
    (folder / "contract.yaml").write_text(textwrap.dedent(CONTRACT))
    lines = [
        f"{100 + n},Person {n % 17},D{n % 40:03d},2024-03-{n % 28 + 1:02d},2024-04-{n % 27 + 1:02d},{n % 9 + 0.5},"
        f"{STATES[n % 3]},{n % 5}"
        for n in range(60)
    ]
    (folder / "repairs.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    return folder


def publish(sources: Path, out: Path) -> tuple[str, dict[str, Any]]:
    """Return the hash of the published table and the record of the mapping."""
    context = RunContext(home=str(out / "home"))
    ended = run(sources / "contract.yaml", [sources / "repairs.csv"], out, run_id="r", context=context)
    assert ended["status"] is RunStatus.PUBLISHED, ended.get("problem")
    record = json.loads((out / "_runs" / "r" / "run.json").read_text())
    (mapping,) = [each for each in record["decisions"] if each["kind"] == "column_mapping"]
    return hashlib.sha256((out / "repairs.parquet").read_bytes()).hexdigest(), mapping


@pytest.fixture(scope="module")
def honest(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    return publish(sources, tmp_path_factory.mktemp("honest"))


def replace(monkeypatch: pytest.MonkeyPatch, seat: str, lie: Lie, *, deputy: bool = False) -> None:
    liar = Specialist(seat, deputy=deputy, judging=lie)
    monkeypatch.setattr(council_members, "MEMBERS", {**council_members.MEMBERS, liar.card.id: liar})


def test_the_council_maps_what_names_leave_open(honest: tuple[str, dict[str, Any]]) -> None:
    mapping = honest[1]
    assert mapping["decided_by"] == "council"
    assert mapping["method"] == "weighted vote of names, values, shape, context"
    assert {vote["voter"] for vote in mapping["votes"]} == set(SEATED)
    assert "rtrnd_date -> returned_date" in mapping["answer"]


@pytest.mark.parametrize(
    ("seat", "lie"),
    [
        ("names", "inverted"),
        ("names", "once"),
        ("values", "same story"),
        ("values", "once"),
        ("shape", "inverted"),
        ("shape", "one column"),
        ("context", "at random"),
        ("context", "same story"),
    ],
)
def test_each_member_may_lie(
    seat: str,
    lie: str,
    sources: Path,
    honest: tuple[str, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replace(monkeypatch, seat, LIES[lie])
    table, mapping = publish(sources, tmp_path)
    assert table == honest[0]
    assert mapping["answer"] == honest[1]["answer"]
    assert f"; {seat} is suspected: " in mapping["method"]
    assert f"{seat}:deputy is suspected" not in mapping["method"]


def test_a_lying_deputy_is_named_and_its_member_is_heard(
    sources: Path, honest: tuple[str, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(monkeypatch, "names", LIES["inverted"], deputy=True)
    table, mapping = publish(sources, tmp_path)
    assert table == honest[0]
    assert "; names:deputy is suspected: " in mapping["method"]
    assert "; names is suspected" not in mapping["method"]


def test_a_liar_that_counts_as_it_is_would_change_the_tables(sources: Path, tmp_path: Path) -> None:
    """Without deputies and control questions a planted liar does harm: the defence is what keeps the tables."""
    with pytest.MonkeyPatch.context() as planted:
        for deputy in (False, True):
            replace(planted, "names", LIES["inverted"], deputy=deputy)
        context = RunContext(home=str(tmp_path / "home"))
        run(sources / "contract.yaml", [sources / "repairs.csv"], tmp_path, run_id="r", context=context)
    record = json.loads((tmp_path / "_runs" / "r" / "run.json").read_text())
    (mapping,) = [each for each in record["decisions"] if each["kind"] == "column_mapping"]
    assert "rtrnd_date -> returned_date" not in mapping["answer"]
