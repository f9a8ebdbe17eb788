"""Steps `dedupe` and `quarantine`: merge or reject rows that share a key, set aside rows that break row-level rules."""

from collections.abc import Sequence

import duckdb

from algorithms.dag import components
from nodes.steps.ruling import settle_remedies, warnings_at_stake
from nodes.steps.work import Outcome, Work
from state.contract import Contract, OnViolation, Table
from state.diagnosis import RemedyKind
from state.plans import StepKind
from tools.checks.compile import compile_rules
from tools.checks.keys import keyless
from tools.checks.prepare import prepare_rules
from tools.checks.quarantine import violating_rows_sql
from tools.checks.rule import CompiledRule
from tools.conform.dedupe import COUNT_BY_HASH, count_by_place, dedupe_statements
from tools.contract.order import references
from tools.ledger import Receipt, find_receipt, once
from tools.proofs import proof_of
from tools.recovery import amendments_of
from tools.sql.quote import ident, literal

_MOST_ROUNDS = 50
"""References in a circle need a round for each level they cascade; deeper ones are left to verification."""

_BETWEEN_ROWS = frozenset({"primaryKey", "unique", "duplicateValues", "relationship"})
"""Kinds of rules that look at other rows: they are judged after duplicates are merged."""


def dedupe_table(connection: duckdb.DuckDBPyConnection, work: Work) -> Outcome:
    """Merge or reject duplicates by key as the contract says; a row that is wrong in itself is set aside before.

    Otherwise a broken latest version of a record would swallow the good one before it, and both be gone.
    """
    rules: tuple[CompiledRule, ...] = ()
    if find_receipt(connection, work.step.step_id) is None and work.table.on_violation is not OnViolation.FAIL:
        every = _rules(connection, work.contract, work.table)
        alone = [rule for rule in every if rule.kind not in _BETWEEN_ROWS]
        rules = prepare_rules(connection, alone)
    warned = prepare_rules(connection, warnings_at_stake(work)) if rules else ()

    def effect() -> Receipt:
        ruled, _ = _settled(connection, work, rules, warned) if rules else ({}, 0)
        before = _count(connection, "quarantine", work.table)
        for statement in dedupe_statements(work.table, _staged_rows(connection, work.table)):
            connection.execute(statement)
        return {
            "merged": _count(connection, "merged", work.table),
            "rejected": _count(connection, "quarantine", work.table) - before,
            **ruled,
        }

    receipt = once(connection, work.step.step_id, effect)
    detail = f"{receipt['merged']} rows merged, {receipt['rejected']} rows with a clashing key quarantined"
    return Outcome(rows=int(receipt["merged"]), detail=detail)


def quarantine_table(connection: duckdb.DuckDBPyConnection, work: Work) -> Outcome:
    """Set aside the rows that break a row-level rule of severity error.

    Tables that refer to each other in a circle are settled together, once all of them are staged: a row set aside in
    one may leave rows of another without what they refer to.
    """
    done = find_receipt(connection, work.step.step_id) is not None
    tables = [] if done else _settled_together(connection, work)
    # Rules are prepared outside the transaction: one that the engine refuses would end it.
    group = [(table, prepare_rules(connection, _open_rules(connection, work.contract, table))) for table in tables]
    ruled_before = find_receipt(connection, f"{StepKind.DEDUPE.value}:{work.table.name}") is not None
    warned = prepare_rules(connection, [] if done or ruled_before else warnings_at_stake(work))
    rounds = _MOST_ROUNDS if len(group) > 1 or _refers_to_itself(work.table) else 1

    def effect() -> Receipt:
        connection.execute(count_by_place(max((_staged_rows(connection, table) for table in tables), default=0)))
        ruled, moved = _settled(connection, work, group[0][1], warned)
        moved += sum(_set_aside(connection, table, rules) for table, rules in group[1:])
        for _ in range(rounds - 1):
            if not moved:
                break
            moved = sum(_set_aside(connection, table, rules) for table, rules in group)
        connection.execute(COUNT_BY_HASH)
        return {"rows": _count(connection, "quarantine", work.table), **ruled}

    receipt = once(connection, work.step.step_id, effect)
    return Outcome(rows=int(receipt["rows"]), detail=f"{receipt['rows']} rows quarantined")


def _settled(
    connection: duckdb.DuckDBPyConnection, work: Work, rules: Sequence[CompiledRule], warned: Sequence[CompiledRule]
) -> tuple[Receipt, int]:
    """Set aside the violating rows of a table, then settle whether that is the right remedy, where it is open.

    Return what belongs into the receipt, and how many rows were set aside at first.
    """
    moved = _set_aside(connection, work.table, rules)
    if not moved and not warned:
        return {}, moved
    ruled = settle_remedies(connection, work, rules, warned)
    if ruled:
        _set_aside(connection, work.table, rules)  # what comes back may break something else
    return ruled, moved


def _open_rules(connection: duckdb.DuckDBPyConnection, contract: Contract, table: Table) -> tuple[CompiledRule, ...]:
    """Return the rules without what deduplication has settled: rules on single rows, and that no key is there twice.

    The latter may also have been proved before anything was done.
    """
    rules = _rules(connection, contract, table)
    if table.on_violation is OnViolation.FAIL:
        return rules
    settled = find_receipt(connection, f"{StepKind.DEDUPE.value}:{table.name}") is not None
    if not settled and not proof_of(connection, table.name).distinct:
        return rules
    left = (rule for rule in rules if not settled or rule.kind in _BETWEEN_ROWS)
    return tuple(keyless(rule) if rule.kind == "primaryKey" else rule for rule in left)


def _rules(connection: duckdb.DuckDBPyConnection, contract: Contract, table: Table) -> tuple[CompiledRule, ...]:
    """Return the rules of a table; those that a recovery named set rows aside, though they allow some violations."""
    amendments = (each for each in amendments_of(connection, table.name) if each.kind is RemedyKind.SET_ASIDE)
    named = {amendment.parameters.get("rule") for amendment in amendments}
    rules = compile_rules(contract, table)
    return tuple(rule.model_copy(update={"quarantines": True}) if rule.id in named else rule for rule in rules)


def _settled_together(connection: duckdb.DuckDBPyConnection, work: Work) -> list[Table]:
    """Return the table, and those of its circle of references whose own quarantine was done before."""
    circle = next(group for group in components(references(work.contract)) if work.table.name in group)
    others = [name for name in circle if find_receipt(connection, f"{StepKind.QUARANTINE.value}:{name}") is not None]
    return [work.table, *(work.contract.table(name) for name in others)]


def _refers_to_itself(table: Table) -> bool:
    return any(relationship.to_table == table.name for relationship in table.relationships)


def _set_aside(connection: duckdb.DuckDBPyConnection, table: Table, rules: Sequence[CompiledRule]) -> int:
    """Quarantine the violating rows of a table and return how many there are more than before."""
    before = _count(connection, "quarantine", table)
    violating = violating_rows_sql(rules, table)
    connection.execute(f"insert into ops.quarantine select {literal(table.name)}, * from ({violating})")
    return _count(connection, "quarantine", table) - before


def _staged_rows(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    return int(connection.execute(f"select count(*) from stage.{ident(table.name)}").fetchall()[0][0])


def _count(connection: duckdb.DuckDBPyConnection, side: str, table: Table) -> int:
    row = connection.execute(
        f"select count(distinct _row) from ops.{side} where table_name = {literal(table.name)}"
    ).fetchone()
    return int(row[0]) if row else 0
