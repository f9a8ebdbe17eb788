"""Replanning end to end: what is transient is tried again, the rest stops with its reason, and nothing is half done."""

import json
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

import nodes.fallback
import nodes.perform
import nodes.plan
import nodes.replan
from graphs.session import resume, run
from state.budget import BudgetLimits
from state.errors import (
    AccountingError,
    DiskFull,
    MemoryExhausted,
    ResourceError,
    SetupError,
    StepError,
    TimeExceeded,
    TransientError,
    UntrustedSqlError,
)
from state.plans import NoPlan, StepKind
from state.reports import FailureKind
from state.run import Patterns, RunContext, RunStatus
from tools.ledger import read_decisions
from tools.workspace import open_workspace

Breaks = Callable[..., list[int]]


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Breaks:
    """Let the step of a kind fail after its work was done, the first `times` times; returns the count of calls."""

    def plant(kind: StepKind, error: Exception, times: int) -> list[int]:
        real, calls = nodes.perform._CONNECTED[kind], [0]

        def broken(connection: Any, work: Any) -> Any:
            if work.table.name != "orders":
                return real(connection, work)
            calls[0] += 1
            outcome = real(connection, work)
            if calls[0] <= times:
                raise error
            return outcome

        monkeypatch.setitem(nodes.perform._CONNECTED, kind, broken)
        return calls

    return plant


def go(job: Any, **settings: Any) -> Any:
    context = RunContext(home=str(job.home), **({"retry_wait": 0.0} | settings))
    return run(job.contract, [str(job.sources)], job.out, run_id="r1", context=context)


def told(job: Any) -> Any:
    return json.loads((job.out / "_runs" / "r1" / "run.json").read_text())


def rulings(job: Any) -> list[tuple[str, str]]:
    return [(entry["replan_id"], entry["action"]) for entry in told(job)["replanning"]]


@pytest.mark.parametrize("kind", [StepKind.MAP, StepKind.FORMAT, StepKind.DEDUPE, StepKind.QUARANTINE])
def test_a_step_that_fails_once_is_tried_again_and_done_once(job: Any, breaks: Breaks, kind: StepKind) -> None:
    calls = breaks(kind, duckdb.IOException("disk\ngone"), times=1)
    assert go(job)["status"] is RunStatus.PUBLISHED
    assert calls == [2]
    step = f"{kind.value}:orders"
    assert rulings(job) == [(f"{step}#1", "retry")]
    assert told(job)["replans"] == 1
    report = next(entry for entry in told(job)["step_reports"] if entry["step_id"] == step)
    assert (report["status"], report["attempt"]) == ("done", 2)
    assert told(job)["tables"]["orders"]["rows_merged"] == 1
    assert told(job)["tables"]["orders"]["rows_quarantined"] == 3


def test_every_attempt_is_a_step_that_is_paid_for(job: Any, breaks: Breaks) -> None:
    breaks(StepKind.MAP, TransientError("busy"), times=2)
    go(job)
    content = told(job)
    assert [entry["attempt"] for entry in content["step_reports"] if entry["step_id"] == "map:orders"] == [3]
    # writing, waiting and a critique that finds nothing are no steps
    acts = [name for name in content["timings"] if name not in ("wait", "quality") and not name.startswith("report:")]
    assert content["steps"] == len(acts) + 2
    assert rulings(job) == [("map:orders#1", "retry"), ("map:orders#2", "retry")]


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_attempts_that_are_used_up_stop_the_run(job: Any, breaks: Breaks, attempts: int) -> None:
    calls = breaks(StepKind.FORMAT, duckdb.IOException("disk gone"), times=99)
    output = go(job, attempts=attempts)
    assert output["status"] is RunStatus.FAILED
    assert output["problem"] == "step format:orders failed: disk gone"
    assert calls == [attempts]
    assert [action for _, action in rulings(job)] == ["retry"] * (attempts - 1) + ["stop"]
    assert not list(job.out.glob("*.parquet"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UntrustedSqlError("bad sql"), FailureKind.CONTRACT_SQL),
        (AccountingError("a row is lost"), FailureKind.ACCOUNTING),
        (PermissionError(13, "not allowed"), FailureKind.ACCESS),
        (ResourceError("a bound"), FailureKind.RESOURCE),
        (StepError("cannot"), FailureKind.DATA),
        (duckdb.ConversionException("cannot"), FailureKind.DATA),
    ],
)
def test_what_no_strategy_can_mend_stops_at_once(job: Any, breaks: Breaks, error: Exception, kind: FailureKind) -> None:
    calls = breaks(StepKind.DEDUPE, error, times=99)
    assert go(job)["status"] is RunStatus.FAILED
    assert calls == [1]
    (ruling,) = told(job)["replanning"]
    assert (ruling["action"], ruling["trigger"].split(":")[0]) == ("stop", kind.value)
    assert kind.value in ruling["reason"]
    assert ruling["alternatives"]


@pytest.mark.parametrize(
    ("error", "strategy"),
    [
        (duckdb.OutOfMemoryException("no memory"), "scale_down"),
        (MemoryExhausted("no memory"), "scale_down"),
        (TimeExceeded("too long"), "extend"),
        (OSError(28, "No space left on device"), "clean_up"),
        (DiskFull("no room"), "clean_up"),
        (duckdb.IOException("could not write: No space left on device"), "clean_up"),
        (duckdb.BinderException("no such column"), "redo"),
        (duckdb.CatalogException("no such table"), "redo"),
    ],
)
def test_a_failure_that_a_strategy_mends_is_met_once_and_then_stops(
    job: Any, breaks: Breaks, error: Exception, strategy: str
) -> None:
    breaks(StepKind.DEDUPE, error, times=1)
    assert go(job)["status"] is RunStatus.PUBLISHED
    assert rulings(job) == [("dedupe:orders#1", strategy)]


@pytest.mark.parametrize(
    ("error", "strategy"),
    [
        (duckdb.OutOfMemoryException("no memory"), "scale_down"),
        (TimeExceeded("too long"), "extend"),
        (DiskFull("more than it may write"), "clean_up"),
        (duckdb.CatalogException("no such table"), "redo"),
    ],
)
def test_a_strategy_that_did_not_help_is_not_tried_again(
    job: Any, breaks: Breaks, error: Exception, strategy: str
) -> None:
    calls = breaks(StepKind.DEDUPE, error, times=99)
    assert go(job, attempts=9)["status"] is RunStatus.FAILED
    assert calls == [2]
    assert rulings(job) == [("dedupe:orders#1", strategy), ("dedupe:orders#2", "stop")]
    assert "it did not help" in told(job)["replanning"][1]["reason"]


def test_a_disk_that_stays_full_is_the_operators_and_the_run_goes_on_afterwards(job: Any, breaks: Breaks) -> None:
    calls = breaks(StepKind.DEDUPE, OSError(28, "No space left on device"), times=2)
    with pytest.raises(SetupError, match="make room, then millwright resume r1"):
        go(job)
    assert calls == [2]
    assert not list(job.out.glob("*.parquet"))
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED
    assert rulings(job) == [("dedupe:orders#1", "clean_up")]


def test_scaled_down_the_step_has_one_thread_and_the_others_have_all(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []
    real = nodes.perform._CONNECTED[StepKind.FORMAT]

    def short_of_memory(connection: Any, work: Any) -> Any:
        seen.append((work.table.name, work.context.threads))
        if work.table.name == "orders" and work.context.threads > 1:
            raise duckdb.OutOfMemoryException("no memory")
        return real(connection, work)

    monkeypatch.setitem(nodes.perform._CONNECTED, StepKind.FORMAT, short_of_memory)
    assert go(job, parallel_steps=1)["status"] is RunStatus.PUBLISHED
    assert sorted(seen) == [("customers", 2), ("orders", 1), ("orders", 2)]


def test_more_time_is_bounded_by_the_budget(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def slow(work: Any) -> Any:
        seen.append(work.context.sql_seconds)
        raise TimeExceeded("too long")

    monkeypatch.setitem(nodes.perform._ALONE, StepKind.DERIVE, slow)
    budget = BudgetLimits(seconds=1_000.0)
    assert go(job, attempts=9, sql_seconds=300.0, budget=budget)["status"] is RunStatus.FAILED
    assert seen[0] == 300.0
    assert 900.0 < seen[1] <= 1_000.0
    assert len(seen) == 2


def test_a_step_that_cannot_be_done_is_done_without_where_there_is_another_way(job: Any, breaks: Breaks) -> None:
    loose = job.contract.read_text().replace("value: 0.5", "value: 0.9")
    job.contract.write_text(loose)
    real = nodes.perform._CONNECTED[StepKind.RESOLVE]

    def broken(connection: Any, work: Any) -> Any:
        real(connection, work)
        raise StepError("the specialists contradict themselves")

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(nodes.perform._CONNECTED, StepKind.RESOLVE, broken)
        assert go(job)["status"] is RunStatus.PUBLISHED
    content = told(job)
    (ruling,) = content["replanning"]
    assert (ruling["step_id"], ruling["action"], ruling["revision"]) == ("resolve:customers", "fall_back", 1)
    assert "resolve(customers) by left_as_it_is" in ruling["reason"]
    assert content["plan"]["revision"] == 1
    assert "resolve:customers" not in {step["step_id"] for step in content["plan"]["steps"]}
    done = [entry["step_id"] for entry in content["trace"] if entry["status"] == "done"]
    assert {"map:customers", "format:customers"} <= set(done[: ruling["completed"]])
    assert len(set(done)) == len(done)  # the executed prefix stays
    books = content["tables"]["customers"]
    assert (books["rows_read"], books["rows_published"], books["rows_quarantined"]) == (4, 1, 3)


@pytest.mark.parametrize("how", ["as prepared", "resolve(customers) planned anew"])
def test_what_was_prepared_comes_first_and_else_the_smallest_part_is_planned_anew(
    job: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    job.contract.write_text(job.contract.read_text().replace("value: 0.5", "value: 0.9"))
    monkeypatch.setitem(nodes.perform._CONNECTED, StepKind.RESOLVE, _refuse)
    if how != "as prepared":
        monkeypatch.setattr(nodes.plan, "contingencies", lambda *_: ())
    assert go(job)["status"] is RunStatus.PUBLISHED
    (ruling,) = told(job)["replanning"]
    done_without = "resolve(customers) by left_as_it_is does without resolve:customers"
    assert ruling["reason"].endswith(f"{done_without}; {how}, 15 of 16 steps stay")


def test_where_the_part_alone_is_not_to_be_had_the_whole_is_planned_anew(
    job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.contract.write_text(job.contract.read_text().replace("value: 0.5", "value: 0.9"))
    monkeypatch.setitem(nodes.perform._CONNECTED, StepKind.RESOLVE, _refuse)
    monkeypatch.setattr(nodes.plan, "contingencies", lambda *_: ())
    none = NoPlan(goal="", reason="none", tried=(), exhausted=True)
    monkeypatch.setattr(nodes.fallback, "repair_delivery", lambda *_: none)
    assert go(job)["status"] is RunStatus.PUBLISHED
    assert "the whole planned anew, " in told(job)["replanning"][0]["reason"]


def test_another_way_that_is_too_unlikely_is_not_begun(job: Any, breaks: Breaks) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(nodes.perform._CONNECTED, StepKind.RESOLVE, _refuse)
        assert go(job, least_confidence=0.99)["status"] is RunStatus.FAILED
    assert [action for _, action in rulings(job)] == ["stop"]


def _refuse(*_: Any) -> Any:
    raise StepError("the specialists contradict themselves")


def test_a_table_that_is_gone_is_made_again_and_the_result_is_the_same(
    job: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(job)
    undisturbed = {path.name: path.read_bytes() for path in job.out.glob("*.parquet")}
    real, lost = nodes.perform._CONNECTED[StepKind.QUARANTINE], []

    def after_a_loss(connection: Any, work: Any) -> Any:
        if work.table.name == "orders" and not lost:
            lost.append(True)
            connection.execute("drop view live.orders; drop view main.orders; drop view stage.orders")
        return real(connection, work)

    monkeypatch.setitem(nodes.perform._CONNECTED, StepKind.QUARANTINE, after_a_loss)
    context = RunContext(home=str(job.home))
    output = run(job.contract, [str(job.sources)], tmp_path / "again", run_id="r2", context=context)
    assert output["status"] is RunStatus.PUBLISHED, output["problem"]
    content = json.loads((tmp_path / "again" / "_runs" / "r2" / "run.json").read_text())
    (ruling,) = content["replanning"]
    assert ruling["action"] == "redo"
    assert ruling["again"] == ["conform:orders", "repair:orders", "dedupe:orders", "quarantine:orders"]
    assert content["tables"] == told(job)["tables"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").glob("*.parquet")} == undisturbed


def test_before_a_retry_the_run_waits_longer_each_time_and_never_the_same(
    job: Any, breaks: Breaks, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(nodes.replan.time, "sleep", waits.append)
    breaks(StepKind.MAP, TransientError("busy"), times=3)
    assert go(job, attempts=4, retry_wait=8.0, retry_wait_most=20.0)["status"] is RunStatus.PUBLISHED
    assert [low <= wait <= high for wait, low, high in zip(waits, (4, 8, 10), (8, 16, 20), strict=True)] == [True] * 3
    assert [entry["wait_seconds"] for entry in told(job)["replanning"]] == waits
    assert told(job)["timings"]["wait"] == pytest.approx(sum(waits), abs=0.001)


def test_the_trace_tells_every_attempt_and_how_far_the_plan_was(job: Any, breaks: Breaks) -> None:
    breaks(StepKind.FORMAT, TransientError("busy"), times=1)
    go(job)
    trace, steps = told(job)["trace"], len(told(job)["plan"]["steps"])
    orders = [
        (entry["attempt"], entry["status"], entry["failure"]) for entry in trace if "format:o" in entry["step_id"]
    ]
    assert orders == [(1, "failed", "transient"), (2, "done", None)]
    assert all(entry["completed"] + entry["remaining"] == steps for entry in trace)
    assert [entry["completed"] for entry in trace] == sorted(entry["completed"] for entry in trace)


def test_switched_off_nothing_is_tried_again(job: Any, breaks: Breaks) -> None:
    calls = breaks(StepKind.MAP, duckdb.IOException("disk gone"), times=1)
    assert go(job, patterns=Patterns(replanning="off"))["status"] is RunStatus.FAILED
    assert calls == [1]
    assert told(job)["replanning"][0]["reason"].endswith("patterns.replanning is off")


def test_with_retries_only_nothing_else_is_done(job: Any, breaks: Breaks) -> None:
    calls = breaks(StepKind.MAP, duckdb.OutOfMemoryException("no memory"), times=1)
    assert go(job, patterns=Patterns(replanning="retry"))["status"] is RunStatus.FAILED
    assert calls == [1]


def test_a_stopped_run_goes_on_when_the_cause_is_gone(job: Any, breaks: Breaks) -> None:
    calls = breaks(StepKind.QUARANTINE, ResourceError("a bound"), times=1)
    assert go(job)["status"] is RunStatus.FAILED
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED
    assert calls == [2]
    assert told(job)["status"] == "published"
    assert told(job)["problem"] == ""


def test_every_ruling_is_a_decision_in_the_ledger(job: Any, breaks: Breaks) -> None:
    breaks(StepKind.MAP, duckdb.IOException("disk gone"), times=2)
    go(job)
    with open_workspace(job.home / "runs" / "r1") as connection:
        found = [each for each in read_decisions(connection) if each.kind == "failure_response"]
    assert [(each.subject, each.answer, each.evidence) for each in found] == [
        ("map:orders, attempt 1", "retry", "transient: disk gone"),
        ("map:orders, attempt 2", "retry", "transient: disk gone"),
    ]


def test_a_fault_of_the_program_rises(job: Any, breaks: Breaks) -> None:
    breaks(StepKind.MAP, ZeroDivisionError("a fault"), times=1)
    with pytest.raises(ZeroDivisionError):
        go(job)
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED


def test_a_ruling_that_cannot_be_recorded_stops_the_run(
    job: Any, breaks: Breaks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise duckdb.IOException("the ledger is locked")

    breaks(StepKind.MAP, duckdb.IOException("disk gone"), times=1)
    with monkeypatch.context() as patch:
        patch.setattr(nodes.replan, "record_decisions", locked)
        output = go(job)
    assert output["status"] is RunStatus.FAILED
    assert "disk gone" in output["problem"]
    assert "the ledger is locked" in output["problem"]
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED
