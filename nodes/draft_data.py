"""A contract drafted from files: landed and staged as a run does, counted, and judged by `algorithms.draft_*`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import duckdb

from algorithms.draft_columns import recognised, unify_columns
from algorithms.draft_contract import column_basics, contract_document, merged, table_basics
from algorithms.draft_keys import (
    choose_references,
    key_proposal,
    reference_names,
    reference_proposal,
)
from algorithms.draft_tables import globs_for, group_units, stem_words, table_name
from nodes.draft_table import TableDraft
from state.contract import LogicalType
from state.draft import Draft, DraftedTable, Proposal, SourceUnit, TableOrigin
from state.errors import SourceError
from state.mapping import SourceColumn
from state.run import RunContext
from state.sources import Inventory
from state.values import Value
from tools.draft.row_facts import count_inclusion, rows_by_file
from tools.files import is_text
from tools.profile import profile_landed
from tools.sources.inventory import take_inventory
from tools.sources.land import land
from tools.sources.limits import LandingLimits
from tools.workspace import open_workspace

Tell = Callable[[str, int], None]
_CODE_TYPES = (LogicalType.STRING, LogicalType.INTEGER)


class DraftOptions(Value):
    """How the contract is called."""

    name: str = ""
    contract_id: str = ""
    version: str = "0.1.0"


def draft_files(sources: Sequence[str], folder: Path, context: RunContext, options: DraftOptions, tell: Tell) -> Draft:
    """Return the draft of a contract for the files, working in the temporary `folder`.

    `tell` hears what is being done and of how many. SourceError when no file holds a record.
    """
    limits = LandingLimits(max_decompressed_bytes=context.max_decompressed_bytes)
    inventory = take_inventory(sources, folder, limits)
    _refuse_unreadable_names(inventory)
    tell("scanned", len(inventory.files))
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        books = land(connection, inventory)
        tell("landed", sum(book.records for book in books))
        rows = {book.file_id: book.records for book in books}
        origins = _tables(connection, inventory, rows)
    if not origins:
        raise SourceError(
            "no file holds a record with a header", where=sources[0], hint="nothing can be drafted from it"
        )
    drafting = [TableDraft(origin, inventory, folder, context) for origin in origins]
    for each in drafting:
        each.stage()
        tell(each.origin.name, each.rows)
    tables = _finish(drafting, folder, context)
    name = options.name or (tables[0].origin.name if len(tables) == 1 else _folder_name(sources))
    return contract_document(
        tables,
        name=name,
        contract_id=options.contract_id or name,
        version=options.version,
        warnings=inventory.warnings,
    )


def _refuse_unreadable_names(inventory: Inventory) -> None:
    for file in inventory.files:
        if not is_text(file.name):
            shown = file.name.encode(errors="backslashreplace").decode()
            raise SourceError("the name of the file is not UTF-8", where=shown, hint="rename the file")


def _folder_name(sources: Sequence[str]) -> str:
    path = Path(sources[0]).absolute()
    named = path.name if path.is_dir() else path.parent.name
    return named if named and not any(sign in named for sign in "*?[") else "draft"


def _tables(connection: duckdb.DuckDBPyConnection, inventory: Inventory, rows: Mapping[int, int]) -> list[TableOrigin]:
    """Return which files form one table, with names, globs and columns."""
    units = _units(inventory, rows)
    profiles = {unit.key: _profile(connection, unit) for unit in units}

    def matched(left: SourceUnit, right: SourceUnit) -> float:
        return recognised(profiles[left.key], profiles[right.key])

    origins: list[TableOrigin] = []
    every = [file.name for file in inventory.files if file.header]
    for group, reason in group_units(units, matched):
        mine = [name for unit in group for name in unit.names]
        if not any(unit.rows for unit in group):
            continue
        name = table_name(group, [origin.name for origin in origins])
        globs = globs_for(mine, sorted(set(every) - set(mine)))
        columns = unify_columns(group, profiles)
        origins.append(TableOrigin(name=name, globs=globs, units=group, columns=columns, reason=reason))
    return sorted(origins, key=lambda origin: origin.name)


def _units(inventory: Inventory, rows: Mapping[int, int]) -> list[SourceUnit]:
    """Return the files by header and the words of their names."""
    found: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for variant in inventory.variants:
        for file_id in variant.file_ids:
            found.setdefault((variant.variant_id, stem_words(inventory.files[file_id].name)), []).append(file_id)
    return [
        SourceUnit(
            variant_id=variant_id,
            stem=stem,
            folder=PurePosixPath(inventory.files[file_ids[0]].path).parent.name,
            columns=inventory.variant(variant_id).columns,
            file_ids=tuple(file_ids),
            names=tuple(inventory.files[file_id].name for file_id in file_ids),
            rows=sum(rows.get(file_id, 0) for file_id in file_ids),
        )
        for (variant_id, stem), file_ids in found.items()
    ]


def _profile(connection: duckdb.DuckDBPyConnection, unit: SourceUnit) -> tuple[SourceColumn, ...]:
    return profile_landed(connection, f"land.{unit.variant_id}", unit.columns, file_ids=unit.file_ids)


def _finish(drafting: Sequence[TableDraft], folder: Path, context: RunContext) -> list[DraftedTable]:
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        references, remarks = _references(connection, drafting)
        return [_drafted(connection, each, references[each.origin.name], remarks) for each in drafting]


def _references(
    connection: duckdb.DuckDBPyConnection, drafting: Sequence[TableDraft]
) -> tuple[dict[str, dict[str, Proposal]], list[str]]:
    """Return the relationships of each table by column."""
    found = []
    for each, other in ((each, other) for each in drafting for other in drafting if each is not other):
        if other.key is None or len(other.key.columns) > 1:
            continue
        target = next(facts for facts in other.facts if facts.name == other.key.columns[0])
        for facts in each.facts:
            own = each.key is not None and each.key.columns == (facts.name,)
            named = reference_names(each.origin.name, facts.name, other.origin.name, target.name)
            if facts.filled and named and not own and facts.logical_type in _CODE_TYPES:
                found.append(count_inclusion(connection, (each.origin.name, facts), (other.origin.name, target)))
    chosen, remarks = choose_references(found)
    references: dict[str, dict[str, Proposal]] = {each.origin.name: {} for each in drafting}
    for inclusion in chosen:
        references[inclusion.table][inclusion.column] = reference_proposal(inclusion)
    return references, remarks


def _drafted(
    connection: duckdb.DuckDBPyConnection, each: TableDraft, referring: Mapping[str, Proposal], remarks: Sequence[str]
) -> DraftedTable:
    by_name = {facts.name: facts for facts in each.facts}
    keep, keyed = key_proposal(each.key, by_name, each.rows) if each.key else (Proposal(), {})
    values, basics = each.values(connection, referring), column_basics(each.origin)
    none = Proposal()
    columns = {
        name: merged([basics[name], values[name], keyed.get(name, none), referring.get(name, none)]) for name in by_name
    }
    _, rejects = rows_by_file(connection, each.origin.file_ids)
    broken = sum(proposal.costs for proposal in columns.values()) + keep.costs
    told = Proposal(remarks=tuple(remark for remark in remarks if remark.startswith(f"{each.origin.name}.")))
    table = merged(
        [
            table_basics(each.origin, each.rows, rejects, min(broken, each.rows)),
            keep,
            each.rules(connection, referring),
            told,
        ]
    )
    return DraftedTable(
        origin=each.origin, rows=each.rows, rejects=rejects, table=table, columns=columns, facts=each.facts
    )
