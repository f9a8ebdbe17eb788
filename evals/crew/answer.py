"""What every solver leaves of a task, whoever it is: tables, side tables and an account in one shape and place.

published/<table>.parquet     the tables; none where the contract is not met
quarantine/<table>.parquet    rows set aside, with `_file` and `_line`
contract.odcs.yaml            the contract they are published under
answer.json                   the account
"""

import os
import resource
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field

from state.values import Value

PUBLISHED, QUARANTINE, CONTRACT, ANSWER, INPUT = (
    "published", "quarantine", "contract.odcs.yaml", "answer.json", "input",
)  # fmt: skip


class Books(Value):
    """Rows of one table as the solver counts them."""

    read: int
    published: int
    quarantined: int
    merged: int
    withheld: int = 0  # would have been published, had the contract been met
    derived: bool = False  # made from other tables: its rows were not read from files

    @property
    def balanced(self) -> bool:
        """Whether every row read has an end."""
        ends = self.published + self.quarantined + self.merged + self.withheld
        return self.derived or self.read == ends


class Answer(Value):
    """The account of a solver."""

    solver: str
    status: str  # published | not_met | failed
    problem: str = ""
    books: dict[str, Books] = Field(default_factory=dict)
    mapping: dict[str, dict[str, str]] = Field(default_factory=dict)  # by file: contract's column by name in the file
    causes: dict[str, str] = Field(default_factory=dict)  # what is wrong, by table
    steps: int = 0
    replans: int = 0
    tokens: int = 0
    cpu: float = 0.0  # seconds of this process and those it started
    seconds: float = 0.0  # of the clock


class Clock(Value):
    """What some work took; filled in when it ends."""

    started: float
    cpu: float

    def took(self) -> tuple[float, float]:
        """Return CPU seconds and seconds of the clock since it was started."""
        return _cpu() - self.cpu, time.perf_counter() - self.started


@contextmanager
def fresh(out: Path) -> Iterator[Clock]:
    """Remove what an earlier attempt left in `out`, and start the clock."""
    for name in (PUBLISHED, QUARANTINE):
        shutil.rmtree(out / name, ignore_errors=True)
    (out / ANSWER).unlink(missing_ok=True)
    yield Clock(started=time.perf_counter(), cpu=_cpu())


def write_answer(answer: Answer, clock: Clock, out: Path) -> Answer:
    """Keep the account with what it took, and return it."""
    cpu, seconds = clock.took()
    answer = answer.model_copy(update={"cpu": round(cpu, 3), "seconds": round(seconds, 3)})
    (out / ANSWER).write_text(answer.model_dump_json(indent=1), encoding="utf-8")
    return answer


def read_answer(out: Path) -> Answer:
    """Return the account in a task's folder."""
    return Answer.model_validate_json((out / ANSWER).read_text(encoding="utf-8"))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = os.times()
    return own.user + own.system + used.ru_utime + used.ru_stime
