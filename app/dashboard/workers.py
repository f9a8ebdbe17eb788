"""Worker processes that the server starts for the runs that are asked for on its pages, and stops with itself."""

import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool

from app.settings import load_settings

_PATIENCE = 60.0
"""Seconds for a worker to bring its superstep to an end, or to hand its run back."""


@asynccontextmanager
async def with_workers(_app: Starlette) -> AsyncIterator[None]:
    """Start `millwright work` with as many processes as `operation.server_workers` says, and drain it at the end."""
    workers = await run_in_threadpool(_start)
    try:
        yield
    finally:
        if workers is not None:
            await run_in_threadpool(_stop, workers)


def _start() -> "subprocess.Popen[bytes] | None":
    processes = load_settings().operation.server_workers
    if not processes:
        return None
    command = [str(Path(sys.executable).with_name("millwright")), "work", "--processes", str(processes)]
    return subprocess.Popen(command)  # noqa: S603  our own command


def _stop(workers: "subprocess.Popen[bytes]") -> None:
    workers.send_signal(signal.SIGTERM)
    try:
        workers.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        workers.kill()
        workers.wait()
