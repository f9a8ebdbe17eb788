"""A disk that fills at every stage: one line that says where and what next, old tables untouched, resume finishes."""

import errno
import hashlib
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from graphs.session import resume, run
from state.errors import MillwrightError
from state.run import RunContext, RunStatus

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "from app.cli import main; main()"


def tables(out: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.glob("*.parquet"))}


@pytest.fixture
def larger(job: Any) -> Any:
    """The job with enough rows for files of some hundred kilobytes."""
    with (job.sources / "orders_1.csv").open("a") as orders:
        orders.writelines(f"{1000 + n},1,2024-03-01,{n}.50,2024-03-01 10:00:00\n" for n in range(20_000))
    return job


def call(job: Any, *arguments: str, file_bytes: int | None = None) -> tuple[int, str]:
    """Run the product as a process, with a limit on the size of every file it writes; return exit code and errors."""

    def limit() -> None:
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env={**os.environ, "MILLWRIGHT_HOME": str(job.home)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    return ended.returncode, ended.stderr


def start(job: Any) -> list[str]:
    return ["run", str(job.contract), str(job.sources), "--out", str(job.out), "--run-id", "r1"]


def assert_told(code: int, errors: str) -> None:
    last = errors.strip().splitlines()[-1]
    assert code == 2, errors
    assert "Traceback" not in errors
    assert last.startswith("millwright: /"), last
    assert "make room" in last or "resume" in last, last


@pytest.mark.parametrize("kilobytes", [1, 60, 2000])
def test_files_that_cannot_grow(larger: Any, tmp_path: Path, kilobytes: int) -> None:
    run(larger.contract, [larger.sources], tmp_path / "expected", context=RunContext(home=str(tmp_path / "home2")))
    larger.out.mkdir()
    (larger.out / "orders.parquet").write_bytes(b"old")
    code, errors = call(larger, *start(larger), file_bytes=kilobytes * 1024)
    assert_told(code, errors)
    assert (larger.out / "orders.parquet").read_bytes() == b"old"
    recorded = (larger.home / "runs" / "r1" / "record.json").exists()
    code, errors = call(larger, *(["resume", "r1"] if recorded else start(larger)))
    assert code == 0, errors
    assert tables(larger.out) == tables(tmp_path / "expected")


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
def test_a_real_disk_that_is_full(larger: Any, place: str, kilobytes: int) -> None:
    folder = larger.home if place == "home" else larger.out
    with small_disk(folder, kilobytes):
        code, errors = call(larger, *start(larger))
        assert_told(code, errors)
        assert tables(larger.out) == {}
        subprocess.run(["mount", "-o", "remount,size=100m", str(folder)], check=True)
        code, errors = call(larger, "resume", "r1")
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


@pytest.mark.parametrize("point", range(POINTS))
def test_any_write_may_be_the_one_that_fails(
    job: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: int
) -> None:
    """From the record before anything is done to the status at the end, at points that lie evenly between.

    What a member of a council could not write the run does without: then it publishes the same.
    """
    with monkeypatch.context() as patch:
        counted = FullDisk(patch)
        run(job.contract, [job.sources], tmp_path / "expected", context=RunContext(home=str(tmp_path / "home2")))
    at = 1 + point * (counted.syncs - 1) // (POINTS - 1)
    expected, context = tables(tmp_path / "expected"), RunContext(home=str(job.home))
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
