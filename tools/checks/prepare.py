"""Making compiled rules ready on a connection: missing columns are named, patterns searched outside the engine."""

from collections.abc import Sequence
from time import monotonic

import duckdb

from tools.checks.rule import CompiledRule
from tools.checks.search import SearchError, search_unmatched

RULE_ERRORS = (duckdb.DataError, duckdb.ProgrammingError, duckdb.NotSupportedError)
"""What one rule's SQL can raise by itself; lack of memory or disk and an interrupt concern the whole run and rise."""


def prepare_rules(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[CompiledRule], *, search_seconds: float = 60.0
) -> tuple[CompiledRule, ...]:
    """Return `rules` as they can be run now; one that cannot has the reason in `unsupported`.

    A rule cannot be run where a column is missing or the engine refuses its SQL. Patterns the engine cannot evaluate
    are searched in a process of their own, all together in `search_seconds`; the values found lie in temporary tables
    of this connection, and hold for the data as it is now.
    """
    deadline = monotonic() + search_seconds
    known: dict[str, dict[str, str] | str] = {}
    ready = []
    for rule in rules:
        source = rule.relation.name(rule.table)
        if source not in known:
            known[source] = physical_columns(connection, source)
        ready.append(_searched(connection, _with_columns(rule, known[source]), deadline))
    faults = _refused(connection, [rule for rule in ready if not rule.unsupported and (rule.violation or rule.measure)])
    return tuple(rule.model_copy(update={"unsupported": faults.get(rule.id, rule.unsupported)}) for rule in ready)


def physical_columns(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str] | str:
    """Return the type of each column of the relation with the SQL name `source`, or why it cannot be read."""
    try:
        rows = connection.execute(f"describe select * from {source}").fetchall()
    except RULE_ERRORS as error:
        return first_line(error)
    return {str(row[0]): str(row[1]) for row in rows}


def _refused(connection: duckdb.DuckDBPyConnection, rules: list[CompiledRule]) -> dict[str, str]:
    """Return why the engine refuses a rule's SQL before any row is read, by rule id; halves are tried apart."""
    if not rules:
        return {}
    try:
        for source in {rule.relation.name(rule.table) for rule in rules}:
            mine = [rule for rule in rules if rule.relation.name(rule.table) == source]
            expressions = ", ".join(rule.measure or f"count(*) filter (where {rule.violation})" for rule in mine)
            connection.execute(f"explain select count(*), {expressions} from {source} t")
    except RULE_ERRORS as error:
        if len(rules) == 1:
            return {rules[0].id: first_line(error)}
    else:
        return {}
    middle = len(rules) // 2
    return _refused(connection, rules[:middle]) | _refused(connection, rules[middle:])


def first_line(error: Exception) -> str:
    """Return the first line of an engine's message: what follows quotes the project's own SQL."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _with_columns(rule: CompiledRule, columns: dict[str, str] | str) -> CompiledRule:
    if rule.unsupported or rule.untrusted:
        return rule
    if isinstance(columns, str):
        return rule.model_copy(update={"unsupported": f"the table cannot be read: {columns}"})
    missing = [name for name in rule.columns if name not in columns]
    if missing and rule.physical is None:
        return rule.model_copy(update={"unsupported": f"the column {missing[0]!r} is missing"})
    return rule


def _searched(connection: duckdb.DuckDBPyConnection, rule: CompiledRule, deadline: float) -> CompiledRule:
    """Turn a search into a violation: the value is among those without a match."""
    search = rule.search
    if search is None or rule.unsupported:
        return rule
    try:
        search_unmatched(connection, search, rule.relation.name(rule.table), deadline - monotonic())
    except SearchError as error:
        return rule.model_copy(update={"unsupported": str(error)})
    except RULE_ERRORS as error:
        return rule.model_copy(update={"unsupported": first_line(error)})
    unmatched = f"{search.subject} in (select value from {search.unmatched})"
    violation = f"({rule.violation} or {unmatched})" if rule.violation else unmatched
    return rule.model_copy(update={"violation": violation, "search": None})
