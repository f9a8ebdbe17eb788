"""What the gate finds below a folder, under which contract, and what it plants there."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from evals.gate.environment import GateEnvironment
from evals.gate.found import find_published
from evals.gate.of import GateOf
from evals.gate.planted import faults_for, plant
from evals.runner import run_suite
from state.errors import SetupError
from tools.contract.read import require_contract

REAL = GateEnvironment(Path(__file__).resolve().parents[2] / ".venv-gate")


@pytest.fixture
def top(finished: Any, tmp_path: Path) -> Path:
    """A folder as a suite leaves it: the same tables twice, the run's home beside one of them."""
    for name in ("one", "two"):
        shutil.copytree(finished.out, tmp_path / name / "served")
    copies = finished.home / "runs" / "r1"
    (tmp_path / "one" / "home" / "runs" / "r1").mkdir(parents=True)
    shutil.copy(copies / "contract.yaml", tmp_path / "one" / "home" / "runs" / "r1" / "contract.yaml")
    return tmp_path


def rewrite(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_tables_are_found_once_with_their_contract(top: Path) -> None:
    (found,) = find_published(top)
    assert (found.name, found.alike) == ("one/served", 2)
    assert set(found.tables) == {"customers", "orders", "totals"}
    assert found.contract == str(top / "one" / "home" / "runs" / "r1" / "contract.yaml")


def test_other_bytes_are_found_apart(top: Path) -> None:
    with duckdb.connect() as connection:
        target = top / "two" / "served" / "totals.parquet"
        connection.execute(f"copy (select 'x' as country) to '{target}' (format parquet)")
    assert [(each.name, each.alike) for each in find_published(top)] == [("one/served", 1), ("two/served", 1)]


def test_a_contract_that_is_gone_is_told_and_not_guessed(top: Path) -> None:
    told = top / "two" / "served" / "_runs" / "r1" / "run.json"
    rewrite(told, contract={"path": str(top / "gone.yaml"), "sha256": "0" * 64, "name": "", "version": ""})
    contracts = {each.name: each.contract for each in find_published(top)}
    assert contracts["two/served"] == ""
    assert contracts["one/served"]


def test_the_last_run_that_published_a_table_counts(top: Path) -> None:
    runs = top / "two" / "served" / "_runs"
    shutil.copytree(runs / "r1", runs / "r2")
    later = {"path": "", "sha256": "0" * 64, "name": "", "version": ""}
    rewrite(
        runs / "r2" / "run.json", created_at="2999-01-01T00:00:00+00:00", contract=later,
        receipt={"tables": {"totals": 1}},
    )  # fmt: skip
    mine = {each.tables: each.contract for each in find_published(top) if each.name == "two/served"}
    assert mine[("totals",)] == ""


def test_tables_beside_a_contract_need_no_run(top: Path) -> None:
    (top / "plain" / "published").mkdir(parents=True)
    shutil.copy(top / "one" / "served" / "orders.parquet", top / "plain" / "published")
    (top / "plain" / "contract.odcs.yaml").write_text("id: x")
    (plain,) = [each for each in find_published(top) if each.name == "plain/published"]
    assert plain.tables == ("orders",)
    assert plain.contract == str(top / "plain" / "contract.odcs.yaml")


def test_where_nothing_lies_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no published table"):
        find_published(tmp_path)
    with pytest.raises(SetupError, match="no such folder"):
        find_published(tmp_path / "none")


def test_faults_are_planted_for_any_contract(finished: Any, tmp_path: Path) -> None:
    contract, _ = require_contract(finished.contract)
    faults = faults_for(contract, ("customers", "orders", "totals"))
    assert [fault.name for fault in faults] == ["wrong type", "missing column", "duplicate key", "missing value"]
    for number, fault in enumerate(faults):
        plant(fault, finished.out, tmp_path / str(number))
        assert (tmp_path / str(number) / f"{fault.table}.parquet").is_file()
    with duckdb.connect() as connection:  # of its own: the shared one may be in use
        columns = connection.execute(f"describe from '{tmp_path / '0' / 'customers.parquet'}'").fetchall()
    assert columns[0][1] == "VARCHAR"


@pytest.mark.skipif(not REAL.datacontract.is_file(), reason="the gate's environment is not there: make gate makes it")
def test_the_real_checkers_judge_what_is_found(top: Path, tmp_path: Path) -> None:
    result = run_suite(GateOf(REAL.folder, top), data=None, contract=None, out=tmp_path / "judged")
    assert [(task.task_id, task.error) for task in result.results] == [("one/served", ""), ("planted_faults", "")]
    assert result.scores[-1].value == 1
