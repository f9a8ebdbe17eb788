"""One worker process of `millwright work`."""

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

from app.logs import log_as
from app.progress import printable
from app.settings import load_lineage_target, load_settings
from graphs.worker import Worker
from state.values import Value
from tools.database.shared import database_of


class WorkOptions(Value):
    """What a worker process needs to know."""

    home: str
    lease: float
    streams: int
    once: bool
    as_json: bool


def serve(name: str, options: WorkOptions, alive: "Connection[None, None]") -> None:
    """Work until told to drain, or with `once` until the queue is empty. SIGTERM drains, however often it comes.

    Where a whole group is told to end, as service managers do, each process hears it from them and from its supervisor.
    """
    database = database_of(Path(options.home))
    told = partial(tell, as_json=options.as_json)
    operation = load_settings().operation
    log_as(operation)
    worker = Worker(database, name, options.lease, told, load_lineage_target(), operation)

    def hear(_number: int, _frame: FrameType | None) -> None:
        worker.drain("shutdown")

    signal.signal(signal.SIGTERM, hear)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's interrupt is passed on as SIGTERM
    threading.Thread(target=_watch, args=(worker, alive), daemon=True).start()
    others = [threading.Thread(target=worker.work, kwargs={"once": options.once}) for _ in range(options.streams - 1)]
    for each in others:
        each.start()
    worker.work(once=options.once)
    for each in others:
        each.join()


def tell(told: Mapping[str, Any], *, as_json: bool) -> None:
    """Write one line about a run: an object on standard output, or words on standard error.

    It is written at once and whole, so that lines of several processes do not mix.
    """
    if as_json:
        os.write(sys.stdout.fileno(), (json.dumps(told) + "\n").encode())
        return
    words = [str(told.get(key, "")) for key in ("run_id", "event", "status", "problem")]
    line = printable(" ".join(word for word in words if word))
    os.write(sys.stderr.fileno(), f"{line}\n".encode())


def _watch(worker: Worker, alive: "Connection[None, None]") -> None:
    """Drain when whoever looks after this process is gone: then the other end of the pipe is closed."""
    alive.poll(None)
    worker.drain("nobody looks after the process any more")
