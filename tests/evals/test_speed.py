"""The suite speed: whole process trees are measured, what both published is compared, what is missing is told."""

import sys
from pathlib import Path

import pytest

from evals import speed
from evals.measure import measure
from evals.runner import run_suite
from evals.speed import Speed
from evals.suites import find_suite
from state.errors import SetupError, StepError

GENERATE = """
import sys
from pathlib import Path
rows, folder = int(sys.argv[1]), Path(sys.argv[2])
folder.mkdir(parents=True)
people = "".join(f"{n},Customer {n},DE,gold\\n" for n in range(1, 11))
(folder / "customers.csv").write_text("customer_id,name,country,tier\\n" + people)
head = "order_id,customer_id,order_date,updated_at,amount,currency,status,note\\n"
orders = (f"{n},{n % 10 + 1},2024-01-01,2024-01-01 00:00:00,{n}.50,EUR,new,x\\n" for n in range(rows))
(folder / "orders.csv").write_text(head + "".join(orders))
"""
REFERENCE = """
import sys, duckdb
folder, out = sys.argv[1:3]
import os; os.makedirs(out, exist_ok=True)
duckdb.execute(f"copy (select * replace ({changed}) from '{{folder}}/orders.csv') to '{{out}}/orders.parquet'")
"""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(speed, "_ROUNDS", 1)
    (tmp_path / "generate.py").write_text(GENERATE)
    (tmp_path / "reference.py").write_text(REFERENCE.format(changed="amount::decimal(18, 2) as amount"))
    return tmp_path


def test_ratios_costs_and_results_are_told(bench: Path) -> None:
    result = run_suite(Speed(1000), data=bench, contract=None, out=bench / "out")
    (task,) = result.results
    assert task.solved, task.error
    assert [(score.unit, score.n) for score in result.scores] == [("times", 1)] * 3
    assert all(score.value > 0 for score in result.scores)
    assert task.details["result"][:2] == [
        "script: 1000 orders, amount 500000.00",
        "crew: 1000 orders, amount 500000.00",
    ]
    assert any("change log" in line for line in task.details["what it costs"])
    assert not (bench / "out" / task.task_id / "input").exists()


def test_a_row_that_differs_from_the_scripts_is_a_failure(bench: Path) -> None:
    (bench / "reference.py").write_text(
        REFERENCE.format(changed="(amount + (order_id = 7)::int)::decimal(18, 2) as amount")
    )
    (task,) = run_suite(Speed(1000), data=bench, contract=None, out=bench / "out").results
    assert not task.solved
    assert "0 orders of the script are missing, 1 differ" in task.error


def test_missing_scripts_and_rows_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="script is missing"):
        Speed().tasks(tmp_path, None)
    with pytest.raises(SetupError, match="has no number of rows"):
        find_suite("covid19", rows=5)
    assert isinstance(find_suite("speed", rows=5), Speed)


def test_the_tree_is_measured_and_a_bad_end_told(tmp_path: Path) -> None:
    child = "x = bytearray(60_000_000); import time; time.sleep(0.3)"
    parent = f"import subprocess, sys; y = bytearray(60_000_000); subprocess.run([sys.executable, '-c', {child!r}])"
    used = measure([sys.executable, "-c", parent], environment={}, log=tmp_path / "log")
    assert used.peak_bytes > 120_000_000
    assert used.wall >= 0.3
    assert used.cpu > 0
    with pytest.raises(StepError, match="ended with 3: why"):
        measure([sys.executable, "-c", "print('why'); raise SystemExit(3)"], environment={}, log=tmp_path / "log")
