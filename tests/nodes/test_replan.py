"""Replanning end to end: what is transient is tried again, the rest stops with its reason, and nothing is half done."""

import json
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

import nodes.perform
import nodes.replan
from graphs.session import resume, run
from state.errors import AccountingError, ResourceError, StepError, TransientError, UntrustedSqlError
from state.plans import StepKind
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
    context = RunContext(home=str(job.home), **settings)
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
    steps = [name for name in content["timings"] if not name.startswith("report:")]  # writing is no step
    assert content["steps"] == len(steps) + 2
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
        (ResourceError("no memory"), FailureKind.RESOURCE),
        (duckdb.OutOfMemoryException("no memory"), FailureKind.RESOURCE),
        (OSError(28, "disk full"), FailureKind.RESOURCE),
        (UntrustedSqlError("bad sql"), FailureKind.CONTRACT_SQL),
        (AccountingError("a row is lost"), FailureKind.ACCOUNTING),
        (StepError("cannot"), FailureKind.DATA),
        (duckdb.ConversionException("cannot"), FailureKind.DATA),
    ],
)
def test_what_does_not_pass_by_itself_stops_at_once(
    job: Any, breaks: Breaks, error: Exception, kind: FailureKind
) -> None:
    calls = breaks(StepKind.DEDUPE, error, times=99)
    assert go(job)["status"] is RunStatus.FAILED
    assert calls == [1]
    (ruling,) = told(job)["replanning"]
    assert (ruling["action"], ruling["trigger"].split(":")[0]) == ("stop", kind.value)
    assert kind.value in ruling["reason"]
    assert ruling["alternatives"]


def test_switched_off_nothing_is_tried_again(job: Any, breaks: Breaks) -> None:
    calls = breaks(StepKind.MAP, duckdb.IOException("disk gone"), times=1)
    assert go(job, patterns=Patterns(replanning="off"))["status"] is RunStatus.FAILED
    assert calls == [1]
    assert told(job)["replanning"][0]["reason"] == "patterns.replanning is off"


def test_a_stopped_run_goes_on_when_the_cause_is_gone(job: Any, breaks: Breaks) -> None:
    calls = breaks(StepKind.QUARANTINE, ResourceError("no memory"), times=1)
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
        ("map:orders, attempt 1", "retry", "disk gone"),
        ("map:orders, attempt 2", "retry", "disk gone"),
    ]


def test_a_fault_of_the_program_rises(job: Any, breaks: Breaks) -> None:
    breaks(StepKind.MAP, ZeroDivisionError("a fault"), times=1)
    with pytest.raises(ZeroDivisionError):
        go(job)
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED


def test_a_ruling_that_cannot_be_recorded_stops_the_run(
    job: Any, breaks: Breaks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise duckdb.IOException("the ledger is locked")

    breaks(StepKind.MAP, duckdb.IOException("disk gone"), times=1)
    with monkeypatch.context() as patch:
        patch.setattr(nodes.replan, "record_decisions", locked)
        output = go(job)
    assert output["status"] is RunStatus.FAILED
    assert "disk gone" in output["problem"]
    assert "the ledger is locked" in output["problem"]
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED
