"""Finding the rows that break row-level rules, so that the caller can set them aside."""

from collections.abc import Sequence

from state.contract import Table
from tools.checks.rule import MOST_CHARACTERS, CompiledRule
from tools.sql.quote import literal

_NOTHING = "select 0::bigint as _row, '' as rule, '' as reason where false"


def violating_rows_sql(rules: Sequence[CompiledRule], table: Table) -> str:
    """Return one SELECT of `_row`, `rule`, `reason`: a row for every row of `table` and rule it breaks.

    Only rules that quarantine are asked. Rules on single rows share one scan; each rule across rows has its own, and
    names all rows of a clash. A rule with a pattern that the engine cannot search is left out unless
    `tools.checks.prepare.prepare_rules` has searched it on the same connection; verification judges it all the same.
    """
    asked = [rule for rule in rules if rule.table == table.name and rule.quarantines and not rule.unsupported]
    asked = [rule for rule in asked if rule.violation and not rule.search]
    together = [rule for rule in asked if not rule.alone]
    selects = [_one_scan(together)] if together else []
    selects += [_one_rule(rule) for rule in asked if rule.alone]
    return " union all ".join(selects) or _NOTHING


def _one_scan(rules: list[CompiledRule]) -> str:
    """Look for any violation first: the findings of the few rows that have one cost nothing beside the scan."""
    found = ", ".join(f"case when {rule.violation} then {_finding(rule)} end" for rule in rules)
    some = " or ".join(f"({rule.violation})" for rule in rules)
    source = rules[0].relation.name(rules[0].table)
    return (
        "select _row, finding.rule as rule, finding.reason as reason from ("
        "select _row, unnest(list_filter(findings, lambda f: f is not null)) as finding from ("
        f"select t._row, [{found}] as findings from {source} t where {some}))"
    )


def _one_rule(rule: CompiledRule) -> str:
    source = rule.relation.name(rule.table)
    return (
        f"select t._row, {literal(rule.id)} as rule, {_reason(rule)} as reason from {source} t where {rule.violation}"
    )


def _finding(rule: CompiledRule) -> str:
    return f"{{'rule': {literal(rule.id)}, 'reason': {_reason(rule)}}}"


def _reason(rule: CompiledRule) -> str:
    expected = literal(f"expected {rule.expected}")
    if rule.value is None:
        return expected
    return f"concat({expected}, ', found ', coalesce(left({rule.value}, {MOST_CHARACTERS}), 'null'))"
