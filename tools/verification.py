"""Running all rules of a contract on the staged tables, and judging what no rule of the file says in words."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from state.checks import CheckResult, Verdict
from state.contract import Contract, Drift, OnViolation, Severity, Table
from state.errors import ResourceError, UntrustedSqlError
from state.mapping import ColumnMapping
from state.recovery import Threshold
from state.run import TableAccount
from tools.checks.compile import compile_rules
from tools.checks.judge import judge, unchecked
from tools.checks.rule import CompiledRule, Relation, counted
from tools.checks.run import run_rules, sql_rule_query
from tools.checks.sourced import judge_mapping, judge_rejects
from tools.contract.order import source_edges
from tools.files import write_durably
from tools.intake import Intake
from tools.ledger import find_receipt
from tools.sql.guard import guard_query
from tools.sql.sandbox import Row, SandboxLimits, Statement, lock_engine, run_statements
from tools.workspace import open_workspace

CHECKS_FILE = "checks.json"


def run_contract_rules(
    folder: Path, contract: Contract, *, limits: SandboxLimits, plain: frozenset[str] = frozenset()
) -> tuple[CheckResult, ...]:
    """Return the verdict on every rule of every table; SQL of the contract runs in a process of its own.

    The tables named in `plain` were not conformed here: their columns' types are judged as they are.
    """
    rules = {
        table.name: compile_rules(contract, table, Relation(conformed=table.name not in plain))
        for table in contract.tables
    }
    results: dict[str, CheckResult] = {}
    with open_workspace(folder, threads=limits.threads, memory=limits.memory, alone=True) as connection:
        lock_engine(connection, allowed=[folder])  # the rules hold patterns and values of the contract
        for table in contract.tables:
            trusted = tuple(rule for rule in rules[table.name] if not rule.untrusted)
            results |= {result.rule: result for result in run_rules(connection, trusted, contract=contract)}
    untrusted = [rule for table in contract.tables for rule in rules[table.name] if rule.untrusted]
    results |= _run_untrusted(folder, untrusted, [table.name for table in contract.tables], limits)
    return tuple(results[rule.id] for table in contract.tables for rule in rules[table.name])


def _run_untrusted(
    folder: Path, rules: Sequence[CompiledRule], tables: list[str], limits: SandboxLimits
) -> dict[str, CheckResult]:
    """Return the verdicts by rule; one process for all, and one for each where any cannot be checked."""
    if len(rules) > 1:
        together = limits.model_copy(update={"seconds": limits.seconds * len(rules)})
        try:
            queries = [_guarded(rule, tables) for rule in rules]
            answers = run_statements(folder, queries, limits=together)
        except (UntrustedSqlError, ResourceError):
            pass  # which of them fails shows below
        else:
            return {rule.id: _verdict(rule, rows) for rule, rows in zip(rules, answers, strict=True)}
    return {rule.id: _run_alone(folder, rule, tables, limits) for rule in rules}


def _guarded(rule: CompiledRule, tables: list[str]) -> Statement:
    guarded = guard_query(sql_rule_query(rule), tables=tables, where=rule.id)
    return Statement(sql=guarded.sql, fetch=True, where=rule.id)


def _run_alone(folder: Path, rule: CompiledRule, tables: list[str], limits: SandboxLimits) -> CheckResult:
    try:
        return _verdict(rule, run_statements(folder, [_guarded(rule, tables)], limits=limits)[0])
    except (UntrustedSqlError, ResourceError) as error:
        return CheckResult(
            rule=rule.id,
            kind=rule.kind,
            table=rule.table,
            column=rule.column,
            severity=rule.severity,
            result=Verdict.ERROR,
            count=0,
            expected=rule.expected,
            detail=f"could not be checked: {error.line()}",
        )


def _verdict(rule: CompiledRule, rows: Sequence[Row]) -> CheckResult:
    if len(rows) != 1 or len(rows[0]) != 1:
        values = len(rows[0]) if rows else 0
        shape = counted(len(rows), "row") if len(rows) != 1 else counted(values, "value")
        return unchecked(rule, f"the query returned {shape}, one value is needed")
    return judge(rule, rows[0][0])


def judge_drift(connection: duckdb.DuckDBPyConnection, contract: Contract, intake: Intake) -> tuple[CheckResult, ...]:
    """Return three verdicts a source-fed table on what fed it.

    These are on columns the contract does not know, on columns without a source, and on what is no record.
    """
    results = []
    for table in contract.tables:
        if table.derived:
            continue
        receipt = find_receipt(connection, f"map:{table.name}") or {}
        mappings = [ColumnMapping.model_validate(mapping) for mapping in receipt.get("mappings", ())]
        unknown = sorted({source for mapping in mappings for source in mapping.unmapped_sources})
        results += [
            _drift_result(table, unknown, len(intake.variants_of(table.name))),
            judge_mapping(table, mappings),
            judge_rejects(table, _rejects(connection, intake.table_files.get(table.name, ()))),
        ]
    return tuple(results)


def _rejects(connection: duckdb.DuckDBPyConnection, files: Sequence[int]) -> int:
    row = connection.execute(
        "select coalesce(sum(rejects), 0) from land.files where list_contains(?::integer[], file_id)", [list(files)]
    ).fetchone()
    return int(row[0]) if row else 0


def _drift_result(table: Table, unknown: list[str], variants: int) -> CheckResult:
    verdict = Verdict.PASSED
    if unknown:
        verdict = Verdict.FAILED if table.drift is Drift.FREEZE else Verdict.WARNING
    return CheckResult(
        rule=f"{table.name}.drift",
        kind="drift",
        table=table.name,
        column=None,
        severity=Severity.ERROR if table.drift is Drift.FREEZE else Severity.WARNING,
        result=verdict,
        count=len(unknown),
        expected=f"no columns beside the contract's (millwright.drift is {table.drift.value})",
        detail=f"{len(unknown)} columns in {variants} header variants: {', '.join(unknown[:20])}" if unknown else "",
    )


def judge_quarantine(
    contract: Contract, accounts: Mapping[str, TableAccount], raised: Mapping[str, Threshold] | None = None
) -> tuple[CheckResult, ...]:
    """Return one verdict a table on the share of rows in quarantine; no row may be where any violation fails it.

    `raised` has the thresholds that a recovery raised as the contract allows, by rule.
    """
    results = []
    for table in contract.tables:
        account = accounts[table.name]
        strict = table.on_violation is OnViolation.FAIL
        rule = f"{table.name}.maxQuarantine"
        other = (raised or {}).get(rule)
        most = 0.0 if strict else other.after if other else table.max_quarantine
        too_many = account.quarantine_share > most
        expected = "no row" if strict else f"at most {100 * most:.6g}% of the rows"
        expected += f" (raised from {100 * other.before:.6g}% as {other.property_name} allows)" if other else ""
        results.append(
            CheckResult(
                rule=rule,
                kind="maxQuarantine",
                table=table.name,
                column=None,
                severity=Severity.ERROR,
                result=Verdict.FAILED if too_many else Verdict.PASSED,
                count=account.rows_quarantined if too_many else 0,
                measured=account.quarantine_share,
                expected=f"{expected} in quarantine",
                detail=f"{account.rows_quarantined} of {account.rows_read} rows" if too_many else "",
            )
        )
    return tuple(results)


def reasons_not_met(results: Sequence[CheckResult]) -> tuple[str, ...]:
    """Return why the contract is not met, one line a blocking result; that a table is empty follows from others."""
    blocking = sorted((result for result in results if result.blocking), key=_is_symptom)
    return tuple(_reason(result) for result in blocking)


def _is_symptom(result: CheckResult) -> bool:
    return result.rule == f"{result.table}.notEmpty"


def _reason(result: CheckResult) -> str:
    if result.result is Verdict.ERROR:
        return f"{result.rule}: {result.detail or 'could not be checked'}"
    expected = f", expected {result.expected}" if result.expected else ""
    detail = f" ({result.detail})" if result.detail else ""
    return f"{result.rule}: {counted(result.count, 'violation')}{expected}{detail}"


def deliverable(contract: Contract, results: tuple[CheckResult, ...]) -> tuple[str, ...]:
    """Return the tables without a blocking result whose every dependency has none either.

    Relationships that form a cycle count here, though they do not for the order in which tables are made.
    """
    good = {table.name for table in contract.tables} - {result.table for result in results if result.blocking}
    sources = source_edges(contract)
    needs = {
        table.name: sources[table.name] | {each.to_table for each in table.relationships} & set(sources)
        for table in contract.tables
    }
    while dropped := {name for name in good if not needs[name] <= good}:
        good -= dropped
    return tuple(table.name for table in contract.tables if table.name in good)


def write_checks(folder: Path, results: tuple[CheckResult, ...]) -> Path:
    """Write all verdicts durably as a JSON list and return its path."""
    path = folder / CHECKS_FILE
    content = json.dumps([result.model_dump(mode="json") for result in results], ensure_ascii=False)
    write_durably(path, content.encode())
    return path


def read_checks(folder: Path) -> tuple[CheckResult, ...]:
    """Return all verdicts; empty before verification."""
    path = folder / CHECKS_FILE
    if not path.is_file():
        return ()
    return tuple(CheckResult.model_validate(item) for item in json.loads(path.read_text()))
