"""Jobs worked on by a process that is killed, or stopped where it might be."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("killed_session.py")
SIGKILLED = -9

Order = Callable[..., tuple[int, int]]


@pytest.fixture(scope="session")
def order() -> Iterator[Order]:
    """Let a process work on a job until a moment; return its exit status and the number of copies that were made.

    One process loads everything for all tests; each life is a fork of it, so that nothing is left from one to the next.
    """
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdin is not None
    assert process.stdout is not None
    orders, answers = process.stdin, process.stdout

    def live(job: Any, *moments: tuple[str, int, int], answer: Any, copies: str = "") -> tuple[int, int]:
        orders.write(json.dumps([str(job.home), str(job.out), "r1", moments, answer, copies]) + "\n")
        status, made = json.loads(answers.readline())
        return status, made

    yield live
    orders.close()
    process.wait(timeout=60)
    answers.close()


@pytest.fixture(scope="session")
def worker(order: Order) -> Callable[..., bool]:
    """Work on a job until killed; returns whether the kill came before the run was finished."""

    def attempt(job: Any, where: str, number: int, answer: Any = None) -> bool:
        status, _ = order(job, (where, number, 0), answer=answer)
        assert status in (0, SIGKILLED)
        return status == SIGKILLED

    return attempt


@pytest.fixture(scope="session")
def moments(order: Order) -> Callable[..., Iterator[None]]:
    """Let a process work on a job to its end, then put in place what a kill at each moment on the way would have left.

    A moment is where, at which number first, and how many behind it again (0: not again). Yields at the end and at
    each moment, of which there must be some. The folders are those of the job each time: records hold absolute paths.
    """

    def each(job: Any, *moments: tuple[str, int, int], answer: Any = None, least: int = 3) -> Iterator[None]:
        copies = job.home.with_name("copies")
        status, made = order(job, *moments, answer=answer, copies=str(copies))
        assert status == 0
        assert made >= least, "the run was never or hardly killed: the test tests nothing"
        yield
        for number in range(1, made + 1):
            for folder in (job.home, job.out):
                shutil.rmtree(folder, ignore_errors=True)
            for copy in (copies / str(number)).iterdir():
                copy.rename(job.home if copy.name == "home" else job.out)
            yield

    return each
