"""Step `map`: decide for every header variant of a table which source column feeds which contract column."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

import duckdb

from algorithms.learned_mappings import learned_targets
from algorithms.mapping import match_columns, names_decide
from algorithms.mapping_tally import Counting
from algorithms.rereading import amended_mapping
from nodes.decide import DecisionPoint, checked, decide
from nodes.decisions.column_mapping import COLUMN_MAPPING
from nodes.schema_council import Convened, convene
from nodes.steps.marking import MAPPING, mapping_marks
from nodes.steps.work import Outcome, Work
from state.contract import Table
from state.mapping import ColumnMapping, MappingEvidence, SourceColumn
from tools.conform.witness_rows import LandedTable
from tools.intake import Intake
from tools.ledger import Receipt, find_receipt, once, record_decisions
from tools.marks import leave_marks
from tools.profile import describe_targets, profile_landed
from tools.recovery import amendments_of
from tools.sources.in_place import in_place, sample_relation

BY_NAME, BY_NAME_OR_VALUES = "by_name", "by_name_or_values"
"""Ways to map that make no profile where the planner found, or the step finds, that names decide."""


def map_columns(connection: duckdb.DuckDBPyConnection, work: Work) -> Outcome:
    """Decide and record the mapping of each variant, on as much evidence as the plan says."""

    def effect() -> Receipt:
        mappings: list[ColumnMapping] = []
        judge = work.judge(connection)
        amendments = amendments_of(connection, work.table.name)
        for variant_id, files in work.intake.variants_of(work.table.name):
            evidence = _evidence(connection, work, variant_id, files)
            mapping, decisions = decide(_point(work, evidence), evidence, judge)
            record_decisions(connection, decisions, step_id=work.step.step_id)
            amended = checked(COLUMN_MAPPING, evidence, amended_mapping(evidence, mapping, amendments, files))
            mappings.append(amended)
        leave_marks(connection, MAPPING, work.table.name, mapping_marks(work.table.name, mappings))
        return {"mappings": [mapping.model_dump(mode="json") for mapping in mappings]}

    receipt = once(connection, work.step.step_id, effect)
    found = [ColumnMapping.model_validate(mapping) for mapping in receipt["mappings"]]
    drift = sorted({source for mapping in found for source in mapping.unmapped_sources})
    detail = f"{len(found)} header variants" + (f", not in the contract: {', '.join(drift[:5])}" if drift else "")
    return Outcome(rows=0, detail=detail)


def _point(work: Work, evidence: MappingEvidence) -> DecisionPoint[MappingEvidence, ColumnMapping]:
    """Return who answers: the council where names leave something open; without a graph its seats in this process."""
    counting = Counting(work.context.patterns.council)
    if work.composed.council is None or names_decide(evidence):
        return replace(COLUMN_MAPPING, expert=partial(match_columns, counting=counting))
    return replace(COLUMN_MAPPING, expert=partial(_convened, work.composed.council, work))


def _convened(council: Convened, work: Work, evidence: MappingEvidence) -> ColumnMapping:
    return convene(council, work.folder, evidence, work.context)


def _evidence(
    connection: duckdb.DuckDBPyConnection, work: Work, variant_id: str, files: tuple[int, ...]
) -> MappingEvidence:
    if work.step.how in (BY_NAME, BY_NAME_OR_VALUES):
        named = names_evidence(work.table, work.intake, variant_id)
        if names_decide(named):
            return named
    return mapping_evidence(connection, work.table, work.intake, variant_id, files)


def names_evidence(table: Table, intake: Intake, variant_id: str) -> MappingEvidence:
    """Return the names alone: enough where they decide (see `algorithms.mapping.names_decide`)."""
    columns = intake.inventory.variant(variant_id).columns
    return MappingEvidence(
        table=table.name,
        variant_id=variant_id,
        sources=tuple(SourceColumn(name=name, rows=0, filled=0, distinct=0, samples=()) for name in columns),
        targets=describe_targets(table),
    )


def mapping_evidence(
    connection: duckdb.DuckDBPyConnection, table: Table, intake: Intake, variant_id: str, files: tuple[int, ...]
) -> MappingEvidence:
    """Return what the mapping of one header variant is decided on."""
    variant = intake.inventory.variant(variant_id)
    sources = _profile(connection, variant_id, variant.columns, files)
    return MappingEvidence(
        table=table.name,
        variant_id=variant_id,
        sources=sources,
        targets=learned_targets(describe_targets(table), table, variant.fingerprint, sources),
    )


def _profile(
    connection: duckdb.DuckDBPyConnection, variant_id: str, columns: Sequence[str], files: Sequence[int]
) -> tuple[SourceColumn, ...]:
    relation = f"land.{variant_id}"
    sampled = sample_relation(relation) if variant_id in in_place(connection) else relation
    return profile_landed(connection, sampled, columns, file_ids=files)


def read_mappings(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[ColumnMapping, ...]:
    """Return the mappings decided for a table, one a variant; empty before the step was done."""
    receipt = find_receipt(connection, f"map:{table}")
    return tuple(ColumnMapping.model_validate(mapping) for mapping in (receipt or {}).get("mappings", ()))


def landed_tables(connection: duckdb.DuckDBPyConnection, table: str, intake: Intake) -> tuple[LandedTable, ...]:
    """Return the landed variants of a table with the field of every mapped contract column."""
    return landed_by(connection, read_mappings(connection, table), intake)


def landed_by(
    connection: duckdb.DuckDBPyConnection, mappings: Iterable[ColumnMapping], intake: Intake
) -> tuple[LandedTable, ...]:
    """Return the landed variant of each mapping with the field of every contract column that is mapped."""
    views = in_place(connection)
    return tuple(_landed(mapping, intake, viewed=mapping.variant_id in views) for mapping in mappings)


def _landed(mapping: ColumnMapping, intake: Intake, *, viewed: bool) -> LandedTable:
    columns, relation = intake.inventory.variant(mapping.variant_id).columns, f"land.{mapping.variant_id}"
    own = dict(intake.variants_of(mapping.table))[mapping.variant_id]
    return LandedTable(
        relation=relation,
        file_ids=None if viewed else own,
        fields={match.target: columns.index(match.source) for match in mapping.matches},
        only_file=own[0] if viewed else None,
        sample=sample_relation(relation) if viewed else "",
    )
