"""Facts for the planner: what intake found, what names decide, and what one look at the landed text proves.

Proofs are kept in the ledger of the run, so that planning again finds the same and steps can rely on them.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import duckdb

from algorithms.learned_plans import learned_estimates
from algorithms.mapping import match_columns, names_decide
from nodes.steps.mapping import landed_by, names_evidence
from nodes.steps.resolving import listed_columns
from state.contract import Contract, RepairScope, Table
from state.diagnosis import RemedyKind
from state.mapping import ColumnMapping
from state.plans import DeliveryFacts, Proof, TableFacts
from state.run import RunContext
from tools.conform.doubtful import MOST_LOOKED_AT, changeable, shown_columns
from tools.contract.order import references
from tools.intake import Intake, read_contract, read_intake
from tools.ledger import once
from tools.lessons_used import lessons_of
from tools.proofs import PROOFS, read_proofs
from tools.proving import Subject, prove
from tools.recovery import amendments_of
from tools.sources.in_place import in_place
from tools.sql.sandbox import SandboxLimits
from tools.workspace import landed_rows, open_workspace


class _Known(NamedTuple):
    """What a run knows before it plans."""

    contract: Contract
    intake: Intake
    context: RunContext
    asks: bool


def delivery_facts(folder: Path, context: RunContext, *, asks: bool) -> DeliveryFacts:
    """Return what the planner knows about the tables of a run; `asks`: a person must agree to what is decided."""
    known = _Known(read_contract(folder), read_intake(folder), context, asks)
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        rows = landed_rows(connection)
        if read_proofs(connection) is None:
            found = prove(connection, known.contract, list(_subjects(connection, known)))
            once(connection, PROOFS, lambda: {name: proof.model_dump(mode="json") for name, proof in found.items()})
        proofs = read_proofs(connection) or {}
        tables = tuple(
            _table_facts(connection, table, known, rows, proofs.get(table.name, Proof()))
            for table in known.contract.tables
        )
    return DeliveryFacts(
        tables=tables,
        learned=learned_estimates(lessons_of(folder)),
        memory=SandboxLimits(memory=context.memory).memory_bytes,
    )


def _table_facts(
    connection: duckdb.DuckDBPyConnection, table: Table, known: _Known, rows: dict[int, int], proof: Proof
) -> TableFacts:
    intake, name = known.intake, table.name
    scopes = {} if table.derived or known.context.patterns.council == "off" else changeable(known.contract, table)
    mends = max(scopes.values(), key=list(RepairScope).index, default=None)
    files, variants = intake.table_files.get(name, ()), intake.variants_of(name)
    by_id = {file.file_id: file for file in intake.inventory.files}
    variant_of = {file_id: variant_id for variant_id, file_ids in variants for file_id in file_ids}
    mappings = _named(table, known)
    fed = {match.target for mapping in mappings for match in mapping.matches}
    return TableFacts(
        name=name,
        derived=table.derived,
        needs=tuple(sorted(references(known.contract)[name])),
        rows=sum(rows.get(file_id, 0) for file_id in files),
        files=len(files),
        variants=len(variants),
        has_key=bool(table.key),
        has_lists=known.context.patterns.council != "off" and bool(listed_columns(known.contract, table)),
        on_violation=table.on_violation,
        untrusted_sql=table.derived or any(column.transform_logic for column in table.columns),
        landed=table.derived or name in intake.table_files,
        asks=known.asks and not table.derived,
        columns=len(fed) if mappings and len(mappings) == len(variants) else len(table.columns),
        size=sum(by_id[file_id].size for file_id in files),
        in_place=not in_place(connection).isdisjoint(variant_id for variant_id, _ in variants),
        runs=sum(1 for _ in groupby(sorted(variant_of), key=variant_of.__getitem__)),
        named=len(mappings),
        proof=proof,
        mends=mends or "",
        cells=_cells(table, sum(rows.get(file_id, 0) for file_id in files), mends),
    )


def _cells(table: Table, rows: int, mends: RepairScope | None) -> int:
    """Return how many cells the repair council would be shown."""
    looked_at = min(rows, MOST_LOOKED_AT) if mends is RepairScope.VIOLATIONS else rows
    return looked_at * len(shown_columns(table)) if mends else 0


def _named(table: Table, known: _Known) -> list[ColumnMapping]:
    """Return the mappings of those header variants whose mapping names decide; a person may decide otherwise."""
    if known.asks or table.derived:
        return []
    evidence = [
        names_evidence(table, known.intake, variant_id) for variant_id, _ in known.intake.variants_of(table.name)
    ]
    return [match_columns(one) for one in evidence if names_decide(one)]


def _subjects(connection: duckdb.DuckDBPyConnection, known: _Known) -> Iterator[Subject]:
    """Yield the tables that can be looked at: names alone say which text belongs to which column.

    SQL of the contract in a column runs in another process, and may read every other column.
    """
    for table in known.contract.tables:
        mappings, variants = _named(table, known), dict(known.intake.variants_of(table.name))
        by_sql = any(column.transform_logic for column in table.columns)
        # A recovery that maps otherwise than names say makes what is told by names worthless.
        remapped = any(each.kind is RemedyKind.REMAP for each in amendments_of(connection, table.name))
        unnamed = not mappings or len(mappings) < len(variants) or not all(each.matches for each in mappings)
        if by_sql or remapped or unnamed:
            continue
        headers: dict[str, tuple[str, ...]] = {}
        for mapping in mappings:
            for match in mapping.matches:
                headers[match.target] = (*headers.get(match.target, ()), match.source)
        lists = listed_columns(known.contract, table) if known.context.patterns.council != "off" else ()
        yield Subject(
            table=table,
            sources=landed_by(connection, mappings, known.intake),
            headers=headers,
            lists={column.name: None if valid.relation else valid.values for column, valid in lists},
            drifts=any(mapping.unmapped_sources for mapping in mappings),
        )
