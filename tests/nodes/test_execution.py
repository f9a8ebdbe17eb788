"""Steps side by side: the same result however many run at once, and nobody is stopped by another's failure or wait."""

import asyncio
import hashlib
import json
import threading
from typing import Any

import duckdb
import pytest

import nodes.perform
import nodes.performing
from graphs.auction import held
from graphs.schema_council import convened
from graphs.session import resume, run
from state.budget import BudgetLimits
from state.errors import StepError, TransientError
from state.plans import StepKind
from state.run import Patterns, RunContext, RunStatus

TIMEOUT = 60


def go(job: Any, name: str = "out", *, approve: Any = "auto", **settings: Any) -> Any:
    context = RunContext(**({"home": str(job.home), "retry_wait": 0.0, "threads": 4} | settings))
    out = job.out.with_name(name)
    return run(job.contract, [str(job.sources)], out, run_id=f"run-{name}", context=context, approve=approve)


def told(job: Any, name: str = "out") -> Any:
    return json.loads((job.out.with_name(name) / "_runs" / f"run-{name}" / "run.json").read_text())


def test_bytes_books_decisions_and_changes_are_the_same_however_many_run_at_once(several_tables: Any) -> None:
    results = []
    for most in (1, 2, 4):
        name = f"out{most}"
        home = str(several_tables.home / name)  # later runs of a home know what became of earlier ones
        apart = Patterns(decision_log="off")  # an adoption is known by its run
        done = go(several_tables, name, parallel_steps=most, patterns=apart, home=home)
        assert done["status"] is RunStatus.PUBLISHED
        out = several_tables.out.with_name(name)
        files = {
            path.relative_to(out).as_posix().replace(f"run-{name}", ""): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(out.rglob("*.parquet"))
        }
        content = told(several_tables, name)
        results.append((files, *(content[key] for key in ("tables", "checks", "decisions", "mappings", "formats"))))
    assert len(results[0][0]) == 5 * 4 + 2  # two tables went before the repair council
    assert results[0] == results[1] == results[2]


class Meeting:
    """Steps of a kind that each wait until the other has begun, so that they are known to run side by side."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: StepKind, tables: set[str]) -> None:
        self.errors: dict[str, Exception] = {}
        self.calls: list[str] = []
        self._barrier, self._tables = threading.Barrier(len(tables)), tables
        self._real = nodes.perform._CONNECTED[kind]
        monkeypatch.setitem(nodes.perform._CONNECTED, kind, self)

    def __call__(self, connection: Any, work: Any) -> Any:
        name = work.table.name
        self.calls.append(name)
        if name in self._tables and self.calls.count(name) == 1:
            self._barrier.wait(TIMEOUT)
            if name in self.errors:
                raise self.errors[name]
        return self._real(connection, work)


def test_two_steps_run_at_once_and_the_trace_says_so(several_tables: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Meeting(monkeypatch, StepKind.FORMAT, {"returns", "stores"})
    assert go(several_tables)["status"] is RunStatus.PUBLISHED
    trace = {entry["step_id"]: entry for entry in told(several_tables)["trace"]}
    one, other = trace["format:returns"], trace["format:stores"]
    assert one["started"] < other["started"] + other["seconds"]
    assert other["started"] < one["started"] + one["seconds"]
    completed = [entry["completed"] for entry in told(several_tables)["trace"] if entry["status"] == "done"]
    assert completed == list(range(1, len(completed) + 1))


def test_a_failed_step_does_not_stop_the_one_beside_it(several_tables: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = Meeting(monkeypatch, StepKind.FORMAT, {"returns", "stores"})
    meeting.errors["returns"] = StepError("cannot")
    assert go(several_tables)["status"] is RunStatus.FAILED
    ended = {report["step_id"]: report["status"] for report in told(several_tables)["step_reports"]}
    assert (ended["format:returns"], ended["format:stores"]) == ("failed", "done")
    assert resume(several_tables.home, "run-out")["status"] is RunStatus.PUBLISHED
    assert meeting.calls.count("stores") == 1


def test_each_of_several_failed_steps_is_ruled_on_in_the_order_of_the_plan(
    several_tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = Meeting(monkeypatch, StepKind.FORMAT, {"returns", "stores"})
    meeting.errors = {"returns": TransientError("busy"), "stores": duckdb.IOException("disk gone")}
    assert go(several_tables)["status"] is RunStatus.PUBLISHED
    rulings = [(entry["replan_id"], entry["action"]) for entry in told(several_tables)["replanning"]]
    assert rulings == [("format:returns#1", "retry"), ("format:stores#1", "retry")]
    assert sorted(meeting.calls) == sorted(["customers", "orders", "returns", "returns", "stores", "stores"])


def test_what_does_not_wait_for_the_answer_goes_on_and_questions_come_one_by_one(several_tables: Any) -> None:
    output = go(several_tables, approve="changes")
    asked = []
    while output["status"] is RunStatus.WAITING:
        (question,) = output["asked"]
        asked.append(question["question"])
        output = resume(several_tables.home, "run-out", answer={"rest": "accept"})
    assert output["status"] is RunStatus.PUBLISHED
    assert asked[0].endswith("#1")
    first = [entry["step_id"] for entry in told(several_tables)["trace"]]
    waited = f"conform:{asked[0].removesuffix('#1')}"
    assert {"approve:stores", "approve:customers", "approve:orders"} <= set(first[: first.index(waited)])


@pytest.mark.parametrize("most", [1, 4])
def test_no_more_steps_are_begun_than_the_budget_has(several_tables: Any, most: int) -> None:
    budget = BudgetLimits(steps=6)
    assert go(several_tables, budget=budget, parallel_steps=most)["status"] is RunStatus.BUDGET_SPENT
    content = told(several_tables)
    assert content["steps"] == 6
    assert all(entry["status"] == "done" for entry in content["trace"])
    while resume(several_tables.home, "run-out")["status"] is RunStatus.BUDGET_SPENT:
        assert told(several_tables)["steps"] % 6 == 0
    assert told(several_tables)["status"] == "published"


def test_sql_of_the_contract_has_the_workspace_for_itself(several_tables: Any) -> None:
    assert go(several_tables)["status"] is RunStatus.PUBLISHED
    trace = told(several_tables)["trace"]
    derived = next(entry for entry in trace if entry["step_id"] == "derive:totals")
    end = derived["started"] + derived["seconds"]
    for entry in trace:
        if entry is not derived:
            assert entry["started"] >= end or entry["started"] + entry["seconds"] <= derived["started"]


def test_a_cancelled_node_tells_its_thread_to_begin_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = threading.Event(), threading.Event()

    def performing(_state: Any, _runtime: Any, stopped: threading.Event, *_graphs: Any) -> Any:
        begun.set()
        if stopped.wait(TIMEOUT):
            ended.set()

    async def cancel() -> None:
        task = asyncio.ensure_future(nodes.performing.performing(convened, held).cancellable({}))
        await asyncio.to_thread(begun.wait, TIMEOUT)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    monkeypatch.setattr(nodes.performing, "_perform", performing)
    monkeypatch.setattr(nodes.performing, "get_runtime", lambda _: None)
    asyncio.run(cancel())
    assert ended.is_set()
