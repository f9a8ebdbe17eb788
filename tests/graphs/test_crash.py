"""A run killed anywhere resumes to the same published bytes, with nothing done twice that can be seen from outside."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphs.session import resume
from state.run import RunContext, RunRequest, RunStatus
from tools.admission import admit

SCRIPT = Path(__file__).with_name("killed_session.py")
SIGKILLED = -9


def record(job: Any) -> None:
    request = RunRequest(contract=str(job.contract), sources=(str(job.sources),), out=str(job.out), run_id="r1")
    admit(request, RunContext(home=str(job.home)))


@pytest.fixture
def worker() -> Iterator[Callable[[Any, str, int], bool]]:
    """Works on a job until killed; returns whether the kill came before the run was finished."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdin is not None
    assert process.stdout is not None
    orders, answers = process.stdin, process.stdout

    def attempt(job: Any, where: str, number: int) -> bool:
        orders.write(json.dumps([str(job.home), "r1", where, number]) + "\n")
        status = int(answers.readline())
        assert status in (0, SIGKILLED)
        return status == SIGKILLED

    yield attempt
    orders.close()
    process.wait(timeout=60)
    answers.close()


def published(out: Path) -> dict[str, str]:
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*.parquet"))
    }


def told(out: Path) -> dict[str, Any]:
    run = json.loads((out / "_runs" / "r1" / "run.json").read_text())
    return {key: run[key] for key in ("status", "tables", "checks", "decisions", "replans")}


def lineage(out: Path) -> list[Any]:
    """The events of a run without its id, its times and the folder it wrote to."""
    text = (out / "_runs" / "r1" / "lineage.jsonl").read_text()
    events = [json.loads(line.replace(str(out), "")) for line in text.splitlines()]
    for event in events:
        del event["eventTime"], event["run"]["runId"]
        event["run"]["facets"].pop("parent", None)
    return events


@pytest.mark.parametrize("where", ["before", "after", "receipt", "publish"])
def test_killed_at_every_point_it_ends_the_same(job: Any, tmp_path: Path, worker: Any, where: str) -> None:
    record(job)
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED
    expected, told_first, lineage_first = published(job.out), told(job.out), lineage(job.out)
    number, killed = 0, True
    while killed:
        number += 1
        folder = tmp_path / f"{where}-{number}"
        fresh = type(job)(job.contract, job.sources, folder / "out", folder / "home")
        record(fresh)
        killed = worker(fresh, where, number)
        output = resume(fresh.home, "r1")
        assert output["status"] is RunStatus.PUBLISHED
        assert published(fresh.out) == expected
        assert told(fresh.out) == told_first
        assert lineage(fresh.out) == lineage_first
        assert not list(fresh.out.rglob("*.tmp"))
    assert number > 3, "the run was never killed: the test tests nothing"


def test_killed_again_and_again_it_ends_the_same(job: Any, tmp_path: Path, worker: Any) -> None:
    record(job)
    resume(job.home, "r1")
    folder = tmp_path / "again"
    fresh = type(job)(job.contract, job.sources, folder / "out", folder / "home")
    record(fresh)
    kills = 0
    while worker(fresh, "after", 4):  # three supersteps a life
        kills += 1
        assert kills < 40, "no progress from one life to the next"
    assert kills > 3
    assert published(fresh.out) == published(job.out)
    assert told(fresh.out) == told(job.out)
