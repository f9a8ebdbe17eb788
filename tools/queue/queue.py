"""The queue of runs: enqueued once, claimed by one worker at a time, under a lease that is renewed while it works.

The database's own locks keep workers apart: on PostgreSQL a claim takes a row that nobody has locked (`for update skip
locked`), on SQLite the transaction is the only one that writes (`begin immediate`). Each claim has a token, one more
than the claim before; what an earlier claim wants to change is refused. Leases are measured by the database's clock.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, Subquery, and_, case, func, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from state.errors import ClaimLost, RunBusy, RunError
from state.jobs import Claim, Job, JobState
from state.run import RunContext, RunRequest
from state.values import digest
from tools.admission import admit
from tools.database.database import Database, Dialect
from tools.queue.tables import JOBS, RUNS
from tools.records import RunRecord, is_recorded

AGEING: Final = 600.0
"""Seconds after which whoever waits comes before all that wait for less, whatever their priorities."""

MOST_ATTEMPTS: Final = 5
"""Claims of a job before it is set aside."""

_PAUSE: Final = 0.05  # seconds

_CLOCK: Final = {
    Dialect.POSTGRESQL: text("select extract(epoch from clock_timestamp())::double precision"),
    Dialect.SQLITE: text("select (julianday('now') - 2440587.5) * 86400.0"),
}


def enqueue(  # noqa: PLR0913  one parameter an option of a job
    database: Database,
    request: RunRequest,
    context: RunContext,
    *,
    key: str | None = None,
    tenant: str = "",
    priority: int = 0,
    most_attempts: int = MOST_ATTEMPTS,
    now: float | None = None,
) -> str:
    """Record a run, put it into the queue, and return its id; with the same key again, change nothing.

    Raises what `admit` does.
    """
    if key is not None and (known := _of_key(database, key)) is not None:
        return known
    if key is not None and not request.run_id:  # killed before the job was noted, the next try finds the same run
        request = request.model_copy(update={"run_id": f"job-{digest([key])[:16]}"})
    run_id = admit(request, context, tenant).run_id if key is None else _once(database, request, context, tenant)

    def work(connection: Connection) -> str:
        if connection.scalar(select(JOBS.c.run_id).where(JOBS.c.run_id == run_id)):
            return run_id
        at = clock(connection) if now is None else now
        job = {"run_id": run_id, "key": key, "tenant": tenant, "priority": priority, "state": JobState.QUEUED.value}
        counted = {"attempts": 0, "most_attempts": most_attempts, "queued_at": at, "due_at": at, "token": 0}
        connection.execute(insert(JOBS).values(**job, **counted, worker="", problem=""))
        return run_id

    try:
        return database.perform(work)
    except IntegrityError:  # another process put the same run, or the same key, there at the same moment
        known = None if key is None else _of_key(database, key)
        return known or database.perform(work)  # whatever else it is rises now


def hand_over(database: Database, record: RunRecord, *, most_attempts: int = MOST_ATTEMPTS) -> None:
    """Put a recorded run into the queue, anew where it was there before; one that waits there or is worked on stays."""

    def work(connection: Connection) -> None:
        at = clock(connection)
        job = connection.execute(select(JOBS.c.state).where(JOBS.c.run_id == record.run_id)).first()
        anew = {"queued_at": at, "due_at": at, "attempts": 0, "most_attempts": most_attempts}
        queued = {"state": JobState.QUEUED.value, "problem": "", "ended_at": None, **anew}
        if job is None:
            first = {"tenant": record.owner, "priority": 0}
            connection.execute(insert(JOBS).values(run_id=record.run_id, token=0, worker="", **first, **queued))
        elif job.state in (JobState.ASIDE.value, JobState.ENDED.value):
            connection.execute(update(JOBS).where(JOBS.c.run_id == record.run_id).values(queued))

    database.perform(work)


def claim(
    database: Database, worker: str, lease: float, *, run_id: str | None = None, now: float | None = None
) -> Claim | None:
    """Take the next run that is due, or whose worker let its lease of some seconds end; None when there is none.

    First come those that wait for more than `AGEING` seconds, then the highest priority, then tenants of whom fewest
    runs are worked on, then the oldest. With `run_id` only that run is taken, due or not. A run that was claimed too
    often is set aside instead.
    """

    def work(connection: Connection) -> Claim | None:
        at = clock(connection) if now is None else now
        while (row := connection.execute(_next(at, run_id)).first()) is not None:
            if row.attempts < row.most_attempts:
                return _take(connection, row, worker, at, lease)
            _set_aside(connection, row.run_id, _worn(row), at)
        return None

    return database.perform(work)


def heartbeat(database: Database, claimed: Claim, lease: float, *, now: float | None = None) -> None:
    """Renew the lease; ClaimLost when another worker claimed the run."""

    def work(connection: Connection) -> None:
        until = (clock(connection) if now is None else now) + lease
        _change(connection, claimed, {"lease_until": until})

    database.perform(work)


def finish(database: Database, claimed: Claim, problem: str = "", *, now: float | None = None) -> None:
    """End the job: its run ended, or waits for a person. ClaimLost when another worker claimed it."""
    _leave(database, claimed, {"state": JobState.ENDED.value, "problem": problem}, now=now)


def set_aside(database: Database, claimed: Claim, problem: str, *, now: float | None = None) -> None:
    """Give the job up, with the reason. ClaimLost when another worker claimed it."""
    _leave(database, claimed, {"state": JobState.ASIDE.value, "problem": problem}, now=now)


def release(
    database: Database,
    claimed: Claim,
    problem: str = "",
    *,
    delay: float = 0.0,
    counts: bool = False,
    now: float | None = None,
) -> None:
    """Put the job back, due after a delay in seconds; the attempt counts only where it should.

    ClaimLost when another worker claimed it.
    """
    attempts = JOBS.c.attempts if counts else JOBS.c.attempts - 1
    back = {"state": JobState.QUEUED.value, "problem": problem, "attempts": attempts}
    _leave(database, claimed, back, delay=delay, now=now)


@contextmanager
def held(database: Database, claimed: Claim) -> Iterator[None]:
    """Keep the claim from ending while something is done that outlives the run; ClaimLost when it has ended.

    The job's row is locked: no other worker can claim it until this is left, or this process is gone.
    """
    query = select(JOBS.c.run_id).where(*_mine(claimed)).with_for_update()

    def look(connection: Connection) -> None:
        if connection.scalar(query) is None:
            raise lost(claimed)

    with database.locking(look):
        yield


def expire(database: Database, worker: str) -> int:
    """End the leases of a worker that is known to be gone; return how many jobs others can take now."""
    theirs = (JOBS.c.worker == worker, JOBS.c.state == JobState.LEASED.value)
    change = update(JOBS).where(*theirs).values(lease_until=0.0)
    return database.perform(lambda connection: connection.execute(change).rowcount)


def again(database: Database, run_id: str, *, now: float | None = None) -> None:
    """Queue a job anew that was set aside or ended; RunError where there is none, or a worker may have it."""

    def work(connection: Connection) -> None:
        at = clock(connection) if now is None else now
        anew: dict[str, Any] = {"queued_at": at, "due_at": at, "attempts": 0, "problem": "", "ended_at": None}
        anew["state"] = JobState.QUEUED.value
        over = JOBS.c.state.in_((JobState.ASIDE.value, JobState.ENDED.value))
        if not connection.execute(update(JOBS).where(JOBS.c.run_id == run_id, over).values(anew)).rowcount:
            raise RunError(f"run {run_id!r} was not set aside", hint="millwright runs lists the runs")

    database.perform(work)


def queued(database: Database) -> tuple[Job, ...]:
    """Return the jobs that wait for a worker or are worked on, in the order in which they came."""
    return jobs(database, JobState.QUEUED, JobState.LEASED)


def jobs(database: Database, *states: JobState, run_id: str | None = None) -> tuple[Job, ...]:
    """Return the jobs of some states, of all where none is named, in the order in which they came; or of one run."""
    query = select(JOBS, RUNS.c.home).join(RUNS).order_by(JOBS.c.queued_at, JOBS.c.run_id)
    if states:
        query = query.where(JOBS.c.state.in_([state.value for state in states]))
    if run_id is not None:
        query = query.where(JOBS.c.run_id == run_id)
    rows = database.look(lambda connection: connection.execute(query).all())
    return tuple(Job.model_validate(row._asdict()) for row in rows)


def clock(connection: Connection) -> float:
    """Return the time of the database, seconds since 1970, UTC: the one clock that all workers share."""
    return float(connection.scalar(_CLOCK[Dialect(connection.dialect.name)]) or 0.0)


def lost(claimed: Claim) -> ClaimLost:
    """Return the error for a claim that is over."""
    what = f"worker {claimed.worker} lost run {claimed.run_id!r}: its lease ended and another worker claimed the run"
    return ClaimLost(what, hint="nothing was published by this worker; MILLWRIGHT_WORKER_LEASE_SECONDS sets the lease")


def _next(at: float, run_id: str | None) -> Select[Any]:
    """Return the query for the job to be claimed, locked where it is found."""
    active = _active()
    expired = and_(JOBS.c.state == JobState.LEASED.value, JOBS.c.lease_until < at)
    waiting = JOBS.c.state == JobState.QUEUED.value
    query = select(JOBS, RUNS.c.home).join(RUNS).with_for_update(skip_locked=True, of=JOBS).limit(1)
    if run_id is not None:
        return query.where(JOBS.c.run_id == run_id, or_(waiting, expired))
    aged = case((JOBS.c.queued_at < at - AGEING, 0), else_=1)
    return (
        query.outerjoin(active, active.c.tenant == JOBS.c.tenant)
        .where(or_(and_(waiting, JOBS.c.due_at <= at), expired))
        .order_by(aged, JOBS.c.priority.desc(), func.coalesce(active.c.runs, 0), JOBS.c.queued_at, JOBS.c.run_id)
    )


def _active() -> Subquery:
    leased = select(JOBS.c.tenant, func.count().label("runs")).where(JOBS.c.state == JobState.LEASED.value)
    return leased.group_by(JOBS.c.tenant).subquery()


def _take(connection: Connection, row: Row[Any], worker: str, at: float, lease: float) -> Claim:
    changed = {
        "state": JobState.LEASED.value,
        "attempts": row.attempts + 1,
        "token": row.token + 1,
        "worker": worker,
        "lease_until": at + lease,
        "began_at": at if row.began_at is None else row.began_at,
    }
    connection.execute(update(JOBS).where(JOBS.c.run_id == row.run_id).values(changed))
    return Claim(
        run_id=row.run_id,
        home=row.home,
        worker=worker,
        token=row.token + 1,
        attempt=row.attempts + 1,
        waited=max(at - row.due_at, 0.0),
    )


def _worn(row: Row[Any]) -> str:
    if row.state == JobState.QUEUED.value:
        return f"given up after {row.attempts} attempts: {row.problem}"
    return f"given up after {row.attempts} attempts: the last worker, {row.worker}, did not come back"


def _set_aside(connection: Connection, run_id: str, problem: str, at: float) -> None:
    changed = {"state": JobState.ASIDE.value, "problem": problem, "ended_at": at, "lease_until": None}
    connection.execute(update(JOBS).where(JOBS.c.run_id == run_id).values(changed))


def _leave(
    database: Database, claimed: Claim, changed: dict[str, Any], *, delay: float = 0.0, now: float | None = None
) -> None:
    def work(connection: Connection) -> None:
        at = clock(connection) if now is None else now
        times = {"lease_until": None, "due_at": at + delay}
        if changed["state"] != JobState.QUEUED.value:
            times["ended_at"] = at
        _change(connection, claimed, changed | times)

    database.perform(work)


def _change(connection: Connection, claimed: Claim, values: dict[str, Any]) -> None:
    if connection.execute(update(JOBS).where(*_mine(claimed)).values(values)).rowcount:
        return
    done = select(JOBS.c.run_id).where(
        JOBS.c.run_id == claimed.run_id, JOBS.c.token == claimed.token, JOBS.c.state == values.get("state")
    )
    if connection.scalar(done) is None:  # else it was done before, and the answer was lost
        raise lost(claimed)


def _mine(claimed: Claim) -> tuple[Any, ...]:
    return (
        JOBS.c.run_id == claimed.run_id,
        JOBS.c.token == claimed.token,
        JOBS.c.state == JobState.LEASED.value,
    )


def _once(database: Database, request: RunRequest, context: RunContext, tenant: str) -> str:
    """Record a run that others may record at the same moment, and return its id."""
    until = time.monotonic() + database.patience
    while not is_recorded(context, request.run_id):
        try:
            return admit(request, context, tenant).run_id
        except RunError as error:
            if not is_recorded(context, request.run_id) and not isinstance(error, RunBusy):
                raise
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE)
    return request.run_id


def _of_key(database: Database, key: str) -> str | None:
    query = select(JOBS.c.run_id).where(JOBS.c.key == key)
    return database.look(lambda connection: connection.scalar(query))
