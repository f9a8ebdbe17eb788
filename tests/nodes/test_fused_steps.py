"""Fused steps: one process for several derived tables, the same result, and one by one where that cannot be."""

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import algorithms.plan_optimisation
import nodes.steps.conforming
from graphs.session import resume, run
from state.budget import BudgetLimits
from state.run import RunContext, RunStatus
from tools.sql.sandbox import run_timed

_MART = """
  - name: {name}
    customProperties:
      - {{property: millwright.transformSourceObjects, value: [orders, customers]}}
      - {{property: millwright.transformLogic, value: "{sql}"}}
    properties:
      - {{name: {key}, logicalType: integer, primaryKey: true, required: true}}
      - {{name: orders, logicalType: integer}}
"""

_BY_CUSTOMER = "select customer_id, count(*) as orders from orders group by customer_id"
_BY_DAY = "select day(order_date) as d, count(*) as orders from orders group by 1"


def with_marts(job: Any, *marts: tuple[str, str, str]) -> None:
    job.contract.write_text(
        job.contract.read_text() + "".join(_MART.format(name=name, key=key, sql=sql) for name, key, sql in marts)
    )


def go(job: Any, name: str, **settings: Any) -> Any:
    context = RunContext(home=str(job.home), retry_wait=0.0, **settings)
    return run(job.contract, [str(job.sources)], job.out.with_name(name), run_id=f"run-{name}", context=context)


def told(job: Any, name: str) -> Any:
    return json.loads((job.out.with_name(name) / "_runs" / f"run-{name}" / "run.json").read_text())


def published(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.parquet"))}


class Processes:
    """Counts the processes in which several steps were performed, and how many statements each was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements: list[int] = []
        monkeypatch.setattr(nodes.steps.conforming, "run_timed", self)

    def __call__(self, folder: Path, statements: Any, **more: Any) -> Any:
        self.statements.append(len(statements))
        return run_timed(folder, statements, **more)


def test_marts_are_made_by_one_process_and_are_the_same_as_one_by_one(
    job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_marts(job, ("by_customer", "customer_id", _BY_CUSTOMER), ("by_day", "d", _BY_DAY))
    processes = Processes(monkeypatch)
    assert go(job, "fused")["status"] is RunStatus.PUBLISHED
    assert len(processes.statements) == 1
    made = told(job, "fused")
    (fusion,) = [each for each in made["plan"]["optimisations"] if each["kind"] == "fuse"]
    assert sorted(fusion["steps"]) == ["derive:by_customer", "derive:by_day", "derive:totals"]
    assert fusion["work"] > 0
    derived = [entry for entry in made["trace"] if entry["step_id"].startswith("derive:")]
    assert [entry["status"] for entry in derived] == ["done"] * 3
    assert all(one["started"] + one["seconds"] <= other["started"] + 1e-6 for one, other in pairwise(derived))
    monkeypatch.setattr(algorithms.plan_optimisation, "fuse", lambda steps: steps)
    assert go(job, "single")["status"] is RunStatus.PUBLISHED
    assert len(processes.statements) == 1
    assert published(job.out.with_name("fused")) == published(job.out.with_name("single"))
    assert told(job, "single")["tables"] == made["tables"]


def test_where_one_fails_the_others_are_made_and_it_is_ruled_on_alone(job: Any) -> None:
    broken = "select cast(name as integer) as d, 1 as orders from customers"
    with_marts(job, ("by_customer", "customer_id", _BY_CUSTOMER), ("broken", "d", broken))
    assert go(job, "out")["status"] is not RunStatus.PUBLISHED
    ended = {report["step_id"]: report for report in told(job, "out")["step_reports"]}
    assert ended["derive:by_customer"]["status"] == "done"
    assert ended["derive:broken"]["status"] == "failed"
    assert "broken.transformLogic" in ended["derive:broken"]["error"]
    events = (job.out.with_name("out") / "_runs" / "run-out" / "events.jsonl").read_text()
    assert '"event":"apart"' in events.replace(" ", "")


def test_no_more_steps_are_fused_than_the_budget_has(job: Any) -> None:
    with_marts(job, ("by_customer", "customer_id", _BY_CUSTOMER), ("by_day", "d", _BY_DAY))
    whole = go(job, "whole")
    assert whole["status"] is RunStatus.PUBLISHED
    before = [entry["step_id"] for entry in told(job, "whole")["trace"]].index("derive:totals")
    output = go(job, "out", budget=BudgetLimits(steps=before + 2))
    assert output["status"] is RunStatus.BUDGET_SPENT
    assert told(job, "out")["steps"] == before + 2
    while output["status"] is RunStatus.BUDGET_SPENT:
        output = resume(job.home, "run-out")
    assert published(job.out.with_name("out")) == published(job.out.with_name("whole"))


def test_what_the_process_did_is_not_done_again_when_its_reports_were_lost(
    job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_marts(job, ("by_customer", "customer_id", _BY_CUSTOMER), ("by_day", "d", _BY_DAY))
    real = nodes.execution.record_attempt

    def lost(connection: Any, report: Any, trace: Any, heard: Any) -> None:
        if report.step_id.startswith("derive:"):
            raise KeyboardInterrupt  # as if killed after the process had committed
        real(connection, report, trace, heard)

    with monkeypatch.context() as patched:
        patched.setattr(nodes.execution, "record_attempt", lost)
        with pytest.raises(KeyboardInterrupt):
            go(job, "out")
    processes = Processes(monkeypatch)
    assert resume(job.home, "run-out")["status"] is RunStatus.PUBLISHED
    assert processes.statements == [3 * 2]  # the views alone
