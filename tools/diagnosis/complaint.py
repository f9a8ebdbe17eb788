"""What a case begins with: the check that failed, or the rule that sent most rows to quarantine, as JSON text."""

import json
from collections.abc import Sequence

import duckdb

from state.checks import CheckResult
from tools.diagnosis.answers import cut

_FOLLOWS = ("notEmpty", "drift", "maxQuarantine")
"""Kinds of verdicts that follow from others, or say nothing about rows."""


def complaint_of(connection: duckdb.DuckDBPyConnection, table: str, failing: Sequence[CheckResult]) -> str:
    """Return what is known to be wrong with a table, "{}" where nothing is: rule, kind, table, column, count, expected.

    A failing check that names rows comes first, then the rule that set most rows aside, then what is left.
    """
    mine = [result for result in failing if result.table == table]
    telling = [result for result in mine if not _follows(result) and result.blocking]
    if telling:
        return _told(max(telling, key=lambda result: result.count))
    row = connection.execute(
        "select rule, count(*), any_value(reason) from ops.quarantine where table_name = ? group by 1 "
        "order by 2 desc, 1 limit 1",
        [table],
    ).fetchone()
    if row is not None:
        return json.dumps({"rule": row[0], "table": table, "column": column_of(row[0], table), "count": row[1],
                           "expected": cut(row[2])})  # fmt: skip
    others = [result for result in mine if not _follows(result) and result.count]
    return _told(max(others, key=lambda result: result.count)) if others else "{}"


def _follows(result: CheckResult) -> bool:
    return result.rule.rsplit(".", 1)[-1] in _FOLLOWS


def column_of(rule: str, table: str) -> str | None:
    """Return the column in a rule's id ("orders.amount.required"); None for a rule on the table."""
    parts = rule.removeprefix(f"{table}.").rsplit(".", 1)
    return parts[0] if len(parts) > 1 else None


def _told(result: CheckResult) -> str:
    return json.dumps(
        {
            "rule": result.rule,
            "kind": result.kind,
            "table": result.table,
            "column": result.column,
            "count": result.count,
            "expected": cut(result.expected),
            "detail": cut(result.detail),
        }
    )
