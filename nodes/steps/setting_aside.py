"""Steps `dedupe` and `quarantine`: merge or reject rows that share a key, set aside rows that break row-level rules."""

import duckdb

from nodes.steps.mapping import read_mappings
from nodes.steps.work import Outcome, Work
from state.contract import Drift, Table
from tools.checks.compile import compile_rules
from tools.checks.prepare import prepare_rules
from tools.checks.quarantine import violating_rows_sql
from tools.conform.dedupe import dedupe_statements
from tools.ledger import Receipt, once
from tools.sql.quote import literal
from tools.workspace import row_file

_MOST_ROUNDS = 50
"""A self-relationship needs a round per level of its hierarchy; deeper ones are left to verification."""


def dedupe_table(connection: duckdb.DuckDBPyConnection, work: Work) -> Outcome:
    """Merge or reject duplicates by key as the contract says."""

    def effect() -> Receipt:
        for statement in dedupe_statements(work.table):
            connection.execute(statement)
        return {
            "merged": _count(connection, "merged", work.table),
            "rejected": _count(connection, "quarantine", work.table),
        }

    receipt = once(connection, work.step.step_id, effect)
    detail = f"{receipt['merged']} rows merged, {receipt['rejected']} rows with a clashing key quarantined"
    return Outcome(rows=int(receipt["merged"]), detail=detail)


def quarantine_table(connection: duckdb.DuckDBPyConnection, work: Work) -> Outcome:
    """Set aside the rows that break a row-level rule of severity error."""

    def effect() -> Receipt:
        if work.table.drift is Drift.DISCARD_ROW and not work.table.derived:
            _discard_drifted(connection, work)
        rules = compile_rules(work.contract, work.table)
        for _ in range(_MOST_ROUNDS):
            before = _count(connection, "quarantine", work.table)
            violating = violating_rows_sql(prepare_rules(connection, rules), work.table)
            connection.execute(f"insert into ops.quarantine select {literal(work.table.name)}, * from ({violating})")
            if not _refers_to_itself(work.table) or _count(connection, "quarantine", work.table) == before:
                break
        return {"rows": _count(connection, "quarantine", work.table)}

    receipt = once(connection, work.step.step_id, effect)
    return Outcome(rows=int(receipt["rows"]), detail=f"{receipt['rows']} rows quarantined")


def _refers_to_itself(table: Table) -> bool:
    return any(relationship.to_table == table.name for relationship in table.relationships)


def _discard_drifted(connection: duckdb.DuckDBPyConnection, work: Work) -> None:
    """Set aside rows with a value in a column the contract does not know."""
    name = literal(work.table.name)
    files = dict(work.intake.variants_of(work.table.name))
    for mapping in read_mappings(connection, work.table.name):
        columns = work.intake.inventory.variant(mapping.variant_id).columns
        fields = [f"c{columns.index(source)} is not null" for source in mapping.unmapped_sources]
        if fields:
            ids = ", ".join(str(file_id) for file_id in files[mapping.variant_id])
            connection.execute(
                f"insert into ops.quarantine select {name}, _row, {literal(work.table.name + '.drift')}, "
                f"'a value in a column the contract does not know' from land.{mapping.variant_id} "
                f"where ({' or '.join(fields)}) and {row_file('_row')} in ({ids})"
            )


def _count(connection: duckdb.DuckDBPyConnection, side: str, table: Table) -> int:
    row = connection.execute(
        f"select count(distinct _row) from ops.{side} where table_name = {literal(table.name)}"
    ).fetchone()
    return int(row[0]) if row else 0
