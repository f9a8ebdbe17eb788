"""Step `resolve`: decide what values outside their list become, and keep the answers in the value map."""

import json

import duckdb

from nodes.decide import decide
from nodes.decisions.value_resolution import VALUE_RESOLUTION
from nodes.steps.mapping import landed_tables
from nodes.steps.work import Outcome, Work
from state.contract import Column, Contract, LogicalType, RepairScope, Table
from state.decisions import Decision
from state.resolution import ResolutionEvidence, Resolutions
from tools.conform.witness_rows import ValidList
from tools.conform.witnesses import gather_resolution_evidence
from tools.ledger import Receipt, once, record_decisions


def resolve_lists(connection: duckdb.DuckDBPyConnection, work: Work) -> Outcome:
    """Decide and record what the unknown values of each column with a list become."""

    def effect() -> Receipt:
        resolved = unresolved = 0
        connection.execute("delete from ops.value_map where table_name = ?", [work.table.name])
        for column, valid in listed_columns(work.contract, work.table):
            answer = _resolve(connection, work, column, valid)
            resolved += sum(1 for value in answer.values if value.resolved is not None)
            unresolved += sum(1 for value in answer.values if value.resolved is None)
        return {"resolved": resolved, "unresolved": unresolved}

    receipt = once(connection, work.step.step_id, effect)
    detail = f"{receipt['resolved']} values resolved, {receipt['unresolved']} left as they are"
    return Outcome(rows=int(receipt["resolved"]), detail=detail)


def listed_columns(contract: Contract, table: Table) -> tuple[tuple[Column, ValidList], ...]:
    """Return the text columns whose values must come from a list and may be repaired, with that list."""
    known = {other.name for other in contract.tables} - {table.name}
    related = {
        relationship.columns[0]: relationship
        for relationship in table.relationships
        if len(relationship.columns) == 1 and relationship.to_table in known
    }
    found = []
    for column in table.columns:
        if column.logical_type is not LogicalType.STRING or column.repair is RepairScope.NEVER:
            continue
        if column.valid_values:
            found.append((column, ValidList(values=tuple(str(value) for value in column.valid_values))))
        elif column.name in related:
            target = related[column.name]
            found.append((column, ValidList(relation=f'live."{target.to_table}"', column=target.to_columns[0])))
    return tuple(found)


def _resolve(connection: duckdb.DuckDBPyConnection, work: Work, column: Column, valid: ValidList) -> Resolutions:
    sources = landed_tables(connection, work.table.name, work.intake)
    if not any(column.name in source.fields for source in sources):
        return Resolutions(table=work.table.name, column=column.name, values=())
    evidence = gather_resolution_evidence(
        connection, table=work.table.name, column=column.name, valid=valid, sources=sources
    )
    answer, decisions = decide(VALUE_RESOLUTION, evidence)
    record_decisions(connection, decisions)
    _keep(connection, evidence, answer, decisions)
    return answer


def _keep(
    connection: duckdb.DuckDBPyConnection,
    evidence: ResolutionEvidence,
    answer: Resolutions,
    decisions: tuple[Decision, ...],
) -> None:
    rows = [
        [
            evidence.table,
            evidence.column,
            value.value,
            value.resolved,
            value.operator,
            decision.decision_id,
            json.dumps([vote.model_dump() for vote in value.votes]),
            value.confidence,
        ]
        for value, decision in zip(answer.values, decisions, strict=True)
        if value.resolved is not None
    ]
    if rows:
        connection.executemany("insert into ops.value_map values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
