"""Workers: each run of the queue ends once, whatever becomes of the workers that had it."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import graphs.worker
from graphs.session import Hold
from graphs.session import proceed as proceed_with
from graphs.worker import Worker
from state.errors import ResourceError, SetupError
from state.jobs import JobState
from state.run import RunContext, RunRequest, RunStatus
from tools.database.database import Database
from tools.database.open import open_database
from tools.queue.queue import claim, enqueue, jobs
from tools.queue.registry import read_status
from tools.records import read_record, run_lock

LEASE = 30.0


@pytest.fixture
def database(small_job: Any, database_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("MILLWRIGHT_DATABASE_URL", database_address)
    with open_database(small_job.home, database_address) as opened:
        yield opened


def submit(database: Database, job: Any, run_id: str = "r1", out: Path | None = None) -> str:
    request = RunRequest(
        contract=str(job.contract), sources=(str(job.sources),), out=str(out or job.out), run_id=run_id
    )
    return enqueue(database, request, RunContext(home=str(job.home), threads=1))


def published(out: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.glob("*.parquet"))}


def worker(database: Database, name: str = "w1") -> tuple[Worker, list[Any]]:
    told: list[Any] = []
    return Worker(database, name, LEASE, told.append, poll=0.01), told


def test_a_worker_ends_every_run_of_the_queue(database: Database, small_job: Any, tmp_path: Path) -> None:
    for number in range(2):
        submit(database, small_job, f"r{number}", tmp_path / f"out{number}")
    works, told = worker(database)
    assert works.work(once=True) == 2
    assert [(each["event"], each["run_id"]) for each in told] == [
        ("taken", "r0"), ("ended", "r0"), ("taken", "r1"), ("ended", "r1"),
    ]  # fmt: skip
    assert [one.state for one in jobs(database)] == [JobState.ENDED] * 2
    assert published(tmp_path / "out0") == published(tmp_path / "out1") != {}
    state = read_status(small_job.home, "r1")
    assert state is not None
    assert state.status is RunStatus.PUBLISHED


@pytest.mark.parametrize("stop_at", [3, 9])
def test_a_drained_run_goes_on_from_its_checkpoint(
    database: Database, small_job: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    submit(database, small_job, "whole", tmp_path / "whole")
    worker(database)[0].work(once=True)
    submit(database, small_job)
    works, told = worker(database)
    heard = []

    def listening(*args: Any, **options: Any) -> Any:
        def hear(_event: Any) -> None:
            heard.append(_event)
            if len(heard) == stop_at:
                works.drain("shutdown")

        return proceed(*args, listener=hear, **options)

    proceed = graphs.worker.proceed
    monkeypatch.setattr(graphs.worker, "proceed", listening)
    works.work(once=True)
    assert told[-1]["event"] == "drained"
    assert not published(small_job.out)
    (left,) = [one for one in jobs(database) if one.run_id == "r1"]
    assert (left.state, left.attempts) == (JobState.QUEUED, 0)
    before = len(heard)
    monkeypatch.setattr(graphs.worker, "proceed", proceed)
    other, told = worker(database, "w2")
    other.work(once=True)
    assert told[-1] == told[-1] | {"event": "ended", "status": "published"}
    assert published(small_job.out) == published(tmp_path / "whole")
    lines = (small_job.out / "_runs" / "r1" / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    ids = [event["event_id"] for event in events if not event["event_id"].startswith("session:")]
    assert len(ids) == len(set(ids)), "something was done twice"
    assert before < len(ids)


def test_a_worker_that_lost_its_claim_publishes_nothing(
    database: Database, small_job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(database, small_job)
    late, told = worker(database, "late")
    claimed = claim(database, "late", LEASE, now=5e9)
    assert claimed is not None
    taken = claim(database, "other", LEASE, now=6e9)
    assert taken is not None
    assert taken.token == claimed.token + 1
    late.perform(claimed)
    assert told[-1]["event"] == "lost"
    assert not published(small_job.out)
    assert not (small_job.out / "_runs" / "r1" / "run.json").exists()
    (left,) = jobs(database)
    assert (left.state, left.worker) == (JobState.LEASED, "other")
    other, told = worker(database, "other")
    other.perform(taken)
    assert told[-1]["event"] == "ended"
    assert published(small_job.out)


def test_without_the_fence_the_test_above_would_see_it_publish(
    database: Database, small_job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        graphs.worker, "proceed", lambda record, hold, **more: proceed_with(record, hold=Hold(hold.control), **more)
    )
    submit(database, small_job)
    late, _ = worker(database, "late")
    claimed = claim(database, "late", LEASE, now=5e9)
    assert claimed is not None
    assert claim(database, "other", LEASE, now=6e9) is not None
    late.perform(claimed)
    assert published(small_job.out)


def test_a_run_that_another_process_holds_is_left_alone(database: Database, small_job: Any) -> None:
    submit(database, small_job)
    works, told = worker(database)
    with run_lock(small_job.home, "r1"):
        claimed = claim(database, "w1", LEASE)
        assert claimed is not None
        works.perform(claimed)
    assert told[-1]["event"] == "busy"
    (left,) = jobs(database)
    assert (left.state, left.attempts) == (JobState.QUEUED, 0)
    assert left.due_at > left.queued_at


def test_what_no_worker_can_do_is_set_aside_with_the_reason(database: Database, small_job: Any) -> None:
    submit(database, small_job)
    (small_job.home / "runs" / "r1" / "record.json").write_text("{")
    works, told = worker(database)
    works.work(once=True)
    assert told[-1]["event"] == "set aside"
    (left,) = jobs(database)
    assert left.state is JobState.ASIDE
    assert "damaged" in left.problem


@pytest.mark.parametrize("error", [SetupError("no room"), ResourceError("no room"), KeyError("no room")])
def test_what_may_pass_is_tried_again_and_not_for_ever(
    database: Database, small_job: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(graphs.worker, "proceed", failing)
    submit(database, small_job)
    works, told = worker(database)
    due = 0.0
    for _ in range(5):
        claimed = claim(database, "w1", LEASE, run_id="r1")
        assert claimed is not None
        works.perform(claimed)
        (left,) = jobs(database)
        assert left.state is JobState.QUEUED
        assert left.due_at - due > 0
        due = left.due_at
    assert claim(database, "w1", LEASE, run_id="r1") is None
    (left,) = jobs(database)
    assert left.state is JobState.ASIDE
    assert "5 attempts" in left.problem
    assert "no room" in left.problem
    assert [each["event"] for each in told] == ["taken", "failed"] * 5


def test_the_lease_is_renewed_while_a_run_is_worked_on(
    database: Database, small_job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    beaten = threading.Event()
    beats: list[float] = []

    def beat(*_: Any) -> None:
        beats.append(1)
        if len(beats) == 3:
            beaten.set()

    monkeypatch.setattr(graphs.worker, "heartbeat", beat)
    ends = {"status": RunStatus.PUBLISHED}
    monkeypatch.setattr(graphs.worker, "proceed", lambda *_, **__: ends if beaten.wait(20) else {})
    submit(database, small_job)
    told: list[Any] = []
    Worker(database, "w1", 0.03, told.append).perform(claimed := claim(database, "w1", LEASE) or pytest.fail("none"))
    assert claimed.run_id == "r1"
    assert told[-1]["event"] == "ended"
    assert read_record(small_job.home, "r1").run_id == "r1"


@pytest.mark.parametrize("error", [SetupError("away"), sqlite3.OperationalError("database or disk is full")])
def test_the_lease_is_renewed_after_a_heartbeat_that_failed(
    database: Database, small_job: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    beaten, beats = threading.Event(), list[int]()

    def beat(*_: Any) -> None:
        beats.append(1)
        if len(beats) == 1:
            raise error
        beaten.set()

    monkeypatch.setattr(graphs.worker, "heartbeat", beat)
    ends = {"status": RunStatus.PUBLISHED}
    monkeypatch.setattr(graphs.worker, "proceed", lambda *_, **__: ends if beaten.wait(5) else {})
    submit(database, small_job)
    told: list[Any] = []
    Worker(database, "w1", 0.03, told.append).perform(claim(database, "w1", LEASE) or pytest.fail("none"))
    assert told[-1]["event"] == "ended"


def test_a_worker_waits_for_a_database_that_is_away(
    database: Database, small_job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(database, small_job)
    works, told = worker(database)
    answers: list[Exception] = [SetupError("away"), sqlite3.OperationalError("database or disk is full")]

    def claiming(*given: Any) -> Any:
        if answers:
            raise answers.pop()
        works.drain("enough")
        return claim(*given)

    monkeypatch.setattr(graphs.worker, "claim", claiming)
    monkeypatch.setattr(graphs.worker, "AWAY_POLL", 0.01)
    assert works.work() == 1
    assert [each["event"] for each in told] == ["waits", "waits", "taken", "drained"]
    answers.append(SetupError("away"))
    with pytest.raises(SetupError):
        worker(database)[0].work(once=True)
