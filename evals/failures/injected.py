"""The failures: each is put in at the boundary of a function of the product, or into its files, while a run goes on."""

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple
from unittest.mock import patch

import duckdb

import nodes.intake
import nodes.steps.conforming
import nodes.steps.resolving
import nodes.steps.setting_aside
from evals.failures.job import ORDERS, Job, order, write_contract, write_orders
from state.contract import Table
from state.errors import StepError, TimeExceeded, UntrustedSqlError

Injection = Callable[[Job], Any]  # a context manager


class Failure(NamedTuple):
    """A failure, the class it is to be met as, and how a run with all strategies is to end."""

    name: str
    expected: str  # class
    inject: Injection
    ends: str  # "published", or how it stops: "failed", "not_met", "setup", "budget_spent"
    strategy: str  # the last one ruled; empty: none is needed
    resumes: bool = False  # ends published when it is resumed after the cause is gone
    steps: int | None = None  # budget of the run
    killed: bool = False  # the process is killed: the run is worked on by one of its own
    same: bool = True  # what is published is what an undisturbed run publishes


class _Times:
    """Lets the first calls fail; steps may be done side by side."""

    def __init__(self, times: int) -> None:
        self.left, self.lock = times, Lock()

    def due(self) -> bool:
        with self.lock:
            self.left -= 1
            return self.left >= 0


@contextmanager
def _before(module: Any, name: str, act: Callable[..., None]) -> Iterator[None]:  # noqa: ANN401  any module
    """Let `act` see the arguments of a function of a module before the function is called."""
    real = getattr(module, name)

    def stand_in(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        act(*arguments, **options)
        return real(*arguments, **options)

    with patch.object(module, name, stand_in):
        yield


def _raising(module: Any, name: str, error: Exception, times: int = 1) -> Injection:  # noqa: ANN401
    """Return the injection of an error into the first calls of a function."""

    def inject(_: Job) -> Any:  # noqa: ANN401
        count = _Times(times)

        def act(*_arguments: object, **_options: object) -> None:
            if count.due():
                raise error

        return _before(module, name, act)

    return inject


def _once(act: Callable[[Job], None]) -> Callable[[Job], Callable[..., None]]:
    def of(job: Job) -> Callable[..., None]:
        count = _Times(1)

        def before(*_arguments: object, **_options: object) -> None:
            if count.due():
                act(job)

        return before

    return of


def _vanishes(job: Job) -> Any:  # noqa: ANN401
    kept = job.sources / "orders_3.csv"
    aside = job.home.parent / "aside.csv"

    @contextmanager
    def inject() -> Iterator[None]:
        def gone(*_arguments: object, **_options: object) -> None:
            if kept.exists():
                kept.rename(aside)

        try:
            with _before(nodes.intake, "changed_files", gone):
                yield
        finally:
            if aside.exists():
                aside.rename(kept)

    return inject()


def _changes(job: Job) -> None:
    rows = [f"{order(n, '2024-05-01')},web" for n in range(2 * ORDERS, 3 * ORDERS)]
    write_orders(job, 3, rows, header="OrderID,customer_id,order_date,amount,updated_at,channel")


@contextmanager
def _drops(job: Job) -> Iterator[None]:
    """One file comes with dates that read both ways; another column of it tells how, and the other files contradict."""
    rows = [
        f"{n},{n % 30},0{n % 7 + 3}/0{n % 5 + 2}/2024,{n}.50,{n % 12 + 13}/0{n % 5 + 2}/2024 10:00"
        for n in range(2 * ORDERS, 3 * ORDERS)
    ]
    write_orders(job, 3, rows)
    for number in (1, 2):
        other = [order(n, f"0{n % 9 + 1}/{n % 12 + 13}/2024") for n in range((number - 1) * ORDERS, number * ORDERS)]
        write_orders(job, number, other)
    yield


@contextmanager
def _cannot_be_met(job: Job) -> Iterator[None]:
    write_contract(job, quality=[{"metric": "rowCount", "mustBeGreaterThan": 100_000}])
    yield


def _short_of_memory(_: Job) -> Any:  # noqa: ANN401
    def act(connection: duckdb.DuckDBPyConnection, *_arguments: object) -> None:
        if connection.execute("select current_setting('threads')").fetchall()[0][0] > 1:
            raise duckdb.OutOfMemoryException("could not allocate block of size 256.0 KiB (4.0 GiB/4.0 GiB used)")

    return _before(nodes.steps.setting_aside, "prepare_rules", act)


def _slow_sql(_: Job) -> Any:  # noqa: ANN401
    def act(*_arguments: object, limits: Any, **_options: object) -> None:  # noqa: ANN401
        if limits.seconds <= 300:  # noqa: PLR2004  what a run allows unless told otherwise
            raise TimeExceeded(f"SQL of the contract ran over {limits.seconds:g} s")

    return _before(nodes.steps.conforming, "run_statements", act)


def _loses_table(_: Job) -> Any:  # noqa: ANN401
    count = _Times(1)

    def act(connection: duckdb.DuckDBPyConnection, step_key: str, _effect: object) -> None:
        if step_key == "quarantine:orders" and count.due():
            connection.execute("drop view live.orders; drop view main.orders; drop view stage.orders")
            raise duckdb.CatalogException("Catalog Error: Table with name orders does not exist!")

    return _before(nodes.steps.setting_aside, "once", act)


def _killed(_: Job) -> Any:  # noqa: ANN401
    def act(table: Table, _rows: int) -> None:
        if table.name == "orders":  # its broken rows were set aside in the same transaction
            os.kill(os.getpid(), signal.SIGKILL)

    return _before(nodes.steps.setting_aside, "dedupe_statements", act)


def _corrupted(job: Job) -> Any:  # noqa: ANN401
    count = _Times(1)

    def act(*_arguments: object, **_options: object) -> None:
        path = next((job.home / "runs").glob("*/workspace.duckdb"), Path())
        if count.due():
            with path.open("r+b") as file:
                file.seek(0)
                file.write(b"\xff" * 12_288)  # the three headers of the file
            raise duckdb.IOException("could not read a block: the checksum does not match")

    return _before(nodes.steps.conforming, "conform_statements", act)


def _loses_row(_: Job) -> Any:  # noqa: ANN401
    count = _Times(1)

    def act(connection: duckdb.DuckDBPyConnection, step_key: str, _effect: object) -> None:
        if step_key == "quarantine:orders" and count.due():
            connection.execute("delete from typed.orders where order_id = 50")

    return _before(nodes.steps.setting_aside, "once", act)


def _no_room(times: int) -> Injection:
    full = OSError(errno.ENOSPC, "No space left on device")
    return _raising(nodes.steps.setting_aside, "dedupe_statements", full, times)


@contextmanager
def _nothing(_: Job) -> Iterator[None]:
    yield


_RESOLVING, _ASIDE, _CONFORMING = nodes.steps.resolving, nodes.steps.setting_aside, nodes.steps.conforming
_BUSY = duckdb.IOException("could not read from file: Input/output error")
_DENIED = PermissionError(errno.EACCES, "Permission denied")

FAILURES = (
    Failure("a read fails once", "transient", _raising(_ASIDE, "dedupe_statements", _BUSY), "published", "retry"),
    Failure(
        "a read keeps failing",
        "transient",
        _raising(_ASIDE, "dedupe_statements", _BUSY, 3),
        "failed",
        "stop",
        resumes=True,
    ),
    Failure("a source vanishes after the scan", "", _vanishes, "setup", "", resumes=True),
    Failure(
        "a source gets other columns after the scan",
        "",
        lambda job: _before(nodes.intake, "changed_files", _once(_changes)(job)),
        "published",
        "",
        same=False,
    ),
    Failure("one file is of lower quality", "quality", _drops, "published", "recover", same=False),
    Failure("a rule that nothing can meet", "quality", _cannot_be_met, "not_met", "stop"),
    Failure("the engine is out of memory", "memory", _short_of_memory, "published", "scale_down"),
    Failure("SQL of the contract runs over its time", "time", _slow_sql, "published", "extend"),
    Failure("the disk is full for a moment", "disk", _no_room(1), "published", "clean_up"),
    Failure("the disk stays full", "disk", _no_room(2), "setup", "clean_up", resumes=True),
    Failure("a table is lost from the workspace", "dependency", _loses_table, "published", "redo"),
    Failure(
        "the specialists cannot decide",
        "data",
        _raising(_RESOLVING, "resolution_evidence", StepError("the witnesses contradict themselves"), 9),
        "published",
        "fall_back",
        same=False,
    ),
    Failure(
        "a file may not be read",
        "access",
        _raising(_ASIDE, "dedupe_statements", _DENIED),
        "failed",
        "stop",
        resumes=True,
    ),
    Failure(
        "SQL of the contract is refused",
        "contract_sql",
        _raising(_CONFORMING, "run_statements", UntrustedSqlError("reads a file")),
        "failed",
        "stop",
        resumes=True,
    ),
    Failure("the process is killed within a step", "", _killed, "killed", "", resumes=True, killed=True),
    Failure("the workspace is overwritten", "", _corrupted, "setup", ""),
    Failure("a row is lost", "", _loses_row, "failed", ""),
    Failure("the budget is spent", "", _nothing, "budget_spent", "", resumes=True, steps=10),
)
"""Every failure; those without a class are met outside of steps."""
