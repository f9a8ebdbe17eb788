"""`millwright submit` and `work`: processes that take runs, are replaced when they die, and drain when told to."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import get_context
from typing import Any

import psutil
import pytest

from app.dashboard.work import go_on, start
from app.work_command import Crew
from app.work_process import WorkOptions
from evals.postgres_server import PASSWORD
from state.errors import SetupError
from state.jobs import JobState
from state.run import RunRequest
from tools.database.open import open_database
from tools.queue.queue import claim, finish, jobs, set_aside
from tools.records import read_record

MAIN = "from app.cli import main; main()"


@pytest.fixture(autouse=True)
def at_home(small_job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLWRIGHT_HOME", str(small_job.home))


@pytest.fixture
def submit(cli: Any, small_job: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def submit(*options: str) -> Any:
        monkeypatch.setenv("MILLWRIGHT_HOME", str(small_job.home))
        code, out, _ = cli("submit", small_job.contract, small_job.sources, "--out", small_job.out, *options, "--json")
        assert code == 0
        return json.loads(out)

    return submit


Started = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def started() -> Iterator[Started]:
    begun: list[subprocess.Popen[str]] = []

    def start(*options: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", MAIN, "work", "--json", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1)
        begun.append(process)
        return process

    yield start
    for process in begun:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def hear(process: "subprocess.Popen[str]", event: str | tuple[str, ...]) -> Any:
    assert process.stdout is not None
    for line in process.stdout:
        told = json.loads(line)
        if told["event"] in ((event,) if isinstance(event, str) else event):
            return told
    raise AssertionError(f"it never told of {event!r}")


def workers_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    family = psutil.Process(process.pid).children(recursive=True)
    return [each for each in family if each.ppid() != process.pid]


def test_a_worker_that_is_killed_is_replaced_and_its_run_ends(submit: Any, started: Started, small_job: Any) -> None:
    run_id = submit("--key", "bill 7")["run_id"]
    assert submit("--key", "bill 7") == {"run_id": run_id, "queued": True, "waiting": 1}
    process = started("--once")
    assert hear(process, "taken")["run_id"] == run_id
    for worker in workers_of(process):
        worker.send_signal(signal.SIGKILL)
    assert hear(process, "worker died")["exit_code"] == -9
    assert hear(process, "taken")["attempt"] == 2
    assert hear(process, "ended")["status"] == "published"
    assert process.wait(60) == 0
    assert (small_job.out / "readings.parquet").is_file()


def test_told_to_stop_it_drains_and_puts_the_run_back(submit: Any, started: Started, small_job: Any) -> None:
    run_id = submit()["run_id"]
    process = started("--processes", "1")
    hear(process, "taken")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    with open_database(small_job.home) as database:
        (left,) = jobs(database)
    assert (left.run_id, left.state) in [(run_id, JobState.QUEUED), (run_id, JobState.ENDED)]
    assert left.attempts == (0 if left.state is JobState.QUEUED else 1)


def test_a_worker_that_is_told_by_others_too_drains_all_the_same(submit: Any, started: Started, small_job: Any) -> None:
    run_id = submit()["run_id"]
    process = started("--processes", "1")
    hear(process, "taken")
    (worker,) = workers_of(process)
    for _ in range(5):  # as a service manager does that ends every process of the group
        with suppress(psutil.NoSuchProcess):
            worker.send_signal(signal.SIGTERM)
            time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    assert hear(process, ("drained", "ended", "worker died"))["event"] != "worker died"
    assert process.wait(60) == 0
    with open_database(small_job.home) as database:
        (left,) = jobs(database)
    assert (left.run_id, left.state) in [(run_id, JobState.QUEUED), (run_id, JobState.ENDED)]


def test_told_twice_it_stops_at_once(submit: Any, started: Started, small_job: Any) -> None:
    submit()
    process = started()
    hear(process, "taken")
    (worker,) = workers_of(process)
    worker.suspend()  # it cannot drain
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    worker.resume()
    assert process.wait(60) in (0, 128 + signal.SIGTERM)  # 0: it was done before the second one


def test_workers_of_a_killed_supervisor_drain(submit: Any, started: Started) -> None:
    submit()
    process = started("--processes", "1")
    hear(process, "taken")
    workers = workers_of(process)
    assert workers
    process.kill()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == []


def test_a_run_that_was_set_aside_is_listed_and_put_back(submit: Any, cli: Any, small_job: Any) -> None:
    run_id = submit()["run_id"]
    assert f"{run_id}  queued" in cli("runs")[1]
    with open_database(small_job.home) as database:
        set_aside(database, claim(database, "w", 30.0) or pytest.fail("no run"), "the contract is gone")
        assert "set aside" in cli("runs")[1]
        assert "the contract is gone" in cli("runs")[1]
        assert cli("requeue", run_id)[0] == 0
        assert [job.state for job in jobs(database)] == [JobState.QUEUED]
    code, _, err = cli("requeue", "none")
    assert code == 2
    assert "'none' was not set aside" in err


def test_doctor_says_which_database_without_password(
    cli: Any, small_job: Any, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLWRIGHT_HOME", str(small_job.home))
    assert doctor(cli)["schema"] == "made with the first run"
    assert not small_job.home.exists(), "looking makes nothing"
    monkeypatch.setenv("MILLWRIGHT_DATABASE_URL", postgres_url)
    assert doctor(cli)["schema"] == "made with the first run"
    open_database(small_job.home, postgres_url).close()
    found = doctor(cli)
    assert (found["kind"], found["reachable"]) == ("postgresql", "yes")
    assert "queue 1" in found["schema"]
    assert PASSWORD not in json.dumps(found)
    monkeypatch.setenv("MILLWRIGHT_DATABASE_URL", f"postgresql://u:{PASSWORD}@127.0.0.1:1/none")
    monkeypatch.setattr("tools.database.examine._PATIENCE", 0.1)
    code, out, _ = cli("doctor", "--json")
    assert code == 2
    assert "does not answer" in json.loads(out)["problems"][0]
    assert PASSWORD not in out


def doctor(cli: Any) -> Any:
    code, out, _ = cli("doctor", "--json")
    assert code == 0
    return json.loads(out)["database"]


def test_the_crew_outlives_a_database_that_is_away_when_a_worker_died(capfd: pytest.CaptureFixture[str]) -> None:
    def away(_worker: str) -> None:
        raise SetupError("the database does not answer", where="here")

    def die() -> None:
        os._exit(3)

    died = get_context("fork").Process(target=die)
    died.start()
    died.join()
    crew = Crew(WorkOptions(home="", lease=1.0, streams=1, once=False, as_json=True), away)
    crew.members["w1"], crew._began["w1"] = died, time.monotonic()
    assert crew._buried() == 1
    told = [json.loads(line)["event"] for line in capfd.readouterr().out.splitlines()]
    assert told == ["leases not ended", "worker died"]


def test_runs_of_the_server_are_tried_as_often_as_the_settings_say(
    small_job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLWRIGHT_OPERATION__WORKER_ATTEMPTS", "2")
    request = RunRequest(contract=str(small_job.contract), sources=(str(small_job.sources),), out=str(small_job.out))
    run_id = start(request, "ann")
    with open_database(small_job.home) as database:
        assert [job.most_attempts for job in jobs(database)] == [2]
        finish(database, claim(database, "w", 30.0) or pytest.fail("no run"))
        monkeypatch.setenv("MILLWRIGHT_OPERATION__WORKER_ATTEMPTS", "3")
        go_on(read_record(small_job.home, run_id))
        (job,) = jobs(database)
        assert (job.state, job.attempts, job.most_attempts) == (JobState.QUEUED, 0, 3)
        assert job.queued_at == job.due_at, "it waits from now on, and not since it was queued first"
