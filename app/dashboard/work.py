"""Work that is asked for on a page goes into the queue of runs; a worker process takes it from there."""

from app.dashboard.run_views import home
from app.settings import load_settings
from state.run import RunRequest
from tools.database.shared import database_of
from tools.queue.queue import enqueue, hand_over
from tools.records import RunRecord


def start(request: RunRequest, owner: str) -> str:
    """Record a run and put it into the queue; return its id."""
    settings = load_settings()
    most = settings.operation.worker_attempts
    return enqueue(database_of(home()), request, settings.context(), tenant=owner, most_attempts=most)


def go_on(record: RunRecord) -> None:
    """Put a recorded run into the queue."""
    hand_over(database_of(home()), record, most_attempts=load_settings().operation.worker_attempts)
