"""Judging what a rule measured: verdict, count, and why something could not be checked."""

from decimal import Decimal

from state.checks import CheckResult, Verdict
from state.contract import Severity
from tools.checks.rule import CompiledRule
from tools.checks.threshold import compare
from tools.checks.types import fits


def judge(rule: CompiledRule, measured: object) -> CheckResult:
    """Return the verdict on a rule with an operator, for the figure or the scalar result of its query.

    `measured` is in the rule's unit. Where it is a number the rule wants to be none, it is the count of violations.
    """
    if rule.unsupported:
        return unchecked(rule, rule.unsupported)
    outcome = compare(measured, rule.operator or "", rule.threshold)
    if outcome.met is None:
        return unchecked(rule, outcome.reason)
    counted = rule.operator == "mustBe" and rule.threshold == 0 and isinstance(measured, (int, Decimal))
    whole = int(measured) if counted and isinstance(measured, (int, Decimal)) else 1
    return _verdict(rule, met=outcome.met, count=max(whole, 1), measured=_plain(measured))


def judge_count(rule: CompiledRule, count: int, total: int) -> CheckResult:
    """Return the verdict on a rule of which `count` of `total` rows are violations."""
    if rule.operator is None:
        return _verdict(rule, met=count == 0, count=count)
    figure = count if rule.unit != "percent" else percent(count, total)
    outcome = compare(figure, rule.operator, rule.threshold)
    return _verdict(rule, met=bool(outcome.met), count=count, measured=figure)


def judge_physical(rule: CompiledRule, columns: dict[str, str]) -> CheckResult:
    """Return the verdict on a column's physical type in a table that was made elsewhere."""
    physical = columns.get(rule.column or "")
    met = physical is not None and rule.physical is not None and fits(rule.physical, physical)
    detail = "" if met else (f"the column is of type {physical}" if physical else "the column is missing")
    return _verdict(rule, met=met, count=1, measured=physical, detail=detail)


def unchecked(rule: CompiledRule, reason: str) -> CheckResult:
    """Return the verdict on a rule that could not be checked, which differs from a rule that is broken."""
    words = reason if rule.kind == "text" else f"could not be checked: {reason}"
    return _result(rule, rule.unchecked_verdict, count=0, detail=words)


def percent(count: int, total: int) -> float:
    """Return `count` as percent of `total`; of no rows none is a violation."""
    return 100 * count / total if total else 0.0


def _verdict(
    rule: CompiledRule,
    *,
    met: bool,
    count: int,
    measured: float | str | None = None,
    detail: str = "",
) -> CheckResult:
    if met:
        return _result(rule, Verdict.PASSED, count=0, measured=measured)
    broken = Verdict.FAILED if rule.severity is Severity.ERROR else Verdict.WARNING
    return _result(rule, broken, count=count, measured=measured, detail=detail)


def _result(
    rule: CompiledRule,
    verdict: Verdict,
    *,
    count: int,
    measured: float | str | None = None,
    detail: str = "",
) -> CheckResult:
    return CheckResult(
        rule=rule.id,
        kind=rule.kind,
        table=rule.table,
        column=rule.column,
        severity=rule.severity,
        result=verdict,
        count=count,
        measured=measured,
        expected=rule.expected,
        detail=detail,
    )


def _plain(measured: object) -> float | str | None:
    if isinstance(measured, bool):
        return str(measured).lower()
    return float(measured) if isinstance(measured, (int, float, Decimal)) else str(measured)
