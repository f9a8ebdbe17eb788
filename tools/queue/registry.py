"""The registry of runs: every run of every process that shares the database, and its last known status."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from state.errors import RunError
from state.run import RunStatus
from state.values import Value
from tools.database.shared import database_of, has_database
from tools.queue.tables import JOBS, RUNS
from tools.records import RunRecord

RECORDED: Final = "recorded"
"""Status of a run that was never begun."""

_FINAL: Final = tuple(status.value for status in (RunStatus.PUBLISHED, RunStatus.NOT_MET, RunStatus.REJECTED))
"""Statuses after which a run never goes on."""


class RunState(Value):
    """The last known status of a run."""

    status: RunStatus
    problem: str = ""
    updated_at: datetime


class RegisteredRun(Value):
    """A run as the registry knows it; `status` is a RunStatus, or `recorded`."""

    run_id: str
    home: str
    contract: str
    out: str
    created_at: datetime
    status: str
    problem: str
    updated_at: datetime
    owner: str = ""
    swept_at: datetime | None = None  # when its checkpoints were deleted


def register(record: RunRecord) -> None:
    """Note a new run, of which its home folder has no record yet; RunError when another home has a run of this id.

    A row of this home that is there already is of a process that was killed before it wrote the record, or is about to
    write it: who of the two gets the id is settled there. What that process put into the queue stays.
    """

    def work(connection: Connection) -> None:
        found = connection.execute(select(RUNS.c.home, RUNS.c.status).where(RUNS.c.run_id == record.run_id)).first()
        row = _row(record, RECORDED, "", record.created_at)
        if found is None:
            connection.execute(insert(RUNS).values(row))
        elif (found.home, found.status) == (record.context.home, RECORDED):
            connection.execute(update(RUNS).where(RUNS.c.run_id == record.run_id).values(row))
        else:
            hint = f"millwright resume {record.run_id}"
            raise RunError(f"run {record.run_id!r} exists already", where=found.home, hint=hint)

    database = database_of(Path(record.context.home))
    try:
        database.perform(work)
    except IntegrityError:  # another process noted the same run at the same moment
        database.perform(work)


def forget(record: RunRecord) -> None:
    """Take back what `register` noted."""
    database_of(Path(record.context.home)).perform(lambda connection: _drop(connection, record.run_id))


def write_status(record: RunRecord, status: RunStatus, problem: str, now: datetime) -> None:
    """Note the status of a run durably."""
    row = _row(record, status.value, problem, now)

    def work(connection: Connection) -> None:
        if not connection.execute(update(RUNS).where(RUNS.c.run_id == record.run_id).values(row)).rowcount:
            connection.execute(insert(RUNS).values(row))  # recorded before there was a registry

    database_of(Path(record.context.home)).perform(work)


def read_status(home: Path, run_id: str) -> RunState | None:
    """Return the last known status; None when the run is not known, or was killed before it had one."""
    query = select(RUNS).where(RUNS.c.run_id == run_id, RUNS.c.status != RECORDED)
    if not has_database(home):
        return None
    row = database_of(home).look(lambda connection: connection.execute(query).first())
    return None if row is None else RunState(status=row.status, problem=row.problem, updated_at=_time(row.updated_at))


def registered(home: Path, most: int | None = None, *, owner: str | None = None) -> tuple[RegisteredRun, ...]:
    """Return the runs of all processes that share the database of a home folder, oldest first.

    With `most` only that many of the latest, with an `owner` only theirs.
    """
    query = select(RUNS).order_by(RUNS.c.created_at.desc(), RUNS.c.run_id.desc()).limit(most)
    if owner is not None:
        query = query.where(RUNS.c.owner == owner)
    if not has_database(home):
        return ()
    rows = database_of(home).look(lambda connection: connection.execute(query).all())
    return tuple(_run(row) for row in reversed(rows))


def registered_run(record: RunRecord) -> RegisteredRun | None:
    """Return what the registry knows of a run; None where it knows nothing."""
    home = Path(record.context.home)
    if not has_database(home):
        return None
    query = select(RUNS).where(RUNS.c.run_id == record.run_id)
    row = database_of(home).look(lambda connection: connection.execute(query).first())
    return None if row is None else _run(row)


def ended_before(home: Path, before: datetime) -> tuple[RegisteredRun, ...]:
    """Return the runs that ended for good before a time, oldest first."""
    query = select(RUNS).where(RUNS.c.status.in_(_FINAL), RUNS.c.updated_at < before.timestamp())
    if not has_database(home):
        return ()
    rows = database_of(home).look(lambda connection: connection.execute(query.order_by(RUNS.c.updated_at)).all())
    return tuple(map(_run, rows))


def to_sweep(home: Path, before: datetime) -> tuple[str, ...]:
    """Return the ids of runs that ended for good before a time, and whose checkpoints are still kept."""
    ended = (RUNS.c.status.in_(_FINAL), RUNS.c.updated_at < before.timestamp(), RUNS.c.swept_at.is_(None))
    query = select(RUNS.c.run_id).where(*ended).order_by(RUNS.c.updated_at)
    if not has_database(home):
        return ()
    return tuple(database_of(home).look(lambda connection: connection.execute(query).scalars().all()))


def note_swept(home: Path, run_id: str, now: datetime) -> None:
    """Note that the checkpoints of a run were deleted."""
    change = update(RUNS).where(RUNS.c.run_id == run_id).values(swept_at=now.timestamp())
    database_of(home).perform(lambda connection: connection.execute(change))


def swept(home: Path, run_id: str) -> bool:
    """Return whether the checkpoints of a run were deleted."""
    query = select(RUNS.c.swept_at).where(RUNS.c.run_id == run_id)
    return database_of(home).look(lambda connection: connection.scalar(query)) is not None


def home_of(home: Path, run_id: str) -> Path:
    """Return the home folder that holds a run's record: the one given, or where the shared database knows it."""
    if (home / "runs" / run_id / "record.json").is_file() or not has_database(home):
        return home
    query = select(RUNS.c.home).where(RUNS.c.run_id == run_id)
    found = database_of(home).look(lambda connection: connection.scalar(query))
    return home if found is None else Path(found)


def _drop(connection: Connection, run_id: str) -> None:
    connection.execute(delete(JOBS).where(JOBS.c.run_id == run_id))
    connection.execute(delete(RUNS).where(RUNS.c.run_id == run_id))


def _row(record: RunRecord, status: str, problem: str, now: datetime) -> dict[str, Any]:
    return {
        "run_id": record.run_id,
        "home": record.context.home,
        "contract": record.request.contract,
        "out": record.request.out,
        "created_at": record.created_at.timestamp(),
        "status": status,
        "problem": problem,
        "updated_at": now.timestamp(),
        "owner": record.owner,
    }


def _run(row: Row[Any]) -> RegisteredRun:
    values = row._asdict()
    times = {name: _time(values[name]) for name in ("created_at", "updated_at", "swept_at") if values[name] is not None}
    return RegisteredRun.model_validate({**values, **times})


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
