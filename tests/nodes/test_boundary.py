"""The worker boundary: every class of failure, and the one line a person reads."""

import errno

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.boundary import FAILURES, classify, failure_line, operator_must_act
from state.errors import (
    AccountingError,
    BudgetExhausted,
    ContractError,
    DependencyMissing,
    DiskFull,
    MemoryExhausted,
    MillwrightError,
    ResourceError,
    RunError,
    SchemaMismatch,
    SetupError,
    SourceError,
    StateVersionError,
    StepError,
    TimeExceeded,
    TransientError,
    UntrustedSqlError,
)
from state.reports import FailureKind

CLASSES = [
    (TransientError, FailureKind.TRANSIENT),
    (duckdb.IOException, FailureKind.TRANSIENT),
    (InterruptedError, FailureKind.TRANSIENT),
    (BlockingIOError, FailureKind.TRANSIENT),
    (MemoryExhausted, FailureKind.MEMORY),
    (duckdb.OutOfMemoryException, FailureKind.MEMORY),
    (TimeExceeded, FailureKind.TIME),
    (DiskFull, FailureKind.DISK),
    (ResourceError, FailureKind.RESOURCE),
    (OSError, FailureKind.RESOURCE),
    (PermissionError, FailureKind.ACCESS),
    (DependencyMissing, FailureKind.DEPENDENCY),
    (FileNotFoundError, FailureKind.DEPENDENCY),
    (duckdb.CatalogException, FailureKind.DEPENDENCY),
    (SchemaMismatch, FailureKind.SCHEMA),
    (duckdb.BinderException, FailureKind.SCHEMA),
    (UntrustedSqlError, FailureKind.CONTRACT_SQL),
    (AccountingError, FailureKind.ACCOUNTING),
    (StepError, FailureKind.DATA),
    (ContractError, FailureKind.DATA),
    (duckdb.ConversionException, FailureKind.DATA),
    (duckdb.InternalException, FailureKind.DATA),
]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, FailureKind.DISK),
        (errno.EDQUOT, FailureKind.DISK),
        (errno.EFBIG, FailureKind.DISK),
        (errno.ENOMEM, FailureKind.MEMORY),
        (errno.EROFS, FailureKind.ACCESS),
        (errno.EACCES, FailureKind.ACCESS),
        (errno.ENOENT, FailureKind.DEPENDENCY),
        (errno.EINTR, FailureKind.TRANSIENT),
        (errno.EIO, FailureKind.RESOURCE),
    ],
)
def test_what_the_operating_system_says_is_told_apart_by_its_number(number: int, expected: FailureKind) -> None:
    assert classify(OSError(number, "why")) is expected


def test_the_engine_says_in_words_that_the_disk_is_full() -> None:
    assert classify(duckdb.IOException("could not write: No space left on device")) is FailureKind.DISK
    assert classify(duckdb.OutOfMemoryException("raise max_temp_directory_size")) is FailureKind.DISK


@pytest.mark.parametrize(("error", "expected"), CLASSES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_every_failure_has_its_class(error: type[Exception], expected: FailureKind) -> None:
    assert classify(error("why")) is expected
    assert issubclass(error, FAILURES)


def test_every_class_is_used() -> None:
    assert {expected for _, expected in CLASSES} == set(FailureKind)


@pytest.mark.parametrize("error", [TypeError, KeyError, AssertionError, ZeroDivisionError, KeyboardInterrupt])
def test_faults_of_the_program_are_no_failures_of_a_step(error: type[BaseException]) -> None:
    assert not issubclass(error, FAILURES)


@pytest.mark.parametrize("error", [SetupError, ContractError, SourceError, RunError, StateVersionError])
def test_what_the_operator_must_mend_is_told_apart(error: type[MillwrightError]) -> None:
    assert operator_must_act(error("why"))


@pytest.mark.parametrize("error", [StepError, AccountingError, UntrustedSqlError, BudgetExhausted, OSError])
def test_the_rest_is_not_the_operators(error: type[Exception]) -> None:
    assert not operator_must_act(error("why"))


@given(st.text(max_size=3_000), st.sampled_from([StepError, duckdb.IOException, OSError]))
def test_a_failure_is_one_line_that_says_something(text: str, kind: type[Exception]) -> None:
    line = failure_line(kind(text))
    assert len(line) <= 1_000
    assert line or kind is StepError
    assert len(line.splitlines()) <= 1
