"""`millwright submit` and `requeue`: give a run to the queue, for a worker of this or another machine."""

import sys
from pathlib import Path

from app.progress import printable
from app.render import print_json
from app.run_commands import RunOptions, request_and_context
from app.settings import load_settings
from state.jobs import JobState
from state.values import Value
from tools.database.shared import database_of
from tools.queue.queue import again, enqueue, jobs


class QueueOptions(Value):
    """The options of a job."""

    key: str
    priority: int
    tenant: str


def submit_run(options: RunOptions, queue: QueueOptions, *, as_json: bool) -> int:
    """Record a run, put it into the queue, and print its id; return the exit code."""
    settings = load_settings()
    request, context = request_and_context(options, settings)
    database = database_of(Path(context.home))
    run_id = enqueue(
        database,
        request,
        context,
        key=queue.key or None,
        priority=queue.priority,
        tenant=queue.tenant,
        most_attempts=settings.operation.worker_attempts,
    )
    waiting = [job.run_id for job in jobs(database, JobState.QUEUED)]
    if as_json:
        print_json({"run_id": run_id, "queued": run_id in waiting, "waiting": len(waiting)})
    else:
        sys.stdout.write(f"{printable(run_id)}\n")
    return 0


def requeue_run(run_id: str) -> int:
    """Put a run back into the queue that was set aside; return the exit code."""
    again(database_of(Path(load_settings().home).absolute()), run_id)
    sys.stdout.write(f"{printable(run_id)}\n")
    return 0
