"""The sandbox: statements run in a process of their own that can be killed, with bounds on time, memory and disk.

The engine has no statement timeout, and an interrupt does not stop a function that fills memory; a process can be
killed. Within it the database is opened without external access and with its configuration locked. What the guard lets
through and what it might miss is stopped here; what may be read in the workspace itself is the guard's matter.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import duckdb
from pydantic import Field

from state.errors import (
    DiskFull,
    MemoryExhausted,
    MillwrightError,
    ResourceError,
    TimeExceeded,
    TransientError,
    UntrustedSqlError,
)
from state.values import Value
from tools.disk import says_no_room
from tools.sql.process import Ended, converse
from tools.sql.quote import literal
from tools.workspace import WORKSPACE_FILE, release_workspace

_CHILD = Path(__file__).with_name("child.py")
_CHEAPER = "make the query cheaper (is a join condition missing?) or raise the limit"
_PROGRESS_BYTES = 64  # of a line that tells which statement runs
_MARGIN = 1 << 30  # bytes of address space for the interpreter, the engine and what it does not count
_THREAD_MARGIN = 128 << 20  # bytes of address space reserved by each thread's stack and arena
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
_KEPT_ENVIRONMENT = ("TZ", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
_MEMORY_ERRORS = frozenset({"OutOfMemoryException", "MemoryError"})

Row = tuple[Any, ...]
"""Values of a row: None, bool, int, float, str, lists and dicts; dates, decimals and binary as text."""


class Statement(Value):
    """One SQL statement: SELECT, INSERT, UPDATE, DELETE, CREATE or DROP."""

    sql: str
    fetch: bool = False  # return its rows
    where: str = ""  # what it belongs to, for messages


class SandboxLimits(Value):
    """What statements may use before they are stopped."""

    seconds: float = Field(default=300.0, gt=0)  # wall clock, for all statements together
    memory: str = Field(default="4GB", pattern=r"^\s*\d+(\.\d+)?\s*([KMGTkmgt][Ii]?)?[Bb]?\s*$")
    threads: int = Field(default=2, ge=1)
    disk_bytes: int = Field(default=64 * 2**30, gt=0)  # growth of the database and its spill files
    max_result_rows: int = Field(default=10_000, ge=0)  # of each statement to fetch
    max_result_bytes: int = Field(default=16 * 2**20, gt=0)  # of all rows together, as JSON
    read_only: bool = False  # nothing can be changed, and other readers may have the database open

    @property
    def memory_bytes(self) -> int:
        """The memory limit in bytes."""
        text = self.memory.strip().upper().removesuffix("B")
        number = text.rstrip("KMGTI ")
        return int(float(number) * _UNITS[text[len(number) :].strip()])


class Done(NamedTuple):
    """What statements gave and took."""

    rows: list[list[Row]]  # of each statement to fetch
    seconds: list[float]  # of each statement


def run_statements(
    workspace: Path, statements: Sequence[Statement], *, limits: SandboxLimits | None = None
) -> list[list[Row]]:
    """Do what `run_timed` does; return the rows only."""
    return run_timed(workspace, statements, limits=limits).rows


def run_timed(workspace: Path, statements: Sequence[Statement], *, limits: SandboxLimits | None = None) -> Done:
    """Run `statements` in one transaction on the database in `workspace`.

    The caller must have closed its own connection to the database. All statements take effect or none; after a
    ResourceError for time or disk the caller finds out which (the kill may have met the end of the commit).

    Raises:
        UntrustedSqlError: the engine refused or could not run a statement.
        ResourceError: the size of the result went over its limit; its subclasses: time, memory or disk did.
        TransientError: another process holds the database.

    """
    asked = _Request(workspace, statements, limits or SandboxLimits())
    release_workspace(workspace)
    ended = converse(
        [sys.executable, "-I", str(_CHILD)],
        json.dumps(asked.message()).encode() + b"\n",
        folder=workspace,
        environment={name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ},
        look=asked.check,
    )
    return asked.result(ended)


def lock_engine(connection: duckdb.DuckDBPyConnection, *, allowed: Sequence[Path]) -> None:
    """Let a trusted connection read and write only below `allowed` (folders) or exactly there (files), for good.

    Links that lead out of an allowed folder are refused by the engine. No extension can be installed or loaded any
    more and no setting changed; files inside an allowed folder can be overwritten.
    """
    resolved = [path.resolve() for path in allowed]
    folders = [str(path) for path in resolved if path.is_dir()]
    files = [str(path) for path in resolved if not path.is_dir()]
    connection.execute(f"set allowed_directories = [{', '.join(literal(folder + '/') for folder in folders)}]")
    connection.execute(f"set allowed_paths = [{', '.join(literal(file) for file in files)}]")
    for setting in ("autoload_known_extensions", "autoinstall_known_extensions", "python_enable_replacements"):
        connection.execute(f"set {setting} = false")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


class _Request:
    """What is asked of the child, and what its answer or its death means."""

    def __init__(self, workspace: Path, statements: Sequence[Statement], limits: SandboxLimits) -> None:
        self._workspace = workspace
        self._statements = statements
        self._limits = limits
        self._deadline = time.monotonic() + limits.seconds
        self._most_disk = self._disk() + limits.disk_bytes

    def message(self) -> dict[str, Any]:
        """Return the request; its shape is described in the child."""
        limits = self._limits
        return {
            "database": str(self._workspace / WORKSPACE_FILE),
            "config": {
                "threads": str(limits.threads),
                "memory_limit": f"{limits.memory_bytes}B",
                "temp_directory": str(self._workspace / "spill"),
                "max_temp_directory_size": f"{limits.disk_bytes}B",
                "preserve_insertion_order": "true",
                "autoload_known_extensions": "false",
                "autoinstall_known_extensions": "false",
                "allow_community_extensions": "false",
                "python_enable_replacements": "false",
                "access_mode": "READ_ONLY" if limits.read_only else "AUTOMATIC",
            },
            "address_space": limits.memory_bytes + _MARGIN + limits.threads * _THREAD_MARGIN,
            "statements": [{"sql": statement.sql, "fetch": statement.fetch} for statement in self._statements],
            "max_rows": limits.max_result_rows,
            "max_bytes": limits.max_result_bytes,
        }

    def check(self, said: bytes | bytearray) -> None:
        """Raise when a limit is reached while the child runs."""
        limits = self._limits
        if time.monotonic() > self._deadline:
            self._stop(said, TimeExceeded, f"it ran longer than {limits.seconds:g} s", _CHEAPER)
        if self._disk() > self._most_disk:
            self._stop(said, DiskFull, f"it wrote more than {limits.disk_bytes:,} bytes to disk", _CHEAPER)
        if len(said) > limits.max_result_bytes + _PROGRESS_BYTES * (len(self._statements) + 1):
            self._stop(said, ResourceError, f"its result has more than {limits.max_result_bytes:,} bytes", _CHEAPER)

    def result(self, ended: Ended) -> Done:
        """Return what the child answered with, or raise what its answer or its death means."""
        answer = _last(ended.output)
        if "rows" in answer:
            return Done([[tuple(row) for row in rows] for rows in answer["rows"]], answer["seconds"])
        if "error" in answer:
            self._raise(ended.output, answer["error"], answer["message"])
        if b"bad_alloc" in ended.errors or b"MemoryError" in ended.errors or ended.returncode == -signal.SIGKILL:
            self._raise(ended.output, "MemoryError", "")
        code = ended.returncode
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return self._stop(ended.output, UntrustedSqlError, f"the engine's process died ({how})", "simplify the query")

    def _disk(self) -> int:
        files = [*self._workspace.glob(f"{WORKSPACE_FILE}*"), *self._workspace.glob("spill/*")]
        return sum(_size(file) for file in files)

    def _raise(self, said: bytes | bytearray, kind: str, message: str) -> NoReturn:
        if kind in _MEMORY_ERRORS:
            self._stop(said, MemoryExhausted, f"it needs more memory than {self._limits.memory}", _CHEAPER)
        if says_no_room(message):
            self._stop(said, DiskFull, f"there is no room on the disk: {message}", "make room, then resume the run")
        if kind == "LimitError":
            self._stop(said, ResourceError, message, "select fewer rows, or aggregate")
        if self._running(said) is None and kind == "IOException":
            self._stop(said, TransientError, f"it cannot be opened: {message}", "is another process using this run?")
        self._stop(said, UntrustedSqlError, message.split("\n\nLINE ", maxsplit=1)[0], "correct the SQL")

    def _running(self, said: bytes | bytearray) -> Statement | None:
        """Return the statement that was started last."""
        number = sum(line.startswith(b'{"running"') for line in said.splitlines()) - 1
        return self._statements[number] if number >= 0 else None

    def _stop(self, said: bytes | bytearray, error: type[MillwrightError], what: str, hint: str) -> NoReturn:
        statement = self._running(said)
        where = (statement.where or f"SQL {_short(statement.sql)!r}") if statement else str(self._workspace)
        raise error(_short(what, 400), where=where, hint=hint)


def _last(output: bytes) -> dict[str, Any]:
    """Return the answer in the child's last line; empty when it died before it answered."""
    lines = output.splitlines()
    try:
        answer = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}  # cut in the middle
    return answer if isinstance(answer, dict) else {}


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # the engine removes spill files while it runs
        return 0


def _short(text: str, most: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."
