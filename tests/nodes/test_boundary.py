"""The worker boundary: every class of failure, and the one line a person reads."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.boundary import FAILURES, classify, failure_line, operator_must_act
from state.errors import (
    AccountingError,
    BudgetExhausted,
    ContractError,
    MillwrightError,
    ResourceError,
    RunError,
    SetupError,
    SourceError,
    StateVersionError,
    StepError,
    TransientError,
    UntrustedSqlError,
)
from state.reports import FailureKind

CLASSES = [
    (TransientError, FailureKind.TRANSIENT),
    (duckdb.IOException, FailureKind.TRANSIENT),
    (InterruptedError, FailureKind.TRANSIENT),
    (BlockingIOError, FailureKind.TRANSIENT),
    (ResourceError, FailureKind.RESOURCE),
    (duckdb.OutOfMemoryException, FailureKind.RESOURCE),
    (OSError, FailureKind.RESOURCE),
    (PermissionError, FailureKind.RESOURCE),
    (UntrustedSqlError, FailureKind.CONTRACT_SQL),
    (AccountingError, FailureKind.ACCOUNTING),
    (StepError, FailureKind.DATA),
    (ContractError, FailureKind.DATA),
    (duckdb.ConversionException, FailureKind.DATA),
    (duckdb.BinderException, FailureKind.DATA),
    (duckdb.InternalException, FailureKind.DATA),
]


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
