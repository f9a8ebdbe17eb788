"""Step `map`: decide for every header variant of a table which source column feeds which contract column."""

from collections.abc import Sequence

import duckdb

from nodes.decide import decide
from nodes.decisions.column_mapping import COLUMN_MAPPING
from nodes.steps.work import Outcome, Work
from state.mapping import ColumnMapping, MappingEvidence, SourceColumn
from tools.conform.witness_rows import LandedTable
from tools.intake import Intake
from tools.ledger import Receipt, find_receipt, once, record_decisions
from tools.profile import describe_targets, profile_landed
from tools.sources.in_place import is_in_place, sample_relation


def map_columns(connection: duckdb.DuckDBPyConnection, work: Work) -> Outcome:
    """Decide and record the mapping of each variant."""

    def effect() -> Receipt:
        mappings, judge = [], work.judge(connection)
        for variant_id, files in work.intake.variants_of(work.table.name):
            evidence = mapping_evidence(connection, work, variant_id, files)
            mapping, decisions = decide(COLUMN_MAPPING, evidence, judge)
            record_decisions(connection, decisions)
            mappings.append(mapping.model_dump(mode="json"))
        return {"mappings": mappings}

    receipt = once(connection, work.step.step_id, effect)
    found = [ColumnMapping.model_validate(mapping) for mapping in receipt["mappings"]]
    drift = sorted({source for mapping in found for source in mapping.unmapped_sources})
    detail = f"{len(found)} header variants" + (f", not in the contract: {', '.join(drift[:5])}" if drift else "")
    return Outcome(rows=0, detail=detail)


def mapping_evidence(
    connection: duckdb.DuckDBPyConnection, work: Work, variant_id: str, files: tuple[int, ...]
) -> MappingEvidence:
    """Return what the mapping of one header variant is decided on."""
    columns = work.intake.inventory.variant(variant_id).columns
    return MappingEvidence(
        table=work.table.name,
        variant_id=variant_id,
        sources=_profile(connection, f"land.{variant_id}", columns, files),
        targets=describe_targets(work.table),
    )


def _profile(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str], files: Sequence[int]
) -> tuple[SourceColumn, ...]:
    sampled = sample_relation(relation) if is_in_place(connection, relation) else relation
    return profile_landed(connection, sampled, columns, file_ids=files)


def read_mappings(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[ColumnMapping, ...]:
    """Return the mappings decided for a table, one a variant; empty before the step was done."""
    receipt = find_receipt(connection, f"map:{table}")
    return tuple(ColumnMapping.model_validate(mapping) for mapping in (receipt or {}).get("mappings", ()))


def landed_tables(connection: duckdb.DuckDBPyConnection, table: str, intake: Intake) -> tuple[LandedTable, ...]:
    """Return the landed variants of a table with the field of every mapped contract column."""
    files = dict(intake.variants_of(table))
    found = []
    for mapping in read_mappings(connection, table):
        columns, relation = intake.inventory.variant(mapping.variant_id).columns, f"land.{mapping.variant_id}"
        own = files[mapping.variant_id]
        in_place = is_in_place(connection, relation)
        found.append(
            LandedTable(
                relation=relation,
                file_ids=None if in_place else own,
                fields={match.target: columns.index(match.source) for match in mapping.matches},
                only_file=own[0] if in_place else None,
                sample=sample_relation(relation) if in_place else "",
            )
        )
    return tuple(found)
