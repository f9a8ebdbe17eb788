"""Jobs: runs that wait in the queue for a worker, and the claims of workers on them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum

from pydantic_core import core_schema

from state.values import Value


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"  # waits for a worker
    LEASED = "leased"  # a worker has it, until its lease ends
    ENDED = "ended"  # its run ended, stopped with a reason, or waits for a person
    ASIDE = "aside"  # given up, with a reason; `millwright requeue` queues it anew


class Job(Value):
    """A run in the queue. Times are seconds since 1970, UTC."""

    run_id: str
    home: str
    key: str | None = None  # of whoever submitted it: the same key is the same job
    tenant: str = ""  # whose it is; tenants take turns
    priority: int = 0  # the higher the sooner
    state: JobState
    attempts: int = 0  # claims so far that count
    most_attempts: int
    queued_at: float
    due_at: float  # not before then
    began_at: float | None = None  # when it was first claimed
    ended_at: float | None = None
    worker: str = ""  # who has or had it last
    token: int = 0  # counts its claims; what an earlier one writes is refused
    lease_until: float | None = None
    problem: str = ""


class Claim(Value):
    """A worker's claim on a job: good as long as no later one was made."""

    run_id: str
    home: str  # where the run's record lies
    worker: str
    token: int
    attempt: int  # from 1
    waited: float  # seconds since it was queued, or due


@dataclass(frozen=True, slots=True)
class Fence:
    """What stands between a worker and effects that outlive the run; lives in the run context only.

    `held` gives a context in which nobody else can claim the run; entering it raises ClaimLost where somebody did.
    """

    held: Callable[[], AbstractContextManager[None]] = nullcontext

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> core_schema.CoreSchema:
        """Let pydantic take a fence as it is: it is alive and has no schema."""
        return core_schema.is_instance_schema(cls)
