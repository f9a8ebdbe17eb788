"""Quality rules of the contract: library metrics, SQL, and those no machine here can check."""

from collections.abc import Callable
from typing import Any

from state.contract import Column, QualityRule, Table
from tools.checks.cell import Cell, column_cell
from tools.checks.keys import clashing, in_excess, key_text
from tools.checks.listed import among, valid_values_constraint
from tools.checks.placeholders import fill_placeholders
from tools.checks.rule import CompiledRule, Constraint, Relation, shown
from tools.checks.strings import pattern_constraint
from tools.checks.threshold import allows_none, fault, in_words

_OLD_NAMES = {
    "duplicateCount": "duplicateValues",
    "duplicateCheck": "duplicateValues",
    "uniqueCheck": "duplicateValues",
    "validValues": "invalidValues",
    "invalidCount": "invalidValues",
    "nullCheck": "nullValues",
    "nullCount": "nullValues",
    "missingCount": "missingValues",
}
_CHECKS = frozenset({"uniqueCheck", "duplicateCheck", "validValues", "nullCheck"})
"""Names of version 3.0 that allow no violation when they come without an operator."""

_NOUNS = {
    "nullValues": "null values",
    "missingValues": "missing values",
    "invalidValues": "invalid values",
    "duplicateValues": "duplicate values",
    "rowCount": "rows",
}
_ARGUMENTS: dict[str, frozenset[str]] = {
    "missingValues": frozenset({"missingValues"}),
    "invalidValues": frozenset({"validValues", "pattern"}),
    "duplicateValues": frozenset({"properties"}),
}
Fields = dict[str, Any]


class _UnsupportedError(Exception):
    """Why a rule cannot be compiled."""


def quality_rule(rule: QualityRule, table: Table, cell: Cell | None, relation: Relation) -> CompiledRule:
    """Compile one quality rule of a table, or of the column at `cell`."""
    compiled = CompiledRule(
        id=rule.id,
        table=table.name,
        column=cell.column if cell else None,
        kind=rule.type,
        severity=rule.severity,
        expected=rule.description or rule.name or rule.metric or rule.type,
        relation=relation,
        columns=cell.columns if cell else (),
        value=cell.text if cell else None,
    )
    try:
        fields = _COMPILERS.get(rule.type, _unknown_type)(_with_defaults(rule), table, cell, relation)
    except _UnsupportedError as error:
        fields = {"unsupported": str(error)}
    return CompiledRule.model_validate(dict(compiled) | fields)


def _with_defaults(rule: QualityRule) -> QualityRule:
    if rule.metric not in _OLD_NAMES:
        return rule
    changes: Fields = {"metric": _OLD_NAMES[rule.metric]}
    if rule.operator is None and rule.metric in _CHECKS:
        changes |= {"operator": "mustBe", "threshold": 0}
    return rule.model_copy(update=changes)


def _unknown_type(rule: QualityRule, *_: object) -> Fields:
    return {"unsupported": f"rules of type {rule.type!r} are not known"}


def _text(rule: QualityRule, *_: object) -> Fields:
    words = rule.description or rule.name or "no description"
    return {"unsupported": f"described in words, not checkable by a machine: {shown(words)}", "informative": True}


def _custom(rule: QualityRule, *_: object) -> Fields:
    return {"unsupported": f"a custom rule for the engine {rule.engine or 'unnamed'!r}, which is not run here"}


def _sql(rule: QualityRule, table: Table, cell: Cell | None, _relation: Relation) -> Fields:
    wrong = fault(rule.operator, rule.threshold)
    if wrong or not rule.query or not rule.query.strip():
        raise _UnsupportedError(wrong or "the rule has no query")
    query, left = fill_placeholders(rule.query, table=table.name, column=cell.column if cell else None)
    if left:
        raise _UnsupportedError(f"the query has a placeholder nothing is known for: {left}")
    result = in_words(rule.operator or "", rule.threshold)
    return {
        "query": query,
        "untrusted": True,
        "operator": rule.operator,
        "threshold": rule.threshold,
        "unit": rule.unit,
        "value": None,
        "expected": f"{rule.description or rule.name or 'the result of the query'}: {result}",
    }


def _library(rule: QualityRule, table: Table, cell: Cell | None, relation: Relation) -> Fields:
    metric = rule.metric or ""
    if metric not in _METRICS:
        raise _UnsupportedError(f"the metric {metric!r} is not known" if metric else "the rule names no metric")
    wrong = fault(rule.operator, rule.threshold) or _argument_fault(rule, metric) or _unit_fault(rule, metric)
    if wrong:
        raise _UnsupportedError(wrong)
    unit = " percent" if rule.unit == "percent" else ""
    strict = metric != "rowCount" and allows_none(rule.operator, rule.threshold, rule.unit)
    fields: Fields = {
        "kind": metric,
        "operator": rule.operator,
        "threshold": rule.threshold,
        "unit": rule.unit,
        "expected": f"{in_words(rule.operator or '', rule.threshold)}{unit} {_NOUNS[metric]}",
        "quarantines": strict and rule.severity.value == "error",
    }
    return fields | _METRICS[metric](rule, table, cell, relation)


def _argument_fault(rule: QualityRule, metric: str) -> str | None:
    unknown = sorted(set(rule.arguments) - _ARGUMENTS.get(metric, frozenset()))
    return f"the argument {unknown[0]!r} is not known for {metric}" if unknown else None


def _unit_fault(rule: QualityRule, metric: str) -> str | None:
    known = ("rows",) if metric == "rowCount" else ("rows", "percent")
    return None if rule.unit in known else f"the unit {rule.unit!r} is not supported for {metric}"


def _row_count(*_: object) -> Fields:
    return {"measure": "count(*)", "columns": ()}


def _on_column(cell: Cell | None) -> Cell:
    if cell is None:
        raise _UnsupportedError("the metric needs a column, and the rule stands on a table")
    return cell


def _null_values(_rule: QualityRule, _table: Table, cell: Cell | None, _relation: Relation) -> Fields:
    return {"violation": f"{_on_column(cell).value} is null"}


def _missing_values(rule: QualityRule, _table: Table, cell: Cell | None, _relation: Relation) -> Fields:
    """Only listed values are missing; without a list they are null and the empty text."""
    cell = _on_column(cell)
    listed = rule.arguments.get("missingValues", [None, ""])
    if not isinstance(listed, list):
        raise _UnsupportedError("the argument missingValues is not a list")
    if any(isinstance(item, (list, dict)) for item in listed):
        raise _UnsupportedError("the argument missingValues holds a list or a mapping")
    missing = among(cell.spec, cell.value, listed)
    return {"violation": f"({cell.value} is null or {missing})" if None in listed else missing}


def _invalid_values(rule: QualityRule, _table: Table, cell: Cell | None, _relation: Relation) -> Fields:
    cell = _on_column(cell)
    found = _validity(rule, cell)
    unsupported = next((constraint.unsupported for constraint in found if constraint.unsupported), None)
    if unsupported:
        raise _UnsupportedError(unsupported)
    violations = [f"({constraint.violation})" for constraint in found if constraint.violation]
    pattern = next((constraint.pattern for constraint in found if constraint.pattern), None)
    return {
        "violation": " or ".join(violations) or None,
        "search": cell.search(rule.id, pattern),
        "alone": pattern is not None,
    }


def _validity(rule: QualityRule, cell: Cell) -> list[Constraint]:
    listed, pattern = rule.arguments.get("validValues"), rule.arguments.get("pattern")
    found = []
    if isinstance(listed, list) and not any(isinstance(item, (list, dict)) for item in listed):
        found.append(valid_values_constraint(cell.spec, cell.value, listed))
    elif listed is not None:
        raise _UnsupportedError("the argument validValues is not a list of values")
    if isinstance(pattern, str):
        found.append(pattern_constraint(pattern, f"cast({cell.value} as varchar)"))
    elif pattern is not None:
        raise _UnsupportedError("the argument pattern is not a text")
    if not found:
        raise _UnsupportedError("the rule names neither validValues nor pattern")
    return found


def _duplicate_values(rule: QualityRule, table: Table, cell: Cell | None, relation: Relation) -> Fields:
    """Rows beyond the first of each value count; a row with a null among the values has no duplicate."""
    columns = [cell.spec] if cell else _properties(rule, table)
    values = [column_cell(table.name, column, relation).value for column in columns]
    names = tuple(column.name for column in columns)
    return {
        "violation": clashing(relation.name(table.name), values),
        "count": in_excess(relation.name(table.name), values),
        "alone": True,
        "columns": names,
        "value": key_text(names),
    }


def _properties(rule: QualityRule, table: Table) -> list[Column]:
    names = rule.arguments.get("properties")
    if not isinstance(names, list) or not names:
        raise _UnsupportedError("the rule stands on a table and its argument properties names no columns")
    known = {column.name: column for column in table.columns}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise _UnsupportedError(f"the table has no column {unknown[0]!r}")
    return [known[name] for name in names]


_Compiler = Callable[[QualityRule, Table, Cell | None, Relation], Fields]
_METRICS: dict[str, _Compiler] = {
    "nullValues": _null_values,
    "missingValues": _missing_values,
    "invalidValues": _invalid_values,
    "duplicateValues": _duplicate_values,
    "rowCount": _row_count,
}
_COMPILERS: dict[str, _Compiler] = {"text": _text, "custom": _custom, "sql": _sql, "library": _library}
