"""Verdicts on the contract's rules as `dataQualityAssertions` of the tables they were judged on."""

from collections.abc import Iterable

from state.checks import CheckResult, Verdict
from state.contract import Severity
from tools.lineage.facets import Json, facet

_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warn", Severity.INFO: "info"}


def assertions_facet(checks: Iterable[CheckResult]) -> Json:
    """Return the facet of the rules of one table; a rule that could not be checked is no success.

    Values of the data are in none of it: a locator shows offending values, and is left to the run's report.
    """
    return facet("dataQualityAssertions", assertions=[_assertion(check) for check in checks])


def _assertion(check: CheckResult) -> Json:
    told = {
        "assertion": check.kind,
        "success": check.result is Verdict.PASSED,
        "column": check.column,
        "severity": _SEVERITIES[check.severity],
        "name": check.rule,
        "expected": check.expected or None,
        "actual": _actual(check),
        "params": {"result": check.result.value, "violations": check.count},
    }
    return {key: value for key, value in told.items() if value is not None}


def _actual(check: CheckResult) -> str | None:
    """Return the figure a threshold was compared with, or the count of violations; None where nothing was counted."""
    if check.measured is not None:
        return str(check.measured)
    return None if check.result is Verdict.ERROR else str(check.count)
