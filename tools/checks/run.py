"""Running compiled rules: a table's rules on single rows in one scan, then the first violations of what is broken."""

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
    """What one rule measured or counted in a table of `total` rows."""

    total: int
    figure: int


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
    results = {rule.id: unchecked(rule, rule.unsupported) for rule in rules if rule.unsupported}
    results |= _judge_physical(connection, [rule for rule in rules if rule.physical and not rule.unsupported])
    for group in _scans(rule for rule in rules if rule.id not in results):
        tallies = _tally(connection, group)
        results |= {rule.id: _judged(rule, tallies[rule.id]) for rule in group}
    broken = [rule for rule in rules if rule.violation and results[rule.id].count]
    if broken and limit:
        located = locate_violations(connection, contract.table(broken[0].table), broken, limit)
        results |= {rule: results[rule].model_copy(update={"locators": found}) for rule, found in located.items()}
    return results


def _judge_physical(connection: duckdb.DuckDBPyConnection, rules: list[CompiledRule]) -> dict[str, CheckResult]:
    if not rules:
        return {}
    columns = physical_columns(connection, rules[0].relation.name(rules[0].table))
    return {rule.id: judge_physical(rule, columns if isinstance(columns, dict) else {}) for rule in rules}


def _judged(rule: CompiledRule, tally: _Tally | str) -> CheckResult:
    if isinstance(tally, str):
        return unchecked(rule, tally)
    return judge(rule, tally.figure) if rule.measure else judge_count(rule, tally.figure, tally.total)


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


def _tally(connection: duckdb.DuckDBPyConnection, rules: list[CompiledRule]) -> dict[str, _Tally | str]:
    """Return what each rule found, or why its SQL failed; halves are tried apart until the fault stands alone."""
    try:
        return dict(_scan(connection, rules))
    except RULE_ERRORS as error:
        if len(rules) == 1:
            return {rules[0].id: first_line(error)}
    middle = len(rules) // 2
    return _tally(connection, rules[:middle]) | _tally(connection, rules[middle:])


def _scan(connection: duckdb.DuckDBPyConnection, rules: list[CompiledRule]) -> dict[str, _Tally]:
    source = rules[0].relation.name(rules[0].table)
    figures = ", ".join(_figure(rule, source) for rule in rules)
    total, *found = connection.execute(f"select count(*), {figures} from {source} t").fetchall()[0]
    return {rule.id: _Tally(total=total, figure=figure) for rule, figure in zip(rules, found, strict=True)}


def _figure(rule: CompiledRule, source: str) -> str:
    """Return an aggregate or a scalar sub-query; COUNT_IF over no row is null, a filtered count is 0."""
    if rule.measure or rule.count:
        return rule.measure or rule.count or ""
    if rule.alone:
        return f"(select count(*) from {source} t where {rule.violation})"
    return f"count(*) filter (where {rule.violation})"
