"""The figures of a table that failed its verification: which rules its rows break, how many, and in which files."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import duckdb

from algorithms.impossible_rules import impossible_rules
from state.checks import CheckResult, Verdict
from state.contract import Contract, LogicalType, Table
from state.recovery import Allowance, FailedRule, QualityMetrics, Standing
from state.run import TableAccount
from tools.checks.compile import compile_rules
from tools.checks.prepare import prepare_rules
from tools.checks.rule import CompiledRule
from tools.checks.threshold import compare
from tools.intake import Intake
from tools.sql.quote import ident, literal
from tools.workspace import is_staged, operator_name, row_file

_REJECTS = "reject"
_NOT_OF_ROWS = frozenset({"maxQuarantine", "rowCount", "drift", "mapping"})


def measure_failure(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    table: Table,
    intake: Intake,
    results: Sequence[CheckResult],
    account: TableAccount,
) -> QualityMetrics:
    """Return the figures of a table's failed checks and of its rows in quarantine, without any alternative."""
    mine = [result for result in results if result.table == table.name]
    rules = {rule.id: rule for rule in prepare_rules(connection, _trusted(contract, table))}
    failed = [_of_check(connection, result, rules.get(result.rule)) for result in mine if result.blocking]
    failed += _set_aside(connection, table, rules) + _rejected(connection, table, intake)
    files = intake.table_files.get(table.name, ())
    blocking = {rule.rule for rule in failed if rule.blocking} | {rule.column for rule in failed if rule.blocking}
    impossible = impossible_rules(table, account.rows_read)
    return QualityMetrics(
        table=table.name,
        rows_read=account.rows_read,
        rows_quarantined=account.rows_quarantined,
        failed=tuple(failed),
        file_rows=_landed(connection, files),
        variants=dict(intake.variants_of(table.name)),
        impossible=tuple(each.why for each in impossible if _shows(each.rule, each.column, failed, blocking)),
        allowance=Allowance(
            on_violation=table.on_violation,
            max_quarantine=table.max_quarantine,
            relaxed_quarantine=table.relaxed_quarantine,
            conforming=not table.derived,
        ),
    )


def standing_of(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    results: Iterable[CheckResult],
    accounts: dict[str, TableAccount],
    table_files: Mapping[str, Sequence[int]],
) -> Standing:
    """Return how good the staged tables are by their checks and books; `table_files`: which files feed a table."""
    lines = dict(connection.execute("select file_id, lines from land.files").fetchall())
    return Standing(
        failing={result.rule: result.count for result in results if result.blocking},
        rows_read={name: account.rows_read for name, account in accounts.items()},
        rows_merged={name: account.rows_merged for name, account in accounts.items()},
        quarantined={name: account.rows_quarantined for name, account in accounts.items()},
        unreadable={
            name: count
            for table in contract.tables
            if is_staged(connection, table.name)
            for name, count in _unreadable(connection, table).items()
        },
        lines={name: sum(lines.get(file_id, 0) for file_id in files) for name, files in table_files.items()},
        refused={name: account.rejects for name, account in accounts.items()},
        derived=tuple(name for name, account in accounts.items() if account.derived),
    )


def _trusted(contract: Contract, table: Table) -> list[CompiledRule]:
    return [rule for rule in compile_rules(contract, table) if not rule.untrusted]


def _shows(rule: str, column: str | None, failed: Sequence[FailedRule], blocking: set[str | None]) -> bool:
    """Return whether an impossible rule is among what fails, or is why rows are in quarantine where that fails."""
    too_many = any(each.kind == "maxQuarantine" for each in failed)
    aside = {each.column for each in failed if too_many and each.rows}
    return rule in blocking or (column is not None and column in blocking | aside)


def _of_check(connection: duckdb.DuckDBPyConnection, result: CheckResult, rule: CompiledRule | None) -> FailedRule:
    rows = bool(rule and rule.violation and not rule.unsupported and result.result is Verdict.FAILED)
    none_left = bool(rule and rows and (not rule.operator or compare(0, rule.operator, rule.threshold).met))
    return FailedRule(
        rule=result.rule,
        kind=result.kind,
        column=result.column,
        rows=result.count,
        files=_by_file(connection, rule) if rule and rows else {},
        blocking=True,
        settled_by_rows=none_left and result.kind not in _NOT_OF_ROWS,
        checked=result.result is not Verdict.ERROR,
        detail=result.detail,
    )


def _by_file(connection: duckdb.DuckDBPyConnection, rule: CompiledRule) -> dict[int, int]:
    file = row_file("t._row")
    query = f"select {file}, count(*) from {rule.relation.name(rule.table)} t where {rule.violation} group by 1"
    return dict(connection.execute(query).fetchall())


def _set_aside(connection: duckdb.DuckDBPyConnection, table: Table, rules: dict[str, CompiledRule]) -> list[FailedRule]:
    """Return the reasons rows of the table are in quarantine for."""
    counted: dict[str, dict[int, int]] = defaultdict(dict)
    for rule, file_id, rows in connection.execute(
        f"select rule, {row_file('_row')}, count(distinct _row) from ops.quarantine where table_name = ? "
        "group by 1, 2 order by 1, 2",
        [table.name],
    ).fetchall():
        counted[rule][file_id] = rows
    found = []
    for name, files in counted.items():
        rule = rules.get(name)
        kind = rule.kind if rule else name.removeprefix(f"{table.name}.")
        column = rule.column if rule else None
        rows = sum(files.values())
        found.append(FailedRule(rule=name, kind=kind, column=column, rows=rows, files=files, blocking=False))
    return found


def _rejected(connection: duckdb.DuckDBPyConnection, table: Table, intake: Intake) -> list[FailedRule]:
    """Return the lines that could not be read as records."""
    files = dict(
        connection.execute(
            "select file_id, rejects from land.files where rejects > 0 and list_contains(?::integer[], file_id)",
            [list(intake.table_files.get(table.name, ()))],
        ).fetchall()
    )
    if not files:
        return []
    rule = f"{table.name}.{_REJECTS}"
    return [FailedRule(rule=rule, kind=_REJECTS, column=None, rows=sum(files.values()), files=files, blocking=False)]


def _landed(connection: duckdb.DuckDBPyConnection, files: Sequence[int]) -> dict[int, int]:
    return dict(
        connection.execute(
            "select file_id, records + rejects from land.files where list_contains(?::integer[], file_id) order by 1",
            [list(files)],
        ).fetchall()
    )


def _unreadable(connection: duckdb.DuckDBPyConnection, table: Table) -> dict[str, int]:
    """Return the values that could not be read as their type, by column; of text there are none."""
    columns = [column for column in table.columns if column.logical_type is not LogicalType.STRING]
    if not columns:
        return {}
    counts = ", ".join(
        f"count(*) filter (where {ident(operator_name(c.name))} = {literal('unreadable')})" for c in columns
    )
    row = connection.execute(f"select {counts} from stage.{ident(table.name)}").fetchall()[0]
    return {f"{table.name}.{column.name}": count for column, count in zip(columns, row, strict=True)}
