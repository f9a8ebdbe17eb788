"""Patterns run alone: a request is all they need, and what another run holds is not touched."""

import asyncio
import json
from typing import Any

import pytest

from graphs.standalone import executor, planner, react, replanner, schema_council
from state.errors import RunError, SetupError
from state.run import RunContext, RunStatus


def request(job: Any, **fields: Any) -> dict[str, Any]:
    return {"contract": str(job.contract), "sources": [str(job.sources)], "out": str(job.out), "run_id": "r", **fields}


def go(graph: Any, job: Any, given: dict[str, Any]) -> Any:
    return asyncio.run(graph.ainvoke(given, context=RunContext(home=str(job.home))))


def test_the_planner_lands_the_sources_first_and_the_executor_stages_tables(job: Any) -> None:
    planned = go(planner, job, {"request": request(job)})
    assert planned["plan"].steps == 16
    staged = go(executor, job, {"request": request(job)})
    assert staged["status"] is RunStatus.RUNNING
    assert not staged["progress"].waiting
    assert not list(job.out.glob("*.parquet"))


def test_a_run_that_was_asked_for_something_else_is_refused(job: Any) -> None:
    go(planner, job, {"request": request(job)})
    with pytest.raises(RunError, match="exists already"):
        go(planner, job, {"request": request(job, partial=True)})


def test_the_replanner_rules_on_the_failed_step_it_is_given(job: Any) -> None:
    failed = {"step_id": "map:orders", "status": "failed", "attempt": 1, "seconds": 0.1, "failure": "transient"}
    output = go(replanner, job, {"request": request(job), "failed": failed})
    assert output["replans"]["map:orders#1"].action == "retry"
    output = go(replanner, job, {"request": request(job), "failed": {**failed, "attempt": 9}})
    assert output["status"] is RunStatus.FAILED


@pytest.mark.parametrize(
    ("failed", "where"),
    [(None, "failed"), ({"step_id": "x"}, "failed.status"), ({"status": "lost"}, "failed.step_id"), (3, "failed")],
)
def test_a_failed_step_of_another_shape_is_refused_in_one_line(job: Any, failed: Any, where: str) -> None:
    given = {"request": request(job)} | ({} if failed is None else {"failed": failed})
    with pytest.raises(SetupError) as refused:
        go(replanner, job, given)
    assert refused.value.where == where
    assert "\n" not in refused.value.line()


def test_the_worker_reasons_about_the_run_it_makes(job: Any) -> None:
    task = {"kind": "diagnose", "goal": "what is wrong", "subject": "orders"}
    output = go(react, job, {"request": request(job), "task": task})
    (outcome,) = output["outcomes"].values()
    assert outcome.ended_by == "final_result"
    assert json.loads(outcome.answer)["table"] == "orders"


@pytest.mark.parametrize(
    ("task", "where"),
    [
        (None, "task"),
        ({"kind": "guess", "goal": "g", "subject": "s"}, "task.kind"),
        ({"kind": "diagnose", "goal": "g"}, "task.subject"),
        ({"kind": "diagnose", "goal": "g", "subject": "s", "details": "x" * 30_000}, "task"),
    ],
)
def test_a_task_of_another_shape_is_refused_in_one_line(job: Any, task: Any, where: str) -> None:
    given = {"request": request(job)} | ({} if task is None else {"task": task})
    with pytest.raises(SetupError) as refused:
        go(react, job, given)
    assert refused.value.where == where


def test_the_schema_council_is_asked_about_what_names_leave_open(job: Any) -> None:
    orders = job.sources / "orders_1.csv"
    header, _, rest = orders.read_text().partition("\n")
    orders.write_text(header.replace("order_date", "ord_dt").replace("amount", "amnt") + "\n" + rest)
    output = go(schema_council, job, {"request": request(job)})
    assert output["status"] is RunStatus.RUNNING
    assert len(output["questions"]) == len(output["verdicts"]) >= 1
    assert all(verdict.matched and not verdict.suspects for verdict in output["verdicts"].values())
    assert not list(job.out.glob("*.parquet"))
