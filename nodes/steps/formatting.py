"""Step `format`: the council on formats decides how the text of every column is read as its type."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import duckdb

from algorithms.adopted_names import rule_of
from algorithms.format_context import with_context
from algorithms.formats import decide_format
from algorithms.mapping_tally import Counting
from algorithms.rereading import amended_format
from nodes.decide import checked, decide
from nodes.decisions.value_format import VALUE_FORMAT
from nodes.format_council import hear
from nodes.steps.foreseeing import foresee
from nodes.steps.mapping import landed_tables
from nodes.steps.work import Outcome, Work
from state.contract import Column, LogicalType
from state.formats import FormatContext, FormatEvidence, ValueFormat
from state.plans import Proof
from tools.conform.evidence import gather_format_evidence
from tools.conform.landed import LandedColumn
from tools.conform.witness_rows import LandedTable
from tools.ledger import Receipt, find_receipt, once, record_decisions
from tools.proofs import proof_of
from tools.proving import canonical_evidence
from tools.recovery import amendments_of

AS_WRITTEN, COUNTING_THE_REST = "as_written", "counting_the_rest"
"""Ways to decide that rely on what was proved."""


def choose_formats(connection: duckdb.DuckDBPyConnection, work: Work) -> Outcome:
    """Decide and record the format of each column that has a source, on as much evidence as the plan says.

    Nothing is counted of columns that were proved canonical: they leave nothing to decide.
    """

    def effect() -> Receipt:
        judge, evidences, answers = work.judge(connection), dict[str, FormatEvidence](), dict[str, ValueFormat]()
        counting = Counting(work.context.patterns.council)
        point = replace(VALUE_FORMAT, expert=partial(decide_format, counting=counting, hear=hear))
        for evidence in _in_context(connection, work):
            value_format, decisions = decide(point, evidence, judge)
            if evidence.logical_type is not LogicalType.STRING:
                record_decisions(connection, decisions, step_id=work.step.step_id)
            evidences[evidence.column], answers[evidence.column] = evidence, value_format
        foresee(connection, work, evidences, answers, partial(landed_columns, connection, work))
        amendments = amendments_of(connection, work.table.name)
        amended = (
            checked(VALUE_FORMAT, evidences[name], amended_format(answers[name], amendments)) for name in answers
        )
        return {"formats": [value_format.model_dump(mode="json") for value_format in amended]}

    receipt = once(connection, work.step.step_id, effect)
    return Outcome(rows=0, detail=f"{len(receipt['formats'])} columns")


def _in_context(connection: duckdb.DuckDBPyConnection, work: Work) -> tuple[FormatEvidence, ...]:
    """Return the evidence on each column with what is known besides its own texts."""
    headers = {
        column.name: [landed.header for landed in landed_columns(connection, work, column)]
        for column in work.table.columns
        if column.logical_type is not LogicalType.STRING
    }
    rules = {
        column.name: rule_of(column, headers.get(column.name, ())) for column in work.table.columns if column.standing
    }
    adopted = {
        name: FormatContext(adopted=rule.readings, adopted_in=rule.runs)
        for name, rule in rules.items()
        if rule.readings
    }
    return with_context(tuple(_evidence(connection, work)), headers, adopted)


def _evidence(connection: duckdb.DuckDBPyConnection, work: Work) -> Iterator[FormatEvidence]:
    """Yield the evidence on each column that has a source, in the order of the contract."""
    relying = work.step.how in (AS_WRITTEN, COUNTING_THE_REST)
    proof = proof_of(connection, work.table.name) if relying else Proof()
    fed = [(column, landed_columns(connection, work, column)) for column in work.table.columns]
    rest = [each for each in fed if each[1] and each[0].name not in proof.canonical]
    counted = {found.column: found for found in gather_format_evidence(connection, work.table, rest)}
    for column, landed in fed:
        if column.name in proof.canonical:
            yield canonical_evidence(work.table.name, column, rows=proof.rows, filled=proof.canonical[column.name])
        elif landed:
            yield counted[column.name]


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
