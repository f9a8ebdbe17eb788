"""The registry: every run of every home folder that shares the database, and its last status."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from state.errors import RunError
from state.run import RunContext, RunRequest, RunStatus
from tools.admission import admit
from tools.queue.registry import forget, home_of, read_status, register, registered, write_status
from tools.queue.standing import standings
from tools.records import RunRecord, read_record, run_lock

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def shared(database_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLWRIGHT_DATABASE_URL", database_address)


def new(home: Path, run_id: str = "r1", at: datetime = NOW) -> RunRecord:
    request = RunRequest(contract="/c.yaml", sources=("/s",), out="/out", run_id=run_id)
    return RunRecord(run_id=run_id, created_at=at, request=request, context=RunContext(home=str(home)))


def test_the_status_is_the_last_one_written(tmp_path: Path) -> None:
    record = new(tmp_path)
    register(record)
    assert read_status(tmp_path, "r1") is None
    write_status(record, RunStatus.RUNNING, "", NOW)
    write_status(record, RunStatus.FAILED, "it broke", NOW + timedelta(1))
    state = read_status(tmp_path, "r1")
    assert state is not None
    assert (state.status, state.problem, state.updated_at) == (RunStatus.FAILED, "it broke", NOW + timedelta(1))


def test_a_run_that_was_recorded_before_there_was_a_registry_is_noted_with_its_status(tmp_path: Path) -> None:
    write_status(new(tmp_path), RunStatus.PUBLISHED, "", NOW)
    assert [(run.run_id, run.status) for run in registered(tmp_path)] == [("r1", "published")]


def test_runs_are_listed_oldest_first(tmp_path: Path) -> None:
    assert registered(tmp_path) == ()
    for run_id, days in (("b", 1), ("c", 0), ("a", 1)):
        register(new(tmp_path, run_id, NOW + timedelta(days)))
    assert [run.run_id for run in registered(tmp_path)] == ["c", "a", "b"]
    forget(new(tmp_path, "c"))
    assert [run.run_id for run in registered(tmp_path)] == ["a", "b"]


def test_a_row_whose_record_was_never_written_is_taken_over(tmp_path: Path) -> None:
    register(new(tmp_path))
    register(new(tmp_path, at=NOW + timedelta(1)))
    assert [run.created_at for run in registered(tmp_path)] == [NOW + timedelta(1)]


def test_reading_makes_no_home_folder(tmp_path: Path, database_address: str) -> None:
    home = tmp_path / "none"
    assert registered(home) == ()
    assert read_status(home, "r1") is None
    assert home_of(home, "r1") == home
    assert database_address or not home.exists()


def test_home_folders_that_share_a_database_know_of_each_other(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLWRIGHT_DATABASE_URL", postgres_url)
    register(new(tmp_path / "one"))
    assert [run.home for run in registered(tmp_path / "two")] == [str(tmp_path / "one")]
    assert home_of(tmp_path / "two", "r1") == tmp_path / "one"
    with pytest.raises(RunError, match="exists already"):
        register(new(tmp_path / "two"))


def test_a_run_is_interrupted_when_nobody_holds_it(job: Any) -> None:
    request = RunRequest(contract=str(job.contract), sources=(str(job.sources),), out=str(job.out), run_id="r1")
    admit(request, RunContext(home=str(job.home)))
    assert [status for _, status, _ in standings(job.home)] == ["interrupted"]
    with run_lock(job.home, "r1"):
        assert [status for _, status, _ in standings(job.home)] == ["recorded"]
        write_status(read_record(job.home, "r1"), RunStatus.RUNNING, "", NOW)
        assert [status for _, status, _ in standings(job.home)] == ["running"]
    write_status(read_record(job.home, "r1"), RunStatus.NOT_MET, "two rules", NOW)
    assert [each[1:] for each in standings(job.home)] == [("not_met", "two rules")]
