"""Admitting a run: its paths made absolute, its id settled, its record written before anything else is loaded or done.

This module imports neither LangGraph nor the engine, so that a run started from the command line is on record within
its first moments and can be resumed however early it is killed.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from state.errors import SetupError
from state.run import RunContext, RunRequest
from tools.outputs.destination import claim_run
from tools.outputs.event_log import prepare_destination
from tools.queue.registry import forget, register
from tools.records import RunRecord, check_new, read_bytes, write_record


def completed(request: RunRequest) -> RunRequest:
    """Return the request with absolute paths and, when it has none, a fresh id."""
    return request.model_copy(
        update={
            "contract": str(Path(request.contract).absolute()),
            "sources": tuple(str(Path(source).absolute()) for source in request.sources),
            "out": str(Path(request.out).absolute()),
            "run_id": request.run_id or new_run_id(),
        }
    )


def admit(request: RunRequest, context: RunContext) -> RunRecord:
    """Write the record of a new run durably and return it.

    Raises RunError when the id is taken or no name for a folder, ContractError when the contract cannot be read, and
    SetupError when the destination cannot be written to; then nothing of the run is left.
    """
    context = context.model_copy(update={"home": str(Path(context.home).absolute())})
    request = completed(request)
    record = RunRecord(run_id=request.run_id, created_at=datetime.now(UTC), request=request, context=context)
    check_new(record)
    read_bytes(Path(request.contract))
    _check_destination(request)
    prepare_destination(Path(request.out))
    claim_run(Path(request.out), request.run_id, context.home)
    register(record)
    try:
        write_record(record)
    except OSError as error:
        forget(record)
        what = f"the run cannot be recorded: {error.strerror}"
        hint = "make room there, or set MILLWRIGHT_HOME to a folder that can be written"
        raise SetupError(what, where=context.home, hint=hint) from error
    return record


def _check_destination(request: RunRequest) -> None:
    """Raise SetupError when the destination is a folder of sources: the next run would read what this one publishes."""
    out = os.path.realpath(request.out)
    if any(os.path.realpath(source) == out for source in request.sources):
        raise SetupError(
            "the destination is a source as well", where=request.out, hint="give another folder with --out"
        )


def new_run_id() -> str:
    """Return a fresh run id: UTC time and four random hex digits."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.urandom(2).hex()}"
