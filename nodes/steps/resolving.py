"""Step `resolve`: decide what values outside their list become, and keep the answers in the value map."""

import json
from collections.abc import Iterator, Mapping, Sequence

import duckdb

from algorithms.adopted_names import rule_of
from nodes.decide import decide
from nodes.decisions.value_resolution import VALUE_RESOLUTION
from nodes.steps.formatting import landed_columns
from nodes.steps.mapping import landed_tables
from nodes.steps.marking import RESOLVING, resolution_marks
from nodes.steps.work import Outcome, Work
from state.contract import Column, Contract, LogicalType, RepairScope, Table
from state.decisions import Decision
from state.resolution import ResolutionEvidence, Resolutions, ValueResolution
from tools.conform.witness_rows import ValidList
from tools.conform.witnesses import gather_resolution_evidence
from tools.ledger import Receipt, find_receipt, once, record_decisions
from tools.marks import leave_marks


def resolve_lists(connection: duckdb.DuckDBPyConnection, work: Work) -> Outcome:
    """Decide and record what the unknown values of each column with a list become."""

    def effect() -> Receipt:
        connection.execute("delete from ops.value_map where table_name = ?", [work.table.name])
        answers = [
            answer
            for column, valid in listed_columns(work.contract, work.table)
            if (answer := _resolve(connection, work, column, valid)) is not None
        ]
        leave_marks(connection, RESOLVING, work.table.name, resolution_marks(work.table.name, answers))
        return resolve_receipt(answers)

    receipt = once(connection, work.step.step_id, effect)
    detail = f"{receipt['resolved']} values resolved, {receipt['unresolved']} left as they are"
    return Outcome(rows=int(receipt["resolved"]), detail=detail)


def resolve_receipt(answers: Sequence[Resolutions]) -> Receipt:
    """Return the receipt of the step: the counts, and every answer."""
    values = [value for answer in answers for value in answer.values]
    resolved = sum(1 for value in values if value.resolved is not None)
    told = [answer.model_dump(mode="json") for answer in answers]
    return {"resolved": resolved, "unresolved": len(values) - resolved, "answers": told}


def read_resolutions(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Resolutions]:
    """Return the answers for a table by column; empty before the step was done."""
    receipt = find_receipt(connection, f"resolve:{table}")
    answers = [Resolutions.model_validate(answer) for answer in (receipt or {}).get("answers", ())]
    return {answer.column: answer for answer in answers}


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


def resolution_evidence(
    connection: duckdb.DuckDBPyConnection, work: Work, column: Column, valid: ValidList
) -> ResolutionEvidence | None:
    """Return what the unknown values of a column are decided on; None when nothing feeds it."""
    sources = landed_tables(connection, work.table.name, work.intake)
    if not any(column.name in source.fields for source in sources):
        return None
    evidence = gather_resolution_evidence(
        connection, table=work.table.name, column=column.name, valid=valid, sources=sources
    )
    if not column.standing:
        return evidence
    rule = rule_of(column, [landed.header for landed in landed_columns(connection, work, column)])
    return evidence.model_copy(update={"adopted": rule.values, "adopted_in": rule.runs})


def _resolve(connection: duckdb.DuckDBPyConnection, work: Work, column: Column, valid: ValidList) -> Resolutions | None:
    evidence = resolution_evidence(connection, work, column, valid)
    if evidence is None:
        return None
    answer, decisions = decide(VALUE_RESOLUTION, evidence, work.judge(connection))
    record_decisions(connection, decisions, step_id=work.step.step_id)
    keep_values(connection, answer, {value.value: made.decision_id for value, made in _with(answer, decisions)})
    return answer


def _with(answer: Resolutions, decisions: Sequence[Decision]) -> Iterator[tuple[ValueResolution, Decision]]:
    """Yield each value's answer with its record: the decision point tells them in this order."""
    return zip(answer.values, decisions, strict=True)


def keep_values(connection: duckdb.DuckDBPyConnection, answer: Resolutions, decision_ids: Mapping[str, str]) -> None:
    """Put the answers that `decision_ids` names by value into the value map; one that stays as it is has no entry."""
    rows = [
        [
            answer.table,
            answer.column,
            value.value,
            value.resolved,
            value.operator,
            decision_ids[value.value],
            json.dumps([vote.model_dump() for vote in value.votes]),
            value.confidence,
        ]
        for value in answer.values
        if value.resolved is not None and value.value in decision_ids
    ]
    if rows:
        connection.executemany("insert into ops.value_map values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
