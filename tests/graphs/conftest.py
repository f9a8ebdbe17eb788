"""Jobs worked on by a process that is killed."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("killed_session.py")
SIGKILLED = -9


@pytest.fixture(scope="session")
def worker() -> Iterator[Callable[..., bool]]:
    """Works on a job until killed; returns whether the kill came before the run was finished.

    One process loads everything for all tests; each life is a fork of it, so that nothing is left from one to the next.
    """
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdin is not None
    assert process.stdout is not None
    orders, answers = process.stdin, process.stdout

    def attempt(job: Any, where: str, number: int, answer: Any = None) -> bool:
        orders.write(json.dumps([str(job.home), "r1", where, number, answer]) + "\n")
        status = int(answers.readline())
        assert status in (0, SIGKILLED)
        return status == SIGKILLED

    yield attempt
    orders.close()
    process.wait(timeout=60)
    answers.close()
