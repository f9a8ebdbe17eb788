"""The destination of a publication: names that stay inside it, and the lock that lets one run in at a time.

`DIR` is the destination:

    DIR/<table>.parquet               a file, or a folder of numbered part files
    DIR/_runs/.lock                   held while anything below DIR changes; says who holds it
    DIR/_runs/.journal.json           there only while a publication is being put in place
    DIR/_runs/<run_id>/owner          the home folder of the run; no run of another home goes by this name here
    DIR/_runs/<run_id>/receipt.json   what was published
    DIR/_runs/<run_id>/publishing/    files written aside, not yet in place
    DIR/_runs/<run_id>/replaced/      what stood in the way of a folder, for a moment
"""

import fcntl
import os
import threading
import time
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from state.errors import RunError, SetupError
from tools.files import sync_folder

RUNS = "_runs"
PUBLISHING = "publishing"
REPLACED = "replaced"
RECEIPT = "receipt.json"
SUFFIX = ".parquet"
MAX_NAME_BYTES = 200
LOCK_SECONDS = 30.0

_LOCK = ".lock"
_OWNER = "owner"
_POLL = 0.05  # seconds between two tries for the lock


def check_file_name(name: str, *, kind: str) -> str:
    """Return `name` when it is safe as the name of a file inside a folder; SetupError otherwise."""
    faults = {
        "is empty": not name.strip(),
        "starts with a dot": name.startswith("."),
        "holds a path separator": "/" in name or "\\" in name,
        "holds a control character": any(ord(char) < ord(" ") or char == "\x7f" for char in name),
        f"is longer than {MAX_NAME_BYTES} bytes": len(name.encode(errors="replace")) > MAX_NAME_BYTES,
        "is not valid text": any("\ud800" <= char <= "\udfff" for char in name),
    }
    fault = next((fault for fault, holds in faults.items() if holds), None)
    if fault:
        raise SetupError(f"the name {name[:80]!r} {fault}", where=kind, hint="choose a name that can be a file name")
    return name


def check_table_names(names: Iterable[str]) -> None:
    """Refuse names of tables that leave the folder or that fall together where letters have no case."""
    seen: dict[str, str] = {}
    for name in names:
        folded = unicodedata.normalize("NFC", check_file_name(name, kind="table")).casefold()
        if folded in seen:
            raise SetupError(
                f"tables {seen[folded]!r} and {name!r} would be one file", where="table", hint="rename one"
            )
        seen[folded] = name


def is_destination(folder: Path) -> bool:
    """Return whether runs have published into the folder: what lies in it is their output."""
    return (folder / RUNS / _LOCK).is_file()


def claim_run(destination: Path, run_id: str, home: str) -> None:
    """Make the folder of a run in the destination for the run of that id in `home`, done again nothing changes.

    RunError when a run of another home folder has that id here, SetupError when a link stands in the way or the
    destination cannot be written.
    """
    folder = run_folder(destination, run_id)
    for path in (destination / RUNS, folder):
        if path.is_symlink():
            raise SetupError("is a link, and would lead the run's files elsewhere", where=str(path), hint="remove it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            _create(folder / _OWNER, home)
        owner = (folder / _OWNER).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise _unusable(destination, error) from error
    if owner != home:
        raise RunError(
            f"run {run_id!r} of another home folder ({owner}) publishes here",
            where=str(destination),
            hint="give another --run-id",
        )


def _create(path: Path, content: str) -> None:
    """Make a file with its content in one step; FileExistsError when it exists."""
    aside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        aside.write_text(content, encoding="utf-8")
        os.link(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def target_name(table: str) -> str:
    """Return the name of a table's file or folder in the destination."""
    return f"{table}{SUFFIX}"


def run_folder(destination: Path, run_id: str) -> Path:
    """Return the folder of a run in the destination."""
    return destination / RUNS / check_file_name(run_id, kind="run id")


@contextmanager
def locked(destination: Path, *, holder: str, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the destination, made when missing, against other publications.

    Waits up to `seconds`; then RunError names the holder. The lock goes with the process, however it ends.
    """
    with _open_lock(destination) as stream:
        _acquire(stream, destination, holder, seconds)
        yield


def _open_lock(destination: Path) -> TextIO:
    path = destination / RUNS / _LOCK
    try:
        new = not destination.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        if new:
            sync_folder(destination.parent)
        # A link is not followed: the lock is written to.
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644), "r+", encoding="utf-8")
    except OSError as error:
        raise _unusable(destination, error) from error


def _acquire(stream: TextIO, destination: Path, holder: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    try:
        while not _try_lock(stream):
            if time.monotonic() >= deadline:
                stream.seek(0)
                raise RunError(
                    f"another run publishes here: {stream.read(200) or 'unknown'}",
                    where=str(destination),
                    hint="wait for it to end, then resume",
                )
            time.sleep(_POLL)
        stream.seek(0)
        stream.truncate()
        stream.write(f"{holder}, process {os.getpid()}")
        stream.flush()
    except OSError as error:
        raise _unusable(destination, error) from error


def _try_lock(stream: TextIO) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unusable(destination: Path, error: OSError) -> SetupError:
    return SetupError(
        f"the destination cannot be written: {error.strerror}",
        where=str(destination),
        hint="give a folder that can be written with --out",
    )
