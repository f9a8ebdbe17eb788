"""A worker killed anywhere leaves its run to another one, which ends it once."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphs.worker import Worker
from state.jobs import JobState
from state.run import RunContext, RunRequest
from tools.database.open import open_database
from tools.queue.queue import claim, enqueue, expire, jobs

SCRIPT = Path(__file__).with_name("killed_worker.py")
PLACES = (
    "between claim and start",
    "at its third event",
    "at its ninth event",
    "before the journal",
    "behind the journal",
    "amid the renames",
    "between publishing and finish",
    "behind finish",
)


@pytest.fixture(scope="module")
def killed() -> Iterator[Callable[[Path, str, str], int]]:
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdin is not None
    assert process.stdout is not None
    orders, answers = process.stdin, process.stdout

    def live(home: Path, url: str, place: str) -> int:
        orders.write(json.dumps([str(home), url, place]) + "\n")
        return int(answers.readline())

    yield live
    orders.close()
    process.wait(timeout=60)
    answers.close()


def ended_once(job: Any, run_id: str) -> bytes:
    """Return what was published, by one run, with each of its events once."""
    folder = job.out / "_runs" / run_id
    assert [path.name for path in job.out.glob("_runs/*/receipt.json")] == ["receipt.json"]
    assert json.loads((folder / "run.json").read_text())["status"] == "published"
    events = Counter(json.loads(line)["event_id"] for line in (folder / "events.jsonl").read_text().splitlines())
    assert not [event for event, count in events.items() if count > 1]
    return bytes((job.out / "readings.parquet").read_bytes())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, new_small_job: Callable[[Path], Any]) -> bytes:
    job = new_small_job(tmp_path_factory.mktemp("undisturbed"))
    with open_database(job.home) as database:
        submit(database, job)
        Worker(database, "w", 60.0, lambda _: None, poll=0.01).work(once=True)
    return ended_once(job, "r1")


def submit(database: Any, job: Any) -> None:
    request = RunRequest(contract=str(job.contract), sources=(str(job.sources),), out=str(job.out), run_id="r1")
    enqueue(database, request, RunContext(home=str(job.home), threads=1))


@pytest.mark.parametrize("place", PLACES)
def test_a_run_of_a_killed_worker_is_ended_by_another_one(
    small_job: Any, killed: Any, undisturbed: bytes, place: str
) -> None:
    with open_database(small_job.home) as database:
        submit(database, small_job)
        assert killed(small_job.home, "", place) == -9, "it was not killed: the test tests nothing"
        (left,) = jobs(database)
        if place == "behind finish":
            assert left.state is JobState.ENDED
        else:
            assert (left.state, left.worker) == (JobState.LEASED, "killed")
            assert claim(database, "w2", 60.0) is None, "its lease has not ended"
            assert expire(database, "killed") == 1
        told: list[Any] = []
        Worker(database, "w2", 60.0, told.append, poll=0.01).work(once=True)
        assert [each["event"] for each in told] == ([] if place == "behind finish" else ["taken", "ended"])
        (left,) = jobs(database)
        assert left.state is JobState.ENDED
    assert ended_once(small_job, "r1") == undisturbed


def test_on_postgres_likewise(
    small_job: Any, killed: Any, undisturbed: bytes, postgres_url: str, monkeypatch: Any
) -> None:
    monkeypatch.setenv("MILLWRIGHT_DATABASE_URL", postgres_url)
    with open_database(small_job.home, postgres_url) as database:
        submit(database, small_job)
        for place in ("at its ninth event", "behind the journal"):
            assert killed(small_job.home, postgres_url, place) == -9
            assert expire(database, "killed") == 1
        Worker(database, "w2", 60.0, lambda _: None, poll=0.01).work(once=True)
        (left,) = jobs(database)
        assert (left.state, left.attempts) == (JobState.ENDED, 3)
    assert ended_once(small_job, "r1") == undisturbed


def test_killed_too_often_it_is_set_aside(small_job: Any, killed: Any) -> None:
    with open_database(small_job.home) as database:
        submit(database, small_job)
        for _ in range(5):
            assert killed(small_job.home, "", "between claim and start") == -9
            assert expire(database, "killed") == 1
        assert claim(database, "w2", 60.0) is None
        (left,) = jobs(database)
        assert left.state is JobState.ASIDE
        assert "did not come back" in left.problem
