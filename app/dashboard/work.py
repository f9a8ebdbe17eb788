"""Work that is asked for on a page goes into the queue of runs; a worker of `millwright work` takes it from there."""

import subprocess
import sys

from app.settings import load_settings
from state.run import RunRequest
from tools.admission import admit
from tools.records import RunRecord


def start(request: RunRequest, owner: str) -> str:
    """Record a run and put it into the queue; return its id."""
    record = admit(request, load_settings().context(), owner)
    hand_over(record)
    return record.run_id


def hand_over(record: RunRecord) -> None:
    """Put a recorded run into the queue."""
    subprocess.Popen([sys.executable.replace("python", "millwright"), "resume", record.run_id])
