"""Quality rules of the standard, read as `QualityRule`, and what follows from them for values and emptiness."""

import json
import math
from collections.abc import Sequence
from typing import Any

from open_data_contract_standard.model import DataQuality

from state.contract import QualityRule, Severity
from tools.contract.document import Place
from tools.contract.faults import FaultLog

OPERATORS = (
    "mustBe",
    "mustNotBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
    "mustNotBeBetween",
)
_SEVERITIES = {
    "error": Severity.ERROR,
    "critical": Severity.ERROR,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
    "info": Severity.INFO,
}
Scalar = str | float | int | bool


def read_rules(items: list[DataQuality] | None, place: Place, owner: str, faults: FaultLog) -> tuple[QualityRule, ...]:
    """Read the `quality` of the table or column called `owner` ("orders.amount") at `place`."""
    return tuple(
        _rule(item, (*place, "quality", position), f"{owner}.quality[{position}]", faults)
        for position, item in enumerate(items or [])
    )


def valid_values(rules: Sequence[QualityRule]) -> tuple[Scalar, ...] | None:
    """Return the values that rules of severity error allow without exception, None when none limits them.

    Several lists are intersected, in the order of the first.
    """
    allowed: tuple[Scalar, ...] | None = None
    for rule in rules:
        listed = rule.arguments.get("validValues")
        if rule.metric != "invalidValues" or not isinstance(listed, list) or not _allows_none(rule):
            continue
        values = tuple(value for value in listed if isinstance(value, (str, float, int)))
        allowed = values if allowed is None else tuple(value for value in allowed if value in values)
    return allowed


def accepts_empty(rules: Sequence[QualityRule]) -> bool:
    """Whether there are row count rules and every one of them accepts zero rows."""
    counts = [rule for rule in rules if rule.metric == "rowCount" and rule.unit == "rows"]
    return bool(counts) and all(_accepts(rule, 0) for rule in counts)


def _rule(item: DataQuality, place: Place, rule_id: str, faults: FaultLog) -> QualityRule:
    operator = next((name for name in OPERATORS if getattr(item, name) is not None), None)
    implementation = item.implementation
    if implementation is not None and not isinstance(implementation, str):
        implementation = json.dumps(implementation, ensure_ascii=False, default=str)
    return QualityRule(
        id=rule_id,
        type=item.type or ("library" if item.metric or operator else "text"),
        name=item.name,
        description=item.description,
        severity=_severity(item.severity, place, faults),
        metric=item.metric,
        arguments=item.arguments or {},
        operator=operator,
        threshold=_threshold(item, operator, place, faults),
        unit=_unit(item.unit),
        query=item.query,
        engine=item.engine,
        implementation=implementation,
        dimension=item.dimension,
    )


def _unit(unit: str | None) -> str:
    text = (unit or "rows").strip()
    return {"%": "percent", "row": "rows"}.get(text.casefold(), text.casefold())


def _severity(name: str | None, place: Place, faults: FaultLog) -> Severity:
    if name is None:
        return Severity.ERROR
    severity = _SEVERITIES.get(name.strip().casefold())
    if severity is None:
        faults.warning((*place, "severity"), f"severity {name!r} is not known and counts as error")
    return severity or Severity.ERROR


def _threshold(
    item: DataQuality, operator: str | None, place: Place, faults: FaultLog
) -> float | str | bool | tuple[float, float] | None:
    if operator is None:
        return None
    value: Any = getattr(item, operator)
    bounds = value if isinstance(value, list) else [value]
    if any(isinstance(bound, float) and not math.isfinite(bound) for bound in bounds):
        faults.error((*place, operator), f"{operator} must be a finite number, not {value!r}")
        return None
    if isinstance(value, (str, bool, int, float)):
        return value
    if operator.endswith("Between"):
        lower, upper = (float(bound) for bound in value)
        if lower > upper:
            faults.error((*place, operator), f"the lower bound {lower:g} is above the upper bound {upper:g}")
        return lower, upper
    faults.error((*place, operator), f"{operator} must be a single value, not {value!r}")
    return None


def _allows_none(rule: QualityRule) -> bool:
    strict = rule.operator in ("mustBe", "mustBeLessOrEqualTo") and _plain(rule.threshold) == 0
    return strict and rule.severity is Severity.ERROR


def _plain(threshold: object) -> float:
    """Return a number as it is, anything else as NaN, which compares with nothing."""
    return math.nan if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) else float(threshold)


def _accepts(rule: QualityRule, count: int) -> bool:
    if isinstance(rule.threshold, tuple):
        inside = rule.threshold[0] <= count <= rule.threshold[1]
        return inside if rule.operator == "mustBeBetween" else not inside
    limit = _plain(rule.threshold)
    return {
        "mustBe": count == limit,
        "mustNotBe": count != limit,
        "mustBeGreaterThan": count > limit,
        "mustBeGreaterOrEqualTo": count >= limit,
        "mustBeLessThan": count < limit,
        "mustBeLessOrEqualTo": count <= limit,
    }.get(rule.operator or "", False)
