"""Records of runs: written before anything else, read back or refused in one line, held by one process."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tools.files
from state.errors import ContractError, RunError, SetupError, StateVersionError
from state.run import SCHEMA_VERSION, RunContext, RunRequest
from tools.records import (
    CONTRACT_COPY,
    RunRecord,
    check_new,
    is_running,
    list_records,
    read_record,
    run_lock,
    write_record,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "contract.yaml").write_bytes(b"the contract")
    return tmp_path / "deep" / "home"


def new(home: Path, run_id: str = "r1", at: datetime = NOW) -> RunRecord:
    request = RunRequest(
        contract=str(home.parents[1] / "contract.yaml"), sources=("/s/ü'\"",), out="/out", run_id=run_id
    )
    return RunRecord(run_id=run_id, created_at=at, request=request, context=RunContext(home=str(home)))


def test_a_record_is_read_back_as_it_was_written(home: Path) -> None:
    record = new(home)
    write_record(record)
    assert read_record(home, "r1") == record
    assert (home / "runs" / "r1" / CONTRACT_COPY).read_bytes() == b"the contract"


def test_the_copy_of_the_contract_and_every_folder_are_on_disk_before_the_record(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        acts.append("sync " + Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    def renamed(path: Path, target: Path) -> Path:
        acts.append("name " + target.name)
        return replace(path, target)

    monkeypatch.setattr(tools.files.os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    write_record(new(home))
    named = acts.index("name record.json")
    for before in ("sync home", "sync runs", f"name {CONTRACT_COPY}", "sync r1"):
        assert acts.index(before) < named
    assert acts[named:] == ["name record.json", "sync r1"]


def test_a_run_killed_before_its_record_was_named_does_not_exist(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Path.replace

    def killed(path: Path, target: Path) -> Path:
        if target.name == "record.json":
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            write_record(new(home))
    with pytest.raises(RunError, match="there is no run 'r1'"):
        read_record(home, "r1")
    write_record(new(home))
    assert read_record(home, "r1") == new(home)


def test_an_id_is_taken_once(home: Path) -> None:
    write_record(new(home))
    with pytest.raises(RunError, match="resume r1"):
        write_record(new(home, at=NOW + timedelta(1)))
    assert read_record(home, "r1").created_at == NOW


@given(st.text(max_size=120) | st.from_regex(r"\A[./\\A-Za-z0-9 -]{1,5}\Z"))
def test_an_id_is_a_name_inside_the_folder_of_runs_or_refused(run_id: str) -> None:
    record = new(Path("/nowhere/deep/home"), run_id)
    try:
        check_new(record)
    except RunError:
        with pytest.raises(RunError):
            read_record(Path("/nowhere/deep/home"), run_id)
        return
    assert Path(os.path.normpath(record.context.run_folder(run_id))).parent == Path("/nowhere/deep/home/runs")
    assert run_id.isascii()
    assert run_id.isprintable()


@pytest.mark.parametrize("run_id", ["", "..", ".", "a/b", "../x", "a b", "r1\n", "-x", "ä", "x" * 101])
def test_ids_that_are_no_names_are_refused(home: Path, run_id: str) -> None:
    with pytest.raises(RunError, match="cannot be a run id"):
        check_new(new(home, run_id))


def test_paths_that_are_no_text_are_refused(home: Path) -> None:
    record = new(home)
    request = record.request.model_copy(update={"sources": (os.fsdecode(b"/in/\xff.csv"),)})
    with pytest.raises(SetupError, match="not UTF-8") as caught:
        write_record(record.model_copy(update={"request": request}))
    assert caught.value.line().isprintable()
    assert not home.exists()


def test_a_contract_that_cannot_be_read_leaves_no_run(home: Path) -> None:
    (home.parents[1] / "contract.yaml").unlink()
    with pytest.raises(ContractError, match="No such file"):
        write_record(new(home))
    assert not home.exists()


_OURS = f'{{"schema_version": {SCHEMA_VERSION}}}'.encode()


@pytest.mark.parametrize("damage", [b"", b"{", b"null", b"[]", b'"text"', b"\xff\xfe", _OURS,
                                    b'{"schema_version": "x"}', b'{"schema_version": null}'])  # fmt: skip
def test_a_damaged_record_is_told_in_one_line_and_left_out_of_the_list(home: Path, damage: bytes) -> None:
    for run_id in ("r1", "r2"):
        write_record(new(home, run_id))
    (home / "runs" / "r1" / "record.json").write_bytes(damage)
    with pytest.raises(RunError, match="damaged") as caught:
        read_record(home, "r1")
    assert "\n" not in caught.value.line()
    assert [record.run_id for record in list_records(home)] == ["r2"]


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION + 1, 99])
def test_a_record_of_another_schema_version_is_refused_and_left_out(home: Path, version: int) -> None:
    write_record(new(home))
    path = home / "runs" / "r1" / "record.json"
    other = json.loads(path.read_text()) | {"schema_version": version, "a_field_of_that_version": 1}
    path.write_text(json.dumps(other))
    with pytest.raises(StateVersionError, match=f"schema {version}, this version reads {SCHEMA_VERSION}"):
        read_record(home, "r1")
    assert list_records(home) == ()


def test_records_are_listed_oldest_first(home: Path) -> None:
    assert list_records(home) == ()
    for run_id, days in (("b", 1), ("c", 0), ("a", 1)):
        write_record(new(home, run_id, at=NOW + timedelta(days)))
    assert [record.run_id for record in list_records(home)] == ["c", "a", "b"]


def test_a_run_is_held_by_one_and_free_again_afterwards(home: Path) -> None:
    write_record(new(home))
    assert not is_running(home, "r1")
    with run_lock(home, "r1"):
        assert is_running(home, "r1")
        with pytest.raises(RunError, match="another process"), run_lock(home, "r1"):
            pass
    assert not is_running(home, "r1")
    with pytest.raises(ZeroDivisionError), run_lock(home, "r1"):
        raise ZeroDivisionError
    with run_lock(home, "r1"):
        assert is_running(home, "r1")


def test_the_lock_ends_with_its_process(home: Path) -> None:
    write_record(new(home))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with run_lock(home, "r1"):
            os.write(writer, b"x")
            os.read(os.pipe()[0], 1)
    os.read(reader, 1)
    assert is_running(home, "r1")
    os.kill(child, 9)
    os.waitpid(child, 0)
    for end in (reader, writer):
        os.close(end)
    assert not is_running(home, "r1")


def test_a_run_that_is_not_there_is_neither_running_nor_held(home: Path) -> None:
    assert not is_running(home, "r1")
    with pytest.raises(RunError, match="there is no run"), run_lock(home, "r1"):
        pass
