"""Bad rows in whole runs: where the contract leaves the remedy open a ruling is made, told, kept and asked again."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

import nodes.repair_council
from evals.conflicts.run import ROWS, faults_of, run_job
from state.repair import CellFault, CellFinding, RepairFindings, RepairVerdict
from tools.rulings import read_rulings


def told(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((path / "run.json").read_text())
    return content


def test_a_run_tells_who_wanted_what_and_acts_as_ruled_and_the_next_asks_the_history(tmp_path: Path) -> None:
    first = run_job(tmp_path, "auto")
    assert faults_of(first) == []
    (kept,) = read_rulings(tmp_path / "home")
    assert (kept.run_id, kept.option, kept.outcome) == ("open-auto-1", "discard_value", kept.expected)
    second = run_job(tmp_path, "auto", 2)
    rulings = [each for each in told(second)["decisions"] if each["kind"] == "conflict"]
    assert "run open-auto-1 ruled so on the same case" in rulings[0]["reason"]
    published = [path.parents[1] / "orders.parquet" for path in (first, second)]
    assert published[0].read_bytes() == published[1].read_bytes()
    assert len(read_rulings(tmp_path / "home")) == 2


def test_switched_off_the_default_stands_and_nothing_is_ruled(tmp_path: Path) -> None:
    content = told(run_job(tmp_path, "off"))
    assert [each for each in content["decisions"] if each["kind"] == "conflict"] == []
    assert content["tables"]["orders"]["rows_published"] == ROWS - 45
    assert read_rulings(tmp_path / "home") == ()


@pytest.mark.parametrize("remedy", ["repair", "quarantine"])
def test_where_the_contract_names_the_remedy_nothing_is_ruled(
    tmp_path: Path, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = f"customProperties:\n      - {{property: millwright.onViolation, value: {remedy}}}"
    monkeypatch.setattr("evals.conflicts.run._CONTRACT", _open().replace("customProperties:", named))
    content = told(run_job(tmp_path, "auto"))
    assert [each for each in content["decisions"] if each["kind"] == "conflict"] == []
    assert content["tables"]["orders"]["rows_quarantined"] == 45


def test_a_contract_that_says_that_correctness_counts_more_keeps_the_rows_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stakes = "customProperties:\n      - {property: millwright.stakes, value: {correctness: 40}}"
    monkeypatch.setattr("evals.conflicts.run._CONTRACT", _open().replace("customProperties:", stakes))
    folder = run_job(tmp_path, "auto")
    assert told(folder)["tables"]["orders"]["rows_quarantined"] == 45
    assert faults_of(folder) == []


@pytest.mark.parametrize(("weight", "aside"), [(1, 0), (40, 65)])
def test_rows_that_only_a_warning_is_about_are_set_aside_where_correctness_counts_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weight: int, aside: int
) -> None:
    """Without, they are left; then withholding other values costs correctness no more than it has lost already."""
    stakes = (
        "customProperties:\n      - {property: millwright.maxQuarantine, value: 0.1}\n"
        f"      - {{property: millwright.stakes, value: {{correctness: {weight}}}}}"
    )
    known = [f"c{number}" for number in range(49)]
    rule = f"{{metric: invalidValues, severity: warning, mustBe: 0, arguments: {{validValues: {known}}}}}"
    text = _open().replace("customProperties:", stakes)
    text = text.replace(
        "name: customer, logicalType: string", f"name: customer, logicalType: string, quality: [{rule}]"
    )
    monkeypatch.setattr("evals.conflicts.run._CONTRACT", text)
    content = told(run_job(tmp_path, "auto"))
    assert content["status"] == "published"
    assert content["tables"]["orders"]["rows_quarantined"] == aside
    (ruling,) = [each for each in content["decisions"] if each["kind"] == "conflict"]
    assert "customer (warning)" in ruling["evidence"]


def test_what_the_council_proposed_is_taken_where_nothing_else_meets_the_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two required columns: 6 % of the rows could not be published otherwise, and 5 % may be missing."""

    def unsure(table: Any, _settings: Any) -> RepairFindings:
        return RepairFindings(
            cells=tuple(
                CellFinding(
                    row=row, column=column, before=before, after="3", fault=CellFault.TYPO,
                    verdict=RepairVerdict.PROPOSE, confidence=0.58, operator="typo", evidence="three is near",
                )
                for column in ("discount", "items")
                for row, before in enumerate(table.columns[column])
                if before in ("lots", "many")
            )
        )  # fmt: skip

    monkeypatch.setattr(nodes.repair_council, "find_repairs", unsure)
    monkeypatch.setattr("evals.conflicts.run._BAD", 30)
    required = _open().replace("name: discount,", "name: discount, required: true,")
    required = required.replace("name: items,", "name: items, required: true,").replace(
        "shipped, logicalType: date", "shipped"
    )
    monkeypatch.setattr("evals.conflicts.run._CONTRACT", required)
    folder = run_job(tmp_path, "auto")
    content = told(folder)
    (ruling,) = [each for each in content["decisions"] if each["kind"] == "conflict"]
    assert content["status"] == "published"
    assert ruling["answer"] == "repair"
    assert "cells_repaired 60" in ruling["evidence"]
    log = duckdb.sql(
        f"select operator, after, count(*), min(evidence) is not null from '{folder / 'changes' / 'orders.parquet'}' "
        "where before in ('lots', 'many') group by all order by after"
    ).fetchall()
    assert [(row[0], row[2], row[3]) for row in log] == [("repair:typo", 30, True)] * 2


def _open() -> str:
    from evals.conflicts.run import _CONTRACT  # noqa: PLC0415

    return _CONTRACT
