"""Verdicts on rules: what a check found, where, and how it counts."""

from enum import StrEnum

from state.contract import Severity
from state.values import Value


class Verdict(StrEnum):
    """The outcome of one check; `error` means it could not be checked."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    ERROR = "error"


class Locator(Value):
    """Where one violation is: source file and physical line (None for derived rows), key and the value."""

    file: str | None
    line: int | None
    key: str  # "order_id=7", empty without a key
    value: str | None  # the offending value as text, at most 200 characters


class CheckResult(Value):
    """The verdict on one rule of the contract."""

    rule: str  # unique rule id, e.g. "orders.amount.required"
    kind: str  # required, type, unique, primaryKey, relationship, pattern, validValues, rowCount, sql, text, ...
    table: str
    column: str | None
    severity: Severity
    result: Verdict
    count: int  # violating rows; for a measured rule the violations counted; 0 when passed or not checkable
    measured: float | str | None = None  # the figure a threshold was compared with
    expected: str = ""  # the rule in words, e.g. "at most 5 percent null values"
    detail: str = ""  # why it is a warning or an error
    locators: tuple[Locator, ...] = ()  # the first few violations

    @property
    def blocking(self) -> bool:
        """Whether the result forbids publishing: a failed or uncheckable rule of severity error."""
        return self.severity is Severity.ERROR and self.result in (Verdict.FAILED, Verdict.ERROR)


class Fault(Value):
    """A fault of the contract file itself, found by the standard's JSON schema or by reading."""

    place: str  # "schema/0/properties/1/logicalType"; "(top)" for the document
    message: str
    error: bool  # False: outside `schema`, a warning
