"""The worker boundary: which errors of a step become a report, their class, and the line a person reads."""

import duckdb

from state.errors import AccountingError, MillwrightError, ResourceError, SetupError, TransientError, UntrustedSqlError
from state.reports import FailureKind
from tools.disk import no_room

FAILURES = (MillwrightError, duckdb.Error, OSError)
"""What may go wrong in a step without being a fault of the program; everything else rises."""


_LONGEST = 1_000


def failure_line(error: Exception) -> str:
    """Return an error as one line of at most 1,000 characters: it is kept in the state."""
    line = error.line() if isinstance(error, MillwrightError) else " ".join(str(error).split())
    return (line or type(error).__name__)[:_LONGEST]


def classify(error: Exception) -> FailureKind:
    """Return the class of a failure, which decides the strategy."""
    classes: tuple[tuple[type[Exception] | tuple[type[Exception], ...], FailureKind], ...] = (
        (UntrustedSqlError, FailureKind.CONTRACT_SQL),
        (AccountingError, FailureKind.ACCOUNTING),
        ((ResourceError, duckdb.OutOfMemoryException), FailureKind.RESOURCE),
        ((TransientError, duckdb.IOException, InterruptedError, BlockingIOError), FailureKind.TRANSIENT),
        (OSError, FailureKind.RESOURCE),
    )
    for kinds, failure in classes:
        if isinstance(error, kinds):
            return failure
    return FailureKind.DATA


def operator_must_act(error: Exception) -> bool:
    """Return whether the error is for the operator: it ends the command, and the run can be resumed after it."""
    return isinstance(error, SetupError) or no_room(error)
