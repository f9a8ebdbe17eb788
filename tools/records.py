"""Records of runs in the home folder: what was asked for, the contract as it was, and the lock.

The record is written and synced before anything else, so that even a run killed at once can be resumed.
Layout of `<home>/runs/<run_id>/`: record.json, contract.yaml (a copy), lock, and the workspace. The lock
protects the files beside it; which runs there are, and how they stand, the registry knows (tools/queue/registry.py).
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from state.errors import ContractError, RunBusy, RunError, SetupError, StateVersionError
from state.run import SCHEMA_VERSION, RunContext, RunRequest
from state.values import RUN_ID, Value
from tools.files import is_text, sync_folder, write_durably

CONTRACT_COPY = "contract.yaml"
_RUN_ID = re.compile(RUN_ID)


class RunRecord(Value):
    """What a run was asked for and where it works; never changed once written."""

    schema_version: int = SCHEMA_VERSION
    run_id: str
    created_at: datetime
    request: RunRequest
    context: RunContext
    owner: str = ""  # the user of a server who asked for it; empty: whoever has the home folder


def write_record(record: RunRecord) -> None:
    """Write the record and the copy of the contract durably.

    Raises RunError when the run exists already or its id cannot be a folder name, SetupError when a path is no text,
    and ContractError when the contract cannot be read.
    """
    check_new(record)
    folder = record.context.run_folder(record.run_id)
    contract = read_bytes(Path(record.request.contract))
    folder.mkdir(parents=True, exist_ok=True)
    for parent in (folder.parent, folder.parent.parent):
        sync_folder(parent)
    with run_lock(Path(record.context.home), record.run_id):  # of two that begin at once, one gets the id
        check_new(record)
        write_durably(folder / CONTRACT_COPY, contract)
        write_durably(folder / "record.json", record.model_dump_json(indent=2).encode())


def check_new(record: RunRecord) -> None:
    """Raise RunError when the run's id cannot be a folder name, or is taken; SetupError when a path is no text."""
    if not _RUN_ID.fullmatch(record.run_id):
        raise RunError(
            f"{record.run_id!r} cannot be a run id", hint="use letters, digits, '.', '_' and '-', at most 100 of them"
        )
    for path in (record.request.contract, record.request.out, *record.request.sources, record.context.home):
        if not is_text(path):
            raise SetupError("the path is not UTF-8", where=path.encode(errors="backslashreplace").decode())
    if (record.context.run_folder(record.run_id) / "record.json").exists():
        raise RunError(f"run {record.run_id!r} exists already", hint=f"millwright resume {record.run_id}")


def read_bytes(contract: Path) -> bytes:
    """Return the bytes of a contract file; ContractError when it cannot be read."""
    try:
        return contract.read_bytes()
    except OSError as error:
        raise ContractError(
            f"the contract cannot be read: {error.strerror}", where=str(contract), hint="check the path"
        ) from error


def read_record(home: Path, run_id: str) -> RunRecord:
    """Return the record of a run.

    Raises RunError when there is none, StateVersionError when another schema version wrote it.
    """
    path = home / "runs" / run_id / "record.json"
    if not _RUN_ID.fullmatch(run_id) or not path.is_file():
        raise RunError(f"there is no run {run_id!r}", where=str(home), hint="millwright runs lists the runs")
    try:
        version = _version(path)
        if version is not None:
            check_version(version, run_id)
        return RunRecord.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise RunError(
            f"the record of run {run_id!r} is damaged: {error.errors()[0]['msg']}",
            where=str(path),
            hint="start a new run",
        ) from error


def check_version(found: int, run_id: str) -> None:
    """Raise StateVersionError when a run's state was written by another schema version."""
    if found != SCHEMA_VERSION:
        raise StateVersionError(
            f"run {run_id!r} was saved with state schema {found}, this version reads {SCHEMA_VERSION}",
            hint="finish it with the version that began it, or start a new run",
        )


def _version(record: Path) -> int | None:
    """Return the schema version a record names; None when it is too damaged to name one."""
    try:
        content = json.loads(record.read_bytes())
    except ValueError:
        return None
    version = content.get("schema_version", 0) if isinstance(content, dict) else None
    return version if isinstance(version, int) else None


def list_records(home: Path) -> tuple[RunRecord, ...]:
    """Return all readable records, oldest first; damaged ones and those of other schema versions are left out."""
    found = []
    for path in (home / "runs").glob("*/record.json"):
        with suppress(RunError, StateVersionError):
            found.append(read_record(home, path.parent.name))
    return tuple(sorted(found, key=lambda record: (record.created_at, record.run_id)))


def is_recorded(context: RunContext, run_id: str) -> bool:
    """Return whether there is a record of the run."""
    return (context.run_folder(run_id) / "record.json").is_file()


def is_running(home: Path, run_id: str) -> bool:
    """Return whether a living process holds the run."""
    if not (home / "runs" / run_id / "lock").is_file():
        return False
    try:
        with run_lock(home, run_id):
            return False
    except RunError:
        return True


@contextmanager
def run_lock(home: Path, run_id: str) -> Iterator[None]:
    """Hold the run for this process; the lock ends with the process. RunBusy when another one holds it."""
    path = home / "runs" / run_id / "lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError as error:
        raise RunError(f"there is no run {run_id!r}", where=str(home), hint="millwright runs lists the runs") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunBusy(
                f"run {run_id!r} is being worked on by another process", hint="wait for it, or stop it first"
            ) from error
        yield
    finally:
        os.close(handle)
