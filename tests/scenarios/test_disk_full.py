"""A disk that fills at every stage: one line that says where and what next, old tables untouched, resume finishes."""

import errno
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from graphs.session import resume, run
from state.errors import MillwrightError
from state.run import RunContext, RunStatus


def tables(out: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.glob("*.parquet"))}


def enlarged(job: Any) -> Any:
    """The job with enough rows for files of some hundred kilobytes."""
    with (job.sources / "orders_1.csv").open("a") as orders:
        orders.writelines(f"{1000 + n},1,2024-03-01,{n}.50,2024-03-01 10:00:00\n" for n in range(20_000))
    return job


@pytest.fixture
def larger(job: Any) -> Any:
    return enlarged(job)


@pytest.fixture(scope="module")
def larger_tables(tmp_path_factory: pytest.TempPathFactory, new_job: Callable[[Path], Any]) -> dict[str, str]:
    """What the larger job publishes where there is room."""
    job = enlarged(new_job(tmp_path_factory.mktemp("larger")))
    run(job.contract, [job.sources], job.out, context=RunContext(home=str(job.home)))
    return tables(job.out)


def call(calling: Any, job: Any, *arguments: str, file_bytes: int | None = None) -> tuple[int, str]:
    """Call the product as a process, with a limit on the size of every file it writes; return exit code and errors."""
    code, _, errors = calling(*arguments, home=job.home, file_bytes=file_bytes).ended()
    return code, errors


def start(job: Any) -> list[str]:
    return ["run", str(job.contract), str(job.sources), "--out", str(job.out), "--run-id", "r1"]


def assert_told(code: int, errors: str) -> None:
    last = errors.strip().splitlines()[-1]
    assert code == 2, errors
    assert "Traceback" not in errors
    assert last.startswith("millwright: /"), last
    assert "make room" in last or "resume" in last, last


@pytest.mark.parametrize("kilobytes", [1, 60, 2000])
def test_files_that_cannot_grow(calling: Any, larger: Any, larger_tables: dict[str, str], kilobytes: int) -> None:
    larger.out.mkdir()
    (larger.out / "orders.parquet").write_bytes(b"old")
    code, errors = call(calling, larger, *start(larger), file_bytes=kilobytes * 1024)
    assert_told(code, errors)
    assert (larger.out / "orders.parquet").read_bytes() == b"old"
    recorded = (larger.home / "runs" / "r1" / "record.json").exists()
    code, errors = call(calling, larger, *(["resume", "r1"] if recorded else start(larger)))
    assert code == 0, errors
    assert tables(larger.out) == larger_tables


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(shutil.which("mount") is None or os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize(("place", "kilobytes"), [("home", 300), ("out", 64)])
def test_a_real_disk_that_is_full(calling: Any, larger: Any, place: str, kilobytes: int) -> None:
    folder = larger.home if place == "home" else larger.out
    with small_disk(folder, kilobytes):
        code, errors = call(calling, larger, *start(larger))
        assert_told(code, errors)
        assert tables(larger.out) == {}
        subprocess.run(["mount", "-o", "remount,size=100m", str(folder)], check=True)
        code, errors = call(calling, larger, "resume", "r1")
        assert code == 0, errors
        assert len(tables(larger.out)) == 3


class FullDisk:
    """Refuses the n-th sync of a file or folder, and with it the write it proves; counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int = 0) -> None:
        self.at, self.syncs = at, 0
        self.real = os.fsync
        monkeypatch.setattr(os, "fsync", self.sync)

    def sync(self, handle: int) -> None:
        self.syncs += 1
        if self.syncs == self.at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.real(handle)


POINTS = 8


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, new_job: Callable[[Path], Any]) -> tuple[int, dict[str, str]]:
    """How many syncs the job takes, and what it publishes."""
    job = new_job(tmp_path_factory.mktemp("undisturbed"))
    with pytest.MonkeyPatch.context() as patch:
        counted = FullDisk(patch)
        run(job.contract, [job.sources], job.out, context=RunContext(home=str(job.home)))
    return counted.syncs, tables(job.out)


@pytest.mark.parametrize("point", range(POINTS))
def test_any_write_may_be_the_one_that_fails(
    job: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: tuple[int, dict[str, str]], point: int
) -> None:
    """From the record before anything is done to the status at the end, at points that lie evenly between.

    What a member of a council could not write the run does without: then it publishes the same.
    """
    syncs, expected = undisturbed
    at, context = 1 + point * (syncs - 1) // (POINTS - 1), RunContext(home=str(job.home))
    job.out.mkdir()
    (job.out / "orders.parquet").write_bytes(b"old")
    with monkeypatch.context() as patch:
        disk = FullDisk(patch, at)
        failure: MillwrightError | None = None
        try:
            run(job.contract, [job.sources], job.out, run_id="r1", context=context)
        except MillwrightError as error:
            failure = error
    if failure is None:
        assert tables(job.out) == expected
        return
    assert "No space left" in failure.line()
    assert str(tmp_path) in failure.line()
    assert failure.hint
    assert disk.syncs >= at
    if tables(job.out) != expected and not (job.out / "_runs" / ".journal.json").exists():
        assert (job.out / "orders.parquet").read_bytes() == b"old"
    if (job.home / "runs" / "r1" / "record.json").exists():
        again = resume(job.home, "r1")
    else:
        again = run(job.contract, [job.sources], job.out, run_id="r1", context=context)
    assert again["status"] is RunStatus.PUBLISHED
    assert tables(job.out) == expected
    assert not list(job.out.rglob("*.tmp"))
