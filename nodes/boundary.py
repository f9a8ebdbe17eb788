"""The worker boundary: which errors of a step become a report, their class, and the line a person reads."""

import errno

import duckdb

from state.errors import (
    AccountingError,
    DependencyMissing,
    DiskFull,
    MemoryExhausted,
    MillwrightError,
    ResourceError,
    SchemaMismatch,
    SetupError,
    TimeExceeded,
    TransientError,
    UntrustedSqlError,
)
from state.reports import FailureKind
from tools.disk import no_room

FAILURES = (MillwrightError, duckdb.Error, OSError)
"""What may go wrong in a step without being a fault of the program; everything else rises."""


_LONGEST = 1_000

_CLASSES: tuple[tuple[type[Exception], FailureKind], ...] = (
    (UntrustedSqlError, FailureKind.CONTRACT_SQL),
    (AccountingError, FailureKind.ACCOUNTING),
    (MemoryExhausted, FailureKind.MEMORY),
    (duckdb.OutOfMemoryException, FailureKind.MEMORY),
    (TimeExceeded, FailureKind.TIME),
    (DiskFull, FailureKind.DISK),
    (ResourceError, FailureKind.RESOURCE),
    (DependencyMissing, FailureKind.DEPENDENCY),
    (duckdb.CatalogException, FailureKind.DEPENDENCY),
    (FileNotFoundError, FailureKind.DEPENDENCY),
    (SchemaMismatch, FailureKind.SCHEMA),
    (duckdb.BinderException, FailureKind.SCHEMA),
    (PermissionError, FailureKind.ACCESS),
    (TransientError, FailureKind.TRANSIENT),
    (duckdb.IOException, FailureKind.TRANSIENT),
    (InterruptedError, FailureKind.TRANSIENT),
    (BlockingIOError, FailureKind.TRANSIENT),
    (OSError, FailureKind.RESOURCE),
)
"""The first class that fits counts: subclasses stand before what they belong to."""

_OPERATING_SYSTEM = {
    errno.ENOMEM: FailureKind.MEMORY,
    errno.EROFS: FailureKind.ACCESS,
}

_NO_SPILL = "max_temp_directory_size"
"""The setting that the engine names when its own bound on spill files is reached."""


def failure_line(error: Exception) -> str:
    """Return an error as one line of at most 1,000 characters: it is kept in the state."""
    line = error.line() if isinstance(error, MillwrightError) else " ".join(str(error).split())
    return (line or type(error).__name__)[:_LONGEST]


def classify(error: Exception) -> FailureKind:
    """Return the class of a failure, which decides the strategy."""
    if no_room(error) or (isinstance(error, duckdb.Error) and _NO_SPILL in str(error)):
        return FailureKind.DISK
    if isinstance(error, OSError) and error.errno in _OPERATING_SYSTEM:
        return _OPERATING_SYSTEM[error.errno]
    return next((failure for kind, failure in _CLASSES if isinstance(error, kind)), FailureKind.DATA)


def operator_must_act(error: Exception) -> bool:
    """Return whether the error is for the operator: it ends the command, and the run can be resumed after it."""
    return isinstance(error, SetupError) or no_room(error)
