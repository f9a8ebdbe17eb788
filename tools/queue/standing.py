"""How each run stands: its status in the registry, together with its place in the queue and whether it is worked on."""

from pathlib import Path
from typing import Final

from state.jobs import Job, JobState
from state.run import RunStatus
from tools.database.shared import database_of, has_database
from tools.queue.queue import clock, jobs
from tools.queue.registry import RECORDED, RegisteredRun, registered
from tools.records import is_running

INTERRUPTED: Final = "interrupted"
"""Nobody works on the run any more, and nobody will unless it is resumed."""

Standing = tuple[RegisteredRun, str, str]
"""A run, how it stands in a word, and the problem it has; empty without one."""


def standings(home: Path) -> tuple[Standing, ...]:
    """Return how all runs stand that share the database of a home folder, oldest first."""
    if not has_database(home):
        return ()
    database = database_of(home)
    queue = {job.run_id: job for job in jobs(database, JobState.QUEUED, JobState.LEASED, JobState.ASIDE)}
    now = database.look(clock)
    return tuple((run, *standing(run, queue.get(run.run_id), now)) for run in registered(home))


def standing(run: RegisteredRun, job: Job | None, now: float) -> tuple[str, str]:
    """Return how a run stands, and its problem.

    A run in the queue is `queued`, `running` or `set aside`; another one that seems to run is `interrupted` where no
    process holds its lock.
    """
    if job is not None and job.state is JobState.ASIDE:
        return "set aside", job.problem
    if job is not None and job.state is JobState.LEASED and (job.lease_until or 0.0) >= now:
        return RunStatus.RUNNING.value, ""
    if job is not None:
        return JobState.QUEUED.value, job.problem
    if run.status in (RunStatus.RUNNING, RECORDED) and not is_running(Path(run.home), run.run_id):
        return INTERRUPTED, run.problem
    return run.status, run.problem
