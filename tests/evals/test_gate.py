"""The second gate: what counts as passed, that nothing is dropped, and that it finds planted faults."""

import json
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from evals.gate.environment import GateEnvironment
from evals.gate.planted import FAULTS, plant
from evals.gate.staged import Staged
from evals.gate.verdict import TableVerdict, judge
from graphs.session import run
from state.errors import StepError
from state.run import RunContext
from tools.contract.read import require_contract

ROOT = Path(__file__).resolve().parents[2]
SHOP = ROOT / "examples" / "shop" / "contract.odcs.yaml"
REAL = GateEnvironment(ROOT / ".venv-gate")

CONTRACT: dict[str, Any] = {
    "apiVersion": "v3.1.0", "kind": "DataContract", "id": "c", "name": "c", "version": "1.0.0", "status": "active",
    "schema": [{
        "name": "t",
        "properties": [
            {"name": "k", "logicalType": "integer", "primaryKey": True, "primaryKeyPosition": 1},
            {"name": "v", "logicalType": "string", "logicalTypeOptions": {"minLength": 1},
             "quality": [{"metric": "nullValues", "mustBe": 0, "severity": "warning"}]},
        ],
        "quality": [{"type": "text", "description": "be nice"}],
    }],
}  # fmt: skip


def result(kind: str, verdict: str = "passed", field: str | None = "k", **more: Any) -> dict[str, Any]:
    return {"model": "t", "field": field, "type": kind, "result": verdict, "reason": f"because of {kind}", **more}


GOOD = [
    *(result("field_is_present", field=field) for field in "kv"),
    *(result("field_type", "warning", field=field) for field in "kv"),
    result("field_primary_key_required"),
    result("field_primary_key_unique"),
    result("field_min_length", field="v"),
    result("field_null_values", field="v", qualityId="rule-1"),
]


class FakeGate(GateEnvironment):
    """Checkers that answer what they are told to."""

    def __init__(self, folder: Path, checks: list[dict[str, Any]] | None, types: dict[str, str], rows: int = 3) -> None:
        super().__init__(folder / "venv")
        self.python.parent.mkdir(parents=True)
        told = [{"table": "t", "rows": rows, "columns": types, "unknown": []}]
        self._program(self.python, f"print({json.dumps(told)!r})")
        answer = f"open(sys.argv[6], 'w').write({json.dumps({'checks': checks})!r})"
        self._program(self.datacontract, answer if checks is not None else "sys.exit('it broke')")

    def _program(self, path: Path, body: str) -> None:
        path.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def judged(tmp_path: Path) -> Any:
    def go(checks: list[dict[str, Any]] | None, types: dict[str, str] | None = None, rows: int = 3) -> TableVerdict:
        document = tmp_path / "c.yaml"
        document.write_text(yaml.safe_dump(CONTRACT))
        gate = FakeGate(tmp_path, checks, types if types is not None else {"k": "", "v": ""}, rows)
        return judge(require_contract(document)[0], document, tmp_path, gate)[0]

    return go


def test_types_are_left_to_pyarrow_and_all_else_must_pass(judged: Any) -> None:
    verdict = judged(GOOD)
    assert verdict.faults == ()
    assert (verdict.checks, verdict.passed, verdict.warnings, verdict.types) == (6, 6, 0, 2)
    assert verdict.not_checked == ("t.quality[0]: described in words, not checkable by a machine: be nice",)


@pytest.mark.parametrize("verdict", ["warning", "failed", "error", "skipped", "unknown", "info"])
def test_any_other_result_than_passed_counts(judged: Any, verdict: str) -> None:
    assert judged([*GOOD, result("field_required", verdict)]).faults == (
        f"t.k field_required: {verdict}, because of field_required",
    )


def test_a_wrong_type_is_a_fault_though_the_other_checker_only_warns(judged: Any) -> None:
    assert judged(GOOD, {"k": "expected integer, found string", "v": ""}).faults == (
        "t.k: expected integer, found string",
    )


def test_a_type_that_nobody_checked_is_a_fault(judged: Any) -> None:
    verdict = judged(GOOD, {"k": ""})
    assert verdict.faults == ("t.v field_type: warning, because of field_type",)
    assert any(told.startswith("t.v.type") for told in verdict.not_checked)


def test_a_rule_that_never_blocks_is_told_and_does_not_count(judged: Any) -> None:
    verdict = judged([*GOOD[:-1], result("field_null_values", "warning", field="v", qualityId="rule-1")])
    assert verdict.faults == ()
    assert verdict.not_blocking == ("t.v field_null_values: warning, because of field_null_values",)
    assert verdict.warnings == 1


def test_rules_without_a_result_are_listed(judged: Any) -> None:
    verdict = judged(GOOD[:-2])
    assert [told.split(":")[0] for told in verdict.not_checked] == ["t.v.minLength", "t.v.quality[0]", "t.quality[0]"]


def test_no_rows_and_no_checks_are_faults(judged: Any) -> None:
    assert judged(GOOD, rows=0).faults == ("t: no row",)


def test_no_result_is_not_a_pass(judged: Any) -> None:
    with pytest.raises(StepError, match="it broke"):
        judged(None)


def test_what_is_told_of_no_table_is_not_lost(judged: Any) -> None:
    with pytest.raises(StepError, match="because of lint"):
        judged([*GOOD, {**result("lint", "error"), "model": None}])


def test_a_table_nobody_looked_at_does_not_pass(judged: Any) -> None:
    assert "t: datacontract-cli has checked nothing" in judged([]).faults


def test_the_copy_keeps_every_rule_of_the_contract(tmp_path: Path) -> None:
    before = yaml.safe_load(SHOP.read_text())
    (tmp_path / "orders.parquet").mkdir()
    for number in range(2):
        (tmp_path / "orders.parquet" / f"part-{number:04}.parquet").touch()
    (tmp_path / "stage").mkdir()
    staged = Staged(SHOP, tmp_path, tmp_path / "stage")
    after = yaml.safe_load(staged.path.read_text())
    assert len(staged.files["orders"]) == 2
    assert staged.files["customers"] == []
    assert after.pop("servers")[0]["path"].endswith("/{model}/*.parquet")
    for table in after["schema"]:
        for owner in (table, *table["properties"]):
            for rule in owner.get("quality", []):
                assert rule.pop("id")
    assert after == before


def test_faults_are_planted_one_at_a_time(tmp_path: Path) -> None:
    published = tmp_path / "published"
    published.mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select 1 as order_id, 2.5 as amount, 'C1' as customer_id, 'placed' as status) "
            f"to '{published}/orders.parquet'"
        )
        connection.execute(
            f"copy (select 'C1' as customer_id, now()::timestamp as updated_at) to '{published}/customers.parquet'"
        )
        connection.execute(f"copy (select 1 as revenue, 2 as orders) to '{published}/daily_sales.parquet'")
    before = {path.name: path.read_bytes() for path in published.iterdir()}
    for number, fault in enumerate(FAULTS):
        plant(fault, published, tmp_path / str(number))
        after = {path.name: path.read_bytes() for path in (tmp_path / str(number)).iterdir()}
        assert {name for name in after if after[name] != before[name]} == {f"{fault.table}.parquet"}, fault.name
    assert {path.name: path.read_bytes() for path in published.iterdir()} == before


@pytest.mark.skipif(not REAL.datacontract.is_file(), reason="the gate's environment is not there: make gate makes it")
def test_the_real_checkers_pass_what_is_published_and_find_what_is_planted(job: Any, tmp_path: Path) -> None:
    run(job.contract, [job.sources], job.out, context=RunContext(home=str(job.home)))
    contract, _ = require_contract(job.contract)
    assert [verdict.faults for verdict in judge(contract, job.contract, job.out, REAL)] == [(), (), ()]
    wrong = tmp_path / "wrong"
    shutil.copytree(job.out, wrong)
    with duckdb.connect() as connection:
        changed = "select * replace (99 as customer_id, amount::double as amount)"
        connection.execute(
            f"copy ({changed} from '{job.out}/orders.parquet') to '{wrong}/orders.parquet' (format parquet)"
        )
    faults = [fault for verdict in judge(contract, job.contract, wrong, REAL) for fault in verdict.faults]
    assert any(fault.startswith("orders.amount: expected decimal(10,2)") for fault in faults)
    assert any(fault.startswith("orders.customer_id field_relationships: failed") for fault in faults)
