"""Step `format`: decide how the text of every column is read as its type."""

import duckdb

from nodes.decide import decide
from nodes.decisions.value_format import VALUE_FORMAT
from nodes.steps.mapping import landed_tables
from nodes.steps.work import Outcome, Work
from state.contract import Column, LogicalType
from state.formats import FormatEvidence, ValueFormat
from tools.conform.evidence import gather_format_evidence
from tools.conform.landed import LandedColumn
from tools.conform.witness_rows import LandedTable
from tools.ledger import Receipt, find_receipt, once, record_decisions


def choose_formats(connection: duckdb.DuckDBPyConnection, work: Work) -> Outcome:
    """Decide and record the format of each column that has a source."""

    def effect() -> Receipt:
        formats, judge = [], work.judge(connection)
        fed = [(column, landed_columns(connection, work, column)) for column in work.table.columns]
        for evidence in gather_format_evidence(connection, work.table, [each for each in fed if each[1]]):
            value_format, decisions = decide(VALUE_FORMAT, evidence, judge)
            if evidence.logical_type is not LogicalType.STRING:
                record_decisions(connection, decisions)
            formats.append(value_format.model_dump(mode="json"))
        return {"formats": formats}

    receipt = once(connection, work.step.step_id, effect)
    return Outcome(rows=0, detail=f"{len(receipt['formats'])} columns")


def format_evidence(connection: duckdb.DuckDBPyConnection, work: Work, column: Column) -> FormatEvidence | None:
    """Return what the format of a column is decided on; None when nothing feeds it."""
    landed = landed_columns(connection, work, column)
    return gather_format_evidence(connection, work.table, [(column, landed)])[0] if landed else None


def landed_columns(connection: duckdb.DuckDBPyConnection, work: Work, column: Column) -> tuple[LandedColumn, ...]:
    """Return the landed fields that feed a contract column, one a variant."""
    return tuple(
        LandedColumn(
            relation=landed.relation,
            field=landed.fields[column.name],
            file_ids=landed.file_ids,
            header=_header(work, landed, column),
            only_file=landed.only_file,
            sample=landed.sample,
        )
        for landed in landed_tables(connection, work.table.name, work.intake)
        if column.name in landed.fields
    )


def _header(work: Work, landed: LandedTable, column: Column) -> str:
    """Return the name that the source gives the field of a contract column."""
    variant = work.intake.inventory.variant(landed.relation.removeprefix("land."))
    return variant.columns[landed.fields[column.name]]


def read_formats(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, ValueFormat]:
    """Return the formats decided for a table by column; empty before the step was done."""
    receipt = find_receipt(connection, f"format:{table}")
    formats = [ValueFormat.model_validate(item) for item in (receipt or {}).get("formats", ())]
    return {value_format.column: value_format for value_format in formats}
