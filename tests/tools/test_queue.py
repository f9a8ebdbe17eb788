"""The queue: one worker has a run at a time, and what an earlier claim wants to change is refused."""

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, delete

from evals.postgres_server import PostgresServer
from state.errors import ClaimLost, RunError, SetupError
from state.jobs import Claim, Job, JobState
from state.run import RunContext, RunRequest
from tools.database.database import Database
from tools.database.open import open_database
from tools.queue import queue
from tools.queue.queue import (
    AGEING,
    again,
    claim,
    enqueue,
    expire,
    finish,
    heartbeat,
    held,
    jobs,
    queued,
    release,
    set_aside,
)
from tools.queue.tables import JOBS, RUNS

LEASE = 30.0


@pytest.fixture
def database(tmp_path: Path, database_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("MILLWRIGHT_DATABASE_URL", database_address)
    (tmp_path / "contract.yaml").write_text("a contract")
    with open_database(tmp_path / "home", database_address) as opened:
        yield opened


Put = Callable[..., str]


@pytest.fixture
def put(database: Database, tmp_path: Path) -> Put:
    def put(run_id: str = "", **options: Any) -> str:
        request = RunRequest(
            contract=str(tmp_path / "contract.yaml"), sources=("/in",), out=str(tmp_path / "out"), run_id=run_id
        )
        return enqueue(database, request, RunContext(home=str(tmp_path / "home")), **({"now": 0.0} | options))

    return put


def taken(database: Database, worker: str = "w", now: float = 100.0) -> Claim:
    found = claim(database, worker, LEASE, now=now)
    assert found is not None
    return found


def only(database: Database) -> Job:
    (job,) = jobs(database)
    return job


def test_a_run_is_taken_once_and_ends_once(database: Database, put: Put) -> None:
    put("r1")
    claimed = taken(database)
    assert (claimed.run_id, claimed.token, claimed.attempt, claimed.waited) == ("r1", 1, 1, 100.0)
    assert claim(database, "other", LEASE, now=100.0) is None
    assert [job.run_id for job in queued(database)] == ["r1"]
    finish(database, claimed, now=110.0)
    assert only(database).state is JobState.ENDED
    assert queued(database) == ()
    assert claim(database, "other", LEASE, now=1e9) is None


def test_the_same_key_is_the_same_run(database: Database, put: Put) -> None:
    first = put(key="bill 7")
    assert put(key="bill 7") == first
    assert put(key="bill 8") != first
    assert len(jobs(database)) == 2


def test_killed_between_record_and_queue_the_same_key_finds_the_same_run(
    database: Database, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(queue, "insert", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            put(key="bill 7")
    run_id = put(key="bill 7")
    assert [job.run_id for job in jobs(database)] == [run_id]


def taken_over(database: Database, put: Put, lease: float) -> None:
    put("r1")
    first = claim(database, "first", lease, now=100.0)
    assert first is not None
    assert claim(database, "second", LEASE, now=100.0 + LEASE - 1) is None
    second = claim(database, "second", LEASE, now=100.0 + LEASE + 1)
    assert second is not None, "its lease never ends"
    assert second.token == first.token + 1
    for act in (finish, release, heartbeat_of):
        with pytest.raises(ClaimLost):
            act(database, first)
    with pytest.raises(ClaimLost), held(database, first):
        pass
    heartbeat(database, second, LEASE, now=200.0)
    finish(database, second)


def heartbeat_of(database: Database, claimed: Claim) -> None:
    heartbeat(database, claimed, LEASE)


def test_a_run_whose_worker_is_silent_is_taken_over(database: Database, put: Put) -> None:
    taken_over(database, put, LEASE)


def test_a_lease_that_never_ends_is_found(database: Database, put: Put) -> None:
    with pytest.raises(AssertionError, match="never ends"):
        taken_over(database, put, math.inf)


def test_a_heartbeat_keeps_the_run(database: Database, put: Put) -> None:
    put("r1")
    claimed = taken(database)
    for now in (120.0, 140.0, 160.0):
        heartbeat(database, claimed, LEASE, now=now)
        assert claim(database, "other", LEASE, now=now + LEASE - 1) is None


def test_the_run_of_a_worker_that_is_known_to_be_gone_is_free_at_once(database: Database, put: Put) -> None:
    put("r1")
    taken(database, "gone")
    assert expire(database, "somebody") == 0
    assert expire(database, "gone") == 1
    assert taken(database, "other").attempt == 2


def test_a_run_that_outlives_its_workers_too_often_is_set_aside(database: Database, put: Put) -> None:
    put("r1", most_attempts=3)
    for at in range(3):
        assert taken(database, now=1_000.0 * at).attempt == at + 1
    assert claim(database, "w", LEASE, now=9_000.0) is None
    job = only(database)
    assert job.state is JobState.ASIDE
    assert "3 attempts" in job.problem
    again(database, "r1", now=9_000.0)
    assert taken(database, now=9_000.0).attempt == 1
    with pytest.raises(RunError, match="not set aside"):
        again(database, "r1")


def test_a_released_run_waits_and_its_attempt_counts_only_where_it_should(database: Database, put: Put) -> None:
    put("r1")
    release(database, taken(database), now=100.0)
    assert taken(database).attempt == 1
    release(database, Claim.model_validate({**claimed_again(database)}), delay=50.0, counts=True, now=100.0)
    assert claim(database, "w", LEASE, now=149.0) is None
    assert taken(database, now=151.0).attempt == 2


def claimed_again(database: Database) -> dict[str, Any]:
    job = only(database)
    return {"run_id": job.run_id, "home": job.home, "worker": job.worker, "token": job.token, "attempt": 1, "waited": 0}


def test_what_is_set_aside_says_why(database: Database, put: Put) -> None:
    put("r1")
    set_aside(database, taken(database), "the contract is gone", now=100.0)
    assert (only(database).state, only(database).problem) == (JobState.ASIDE, "the contract is gone")


def test_priorities_come_first_and_nobody_waits_for_ever(database: Database, put: Put) -> None:
    put("old", now=0.0)
    put("late", now=50.0, priority=5)
    put("later", now=60.0, priority=9)
    assert [taken(database).run_id for _ in range(2)] == ["later", "late"]
    put("urgent", now=70.0, priority=9)
    assert taken(database, now=AGEING + 1).run_id == "old"


def test_tenants_take_turns(database: Database, put: Put) -> None:
    for number in range(4):
        put(f"a{number}", tenant="a", now=float(number))
    for number in range(2):
        put(f"b{number}", tenant="b", now=50.0 + number)
    assert [taken(database).run_id for _ in range(6)] == ["a0", "b0", "a1", "b1", "a2", "a3"]


def claimed_side_by_side(database: Database, monkeypatch: pytest.MonkeyPatch, patience: float = 0.5) -> list[str]:
    """Two workers that claim at once: each waits for the other between finding a run and taking it."""
    meeting = threading.Barrier(2, timeout=patience)
    take = queue._take

    def late(*args: Any) -> Claim:
        with suppress(threading.BrokenBarrierError):
            meeting.wait()
        return take(*args)

    monkeypatch.setattr(queue, "_take", late)
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda name: claim(database, name, LEASE, now=100.0), ("w1", "w2")))
    return [each.run_id for each in found if each is not None]


def test_two_workers_never_take_the_same_run(database: Database, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2):
        put(f"r{number}")
    assert sorted(claimed_side_by_side(database, monkeypatch)) == ["r0", "r1"]


def test_a_claim_without_the_lock_is_found(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLWRIGHT_DATABASE_URL", postgres_url)
    monkeypatch.setattr(Select, "with_for_update", lambda query, **_: query)
    (tmp_path / "contract.yaml").write_text("a contract")
    with open_database(tmp_path / "home", postgres_url) as database:
        for number in range(2):
            request = RunRequest(
                contract=str(tmp_path / "contract.yaml"), sources=("/in",), out=str(tmp_path), run_id=f"r{number}"
            )
            enqueue(database, request, RunContext(home=str(tmp_path / "home")), now=0.0)
        assert claimed_side_by_side(database, monkeypatch, patience=30.0) == ["r0", "r0"]


def test_while_a_claim_is_held_nobody_takes_the_run_over(
    database: Database, put: Put, tmp_path: Path, database_address: str
) -> None:
    put("r1")
    claimed = taken(database)
    impatient = open_database(tmp_path / "home", database_address, patience=0.1)
    with impatient, held(database, claimed), suppress(SetupError):  # SQLite: the database is held as a whole
        assert claim(impatient, "other", LEASE, now=9_000.0) is None
    assert taken(database, "other", now=9_000.0).token == 2


def test_the_queue_outlives_a_restart_of_the_server(
    tmp_path: Path, postgres: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLWRIGHT_DATABASE_URL", postgres_url)
    (tmp_path / "contract.yaml").write_text("a contract")
    request = RunRequest(contract=str(tmp_path / "contract.yaml"), sources=("/in",), out=str(tmp_path), run_id="r1")
    with open_database(tmp_path / "home", postgres_url) as database:
        enqueue(database, request, RunContext(home=str(tmp_path / "home")))
        postgres.restart()
        claimed = claim(database, "w", LEASE)
        assert claimed is not None
        with held(database, claimed):
            postgres.restart()
        postgres.restart()
        heartbeat(database, claimed, LEASE)
        finish(database, claimed)
        assert only(database).state is JobState.ENDED


ACTS = st.lists(
    st.tuples(st.sampled_from(["claim", "beat", "finish", "release", "tick"]), st.integers(0, 2)), max_size=25
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Path]]:
    home = tmp_path_factory.mktemp("queue")
    (home / "contract.yaml").write_text("a contract")
    with open_database(home) as opened:
        yield opened, home


def succeeds(act: str, database: Database, claimed: Claim, now: float) -> bool:
    try:
        if act == "beat":
            heartbeat(database, claimed, LEASE, now=now)
        else:
            (finish if act == "finish" else release)(database, claimed, now=now)
    except ClaimLost:
        return False
    return True


@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_whatever_happens_only_the_last_claim_counts(shared: tuple[Database, Path], acts: Any) -> None:
    """Three workers, one run: a model that knows the last claim and how it stands says which acts may succeed."""
    database, home = shared
    database.perform(lambda connection: (connection.execute(delete(JOBS)), connection.execute(delete(RUNS))))
    (home / "runs" / "r1" / "record.json").unlink(missing_ok=True)
    request = RunRequest(contract=str(home / "contract.yaml"), sources=("/in",), out=str(home), run_id="r1")
    enqueue(database, request, RunContext(home=str(home)), most_attempts=1_000, now=0.0)
    claims: dict[int, Claim] = {}
    last, state, until, now = None, "release", 0.0, 1.0
    for act, worker in acts:
        if act == "tick":
            now += LEASE / 2
        elif act == "claim":
            found = claim(database, f"w{worker}", LEASE, now=now)
            assert (found is not None) == (state == "release" or (state == "claim" and until < now))
            if found is not None:
                claims[worker], last, state, until = found, worker, "claim", now + LEASE
        elif worker in claims:
            may = worker == last and state in ("claim", act)  # done once more, it is as it was
            assert succeeds(act, database, claims[worker], now) == may
            if may and act != "beat":
                state = act
            until = now + LEASE if may and act == "beat" else until


def test_several_who_submit_with_one_key_at_once_get_one_run(database: Database, put: Put) -> None:
    for key in map(str, range(20)):
        together = threading.Barrier(3)

        def submit(key: str = key, together: threading.Barrier = together) -> str:
            together.wait()
            return put(key=key)

        with ThreadPoolExecutor(3) as threads:
            found = {each.result() for each in [threads.submit(submit) for _ in range(3)]}
        assert [job.run_id for job in jobs(database) if job.key == key] == list(found)
