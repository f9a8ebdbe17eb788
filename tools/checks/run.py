"""Running compiled rules: all of a table in one scan, and one query that locates the first violations."""

from collections.abc import Iterable, Sequence

import duckdb

from state.checks import CheckResult
from state.contract import Contract
from state.errors import UntrustedSqlError
from state.values import Value
from tools.checks.judge import judge, judge_count, judge_physical, unchecked
from tools.checks.locate import locate_violations
from tools.checks.prepare import RULE_ERRORS, first_line, physical_columns, prepare_rules
from tools.checks.rule import CompiledRule

__all__ = ["judge", "run_rules", "sql_rule_query"]


class _Tally(Value):
    """What one rule found in a table of `total` rows; `rows` are the ids of the first violating ones."""

    total: int
    figure: int
    rows: tuple[int, ...] = ()


def run_rules(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[CompiledRule],
    *,
    contract: Contract,
    locate: bool = True,
    limit: int = 5,
) -> tuple[CheckResult, ...]:
    """Return the verdict on every trusted rule, in the order given; untrusted ones are the caller's to run and judge.

    Every violation is counted; the first `limit` of each broken rule are located. A rule whose SQL fails is judged as
    not checkable and stops no other.
    """
    ready = prepare_rules(connection, [rule for rule in rules if not rule.untrusted])
    results: dict[str, CheckResult] = {}
    for table in dict.fromkeys(rule.table for rule in ready):
        mine = [rule for rule in ready if rule.table == table]
        results |= _run_table(connection, mine, contract, limit if locate else 0)
    return tuple(results[rule.id] for rule in ready)


def sql_rule_query(rule: CompiledRule) -> str:
    """Return the SQL text of a rule written in SQL, placeholders filled: one SELECT that has not been guarded yet.

    Raises:
        UntrustedSqlError: the rule holds no SQL of the contract.

    """
    if rule.query is None:
        raise UntrustedSqlError("the rule holds no SQL of the contract", where=rule.id)
    return rule.query


def _run_table(
    connection: duckdb.DuckDBPyConnection, rules: list[CompiledRule], contract: Contract, limit: int
) -> dict[str, CheckResult]:
    results: dict[str, CheckResult] = {}
    tallies: dict[str, _Tally] = {}
    by_id = {rule.id: rule for rule in rules}
    for rule in rules:
        if rule.unsupported:
            results[rule.id] = unchecked(rule, rule.unsupported)
        elif rule.physical is not None:
            columns = physical_columns(connection, rule.relation.name(rule.table))
            results[rule.id] = judge_physical(rule, columns if isinstance(columns, dict) else {})
    for group in _scans(rule for rule in rules if rule.id not in results):
        for rule_id, outcome in _tally(connection, group, limit).items():
            if isinstance(outcome, str):
                results[rule_id] = unchecked(by_id[rule_id], outcome)
            else:
                tallies[rule_id] = outcome
    results |= {rule_id: _judged(by_id[rule_id], tally) for rule_id, tally in tallies.items()}
    return results | _located(connection, by_id, contract, tallies, results)


def _judged(rule: CompiledRule, tally: _Tally) -> CheckResult:
    return judge(rule, tally.figure) if rule.measure else judge_count(rule, tally.figure, tally.total)


def _located(
    connection: duckdb.DuckDBPyConnection,
    rules: dict[str, CompiledRule],
    contract: Contract,
    tallies: dict[str, _Tally],
    results: dict[str, CheckResult],
) -> dict[str, CheckResult]:
    """Return the results of broken rules with their locators."""
    broken = {rule_id: (rules[rule_id], tally.rows) for rule_id, tally in tallies.items() if results[rule_id].count}
    if not broken:
        return {}
    table = contract.table(next(iter(rules.values())).table)
    located = locate_violations(connection, table, broken)
    return {rule_id: results[rule_id].model_copy(update={"locators": found}) for rule_id, found in located.items()}


def _scans(rules: Iterable[CompiledRule]) -> list[list[CompiledRule]]:
    """Return the rules that share the table's one scan, then each with a sub-query by itself."""
    together: list[CompiledRule] = []
    alone: list[list[CompiledRule]] = []
    for rule in rules:
        if rule.alone:
            alone.append([rule])
        else:
            together.append(rule)
    return [together, *alone] if together else alone


def _tally(connection: duckdb.DuckDBPyConnection, rules: list[CompiledRule], limit: int) -> dict[str, _Tally | str]:
    """Return what each rule found, or why its SQL failed; halves are tried apart until the fault stands alone."""
    try:
        if rules[0].alone:
            return {rules[0].id: _across(connection, rules[0], limit)}
        return dict(_scan(connection, rules, limit))
    except RULE_ERRORS as error:
        if len(rules) == 1:
            return {rules[0].id: first_line(error)}
    middle = len(rules) // 2
    return _tally(connection, rules[:middle], limit) | _tally(connection, rules[middle:], limit)


def _scan(connection: duckdb.DuckDBPyConnection, rules: list[CompiledRule], limit: int) -> dict[str, _Tally]:
    figures = ", ".join(rule.measure or f"count(*) filter (where {rule.violation})" for rule in rules)
    firsts = ", ".join(_first_rows(rule, limit) for rule in rules)
    source = rules[0].relation.name(rules[0].table)
    row = connection.execute(f"select count(*), {figures}, {firsts} from {source} t").fetchall()[0]
    total, found, rows = row[0], row[1 : len(rules) + 1], row[len(rules) + 1 :]
    return {
        rule.id: _Tally(total=total, figure=figure, rows=tuple(ids or ()))
        for rule, figure, ids in zip(rules, found, rows, strict=True)
    }


def _first_rows(rule: CompiledRule, limit: int) -> str:
    """Return an aggregate of the ids of the first violating rows: a list of at most `limit`."""
    if not limit or rule.violation is None:
        return "null"
    return f"min(t._row, {limit}) filter (where {rule.violation})"


def _across(connection: duckdb.DuckDBPyConnection, rule: CompiledRule, limit: int) -> _Tally:
    source = rule.relation.name(rule.table)
    violations = f"(select count(*) from {source} t where {rule.violation})"
    query = f"select (select count(*) from {source} t), {rule.count or violations}"
    total, count = connection.execute(query).fetchall()[0]
    if not count or not limit:
        return _Tally(total=total, figure=count)
    rows = connection.execute(f"select min(t._row, {limit}) from {source} t where {rule.violation}").fetchall()[0][0]
    return _Tally(total=total, figure=count, rows=tuple(rows or ()))
