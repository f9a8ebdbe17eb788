"""A contract drafted from files: landed and staged as a run does, counted, and judged by `algorithms.draft_*`."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath

import duckdb

from algorithms.draft_columns import recognised, unify_columns
from algorithms.draft_contract import column_basics, contract_document, merged, table_basics
from algorithms.draft_keys import (
    choose_key,
    choose_references,
    combined_candidates,
    key_proposal,
    reference_names,
    reference_proposal,
    single_candidates,
    unique_proposal,
)
from algorithms.draft_patterns import induce_pattern
from algorithms.draft_rules import repeated_rows, row_count, rule_candidates, rule_proposals
from algorithms.draft_tables import globs_for, group_units, stem_words, table_name
from algorithms.draft_types import is_named_code, likely_type, next_types, type_proposal
from algorithms.draft_values import bounds, closed_list, lengths, presence
from nodes.steps.conforming import conform_table
from nodes.steps.formatting import choose_formats, read_formats
from nodes.steps.mapping import map_columns
from nodes.steps.work import Work
from state.contract import Column, Contract, LogicalType, Table
from state.draft import ColumnFacts, Draft, DraftedTable, KeyCandidate, Proposal, SourceUnit, TableOrigin
from state.errors import SourceError
from state.mapping import SourceColumn
from state.plans import Step, StepKind
from state.run import RunContext
from state.sources import Inventory
from state.values import Value
from tools.checks.ecma import PatternError, translate
from tools.draft.column_facts import column_facts, staged_rows, unmatched, unread_facts
from tools.draft.row_facts import count_inclusion, count_key, count_rules, may_be_keys, repeated, rows_by_file
from tools.draft.staging import forget_receipts
from tools.files import is_text
from tools.intake import Intake
from tools.profile import profile_landed
from tools.sources.inventory import take_inventory
from tools.sources.land import land
from tools.sources.limits import LandingLimits
from tools.workspace import open_workspace

Tell = Callable[[str, int], None]
_TYPES_TRIED = 4  # times a column may be given a wider type
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
    drafting = [_Drafting(origin, inventory, folder, context) for origin in origins]
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


class _Drafting:
    """One table on its way into the draft."""

    def __init__(self, origin: TableOrigin, inventory: Inventory, folder: Path, context: RunContext) -> None:
        self.origin, self.inventory, self.folder, self.context = origin, inventory, folder, context
        self.types = {column.name: likely_type(column) for column in origin.columns}
        self.facts: tuple[ColumnFacts, ...] = ()
        self.key: KeyCandidate | None = None
        self.rows = 0

    @property
    def table(self) -> Table:
        """The table as far as it is known: names, types and aliases."""
        return Table(
            name=self.origin.name,
            sources=self.origin.globs,
            columns=tuple(
                Column(name=column.name, logical_type=self.types[column.name], aliases=column.aliases)
                for column in self.origin.columns
            ),
        )

    def stage(self) -> None:
        """Stage the table with types that its values read as, and count what is in its columns."""
        tried: dict[str, dict[LogicalType, int]] = {}
        for _ in range(_TYPES_TRIED):
            self._stage_once()
            with self._open() as connection:
                changes = next_types(unread_facts(connection, self.table), tried)
            if not changes:
                break
            self.types |= changes
        else:
            self.types |= dict.fromkeys(changes, LogicalType.STRING)
            self._stage_once()
        with self._open() as connection:
            self.rows = staged_rows(connection, self.origin.name)
            formats = read_formats(connection, self.origin.name)
            self.facts = column_facts(connection, self.table, self.origin, formats)
            self.key = self._key(connection)

    def _stage_once(self) -> None:
        contract = Contract(
            id="draft", name="draft", version="0", api_version="v3.1.0", tables=(self.table,), path="", sha256=""
        )
        intake = Intake(inventory=self.inventory, table_files={self.origin.name: self.origin.file_ids})
        kinds = (StepKind.MAP, StepKind.FORMAT, StepKind.CONFORM)
        mapping, formatting, conforming = (
            Work(_step(kind, self.origin.name), contract, intake, self.folder, self.context) for kind in kinds
        )
        with self._open() as connection:
            forget_receipts(connection, [f"{kind.value}:{self.origin.name}" for kind in kinds])
            map_columns(connection, mapping)
            choose_formats(connection, formatting)
        conform_table(conforming)

    def _key(self, connection: duckdb.DuckDBPyConnection) -> KeyCandidate | None:
        name = self.origin.name
        singles = [count_key(connection, name, [column], self.facts) for column in single_candidates(name, self.facts)]
        if found := choose_key(name, singles, self.rows):
            return found
        for columns in may_be_keys(connection, name, combined_candidates(self.facts)):
            counted = count_key(connection, name, columns, self.facts)
            if choose_key(name, [counted], self.rows):
                return counted
        return None

    def values(self, connection: duckdb.DuckDBPyConnection, referring: Mapping[str, Proposal]) -> dict[str, Proposal]:
        """Return the proposals on the values of every column."""
        key = self.key.columns if self.key else ()
        return {
            facts.name: self._column(connection, facts, facts.name in key or facts.name in referring)
            for facts in self.facts
        }

    def _column(self, connection: duckdb.DuckDBPyConnection, facts: ColumnFacts, identifies: bool) -> Proposal:  # noqa: FBT001  what the column is
        parts = [type_proposal(facts), presence(facts)]
        listed = None if identifies else closed_list(facts)
        if listed is not None:
            return merged([*parts, listed])
        parts += [unique_proposal(facts)] * (not identifies)
        pattern = self._pattern(connection, facts)
        parts += [pattern] if pattern else []
        return merged([*parts, bounds(facts, identifies=identifies), lengths(facts, patterned=pattern is not None)])

    def _pattern(self, connection: duckdb.DuckDBPyConnection, facts: ColumnFacts) -> Proposal | None:
        """Return the pattern that every text of a column matches, not only the sampled ones."""
        text = facts.logical_type is LogicalType.STRING
        pattern = induce_pattern(facts.samples, code=is_named_code(facts.name)) if text else None
        if pattern is None:
            return None
        try:
            expression = translate(pattern).re2
        except PatternError:
            return None
        if expression is None or unmatched(connection, self.origin.name, facts.name, expression):
            return None
        note = f"all {facts.distinct:,} different values match"
        return Proposal(options={"pattern": pattern}, notes={"pattern": note})

    def rules(self, connection: duckdb.DuckDBPyConnection, referring: Mapping[str, Proposal]) -> Proposal:
        """Return the rules across columns and rows of the table."""
        keys = frozenset({*(self.key.columns if self.key else ()), *referring})
        counted = count_rules(connection, self.origin.name, rule_candidates(self.facts, keys=keys), self.rows)
        files, _ = rows_by_file(connection, self.origin.file_ids)
        parts = [row_count(files), rule_proposals(counted)]
        full = [facts.name for facts in self.facts if facts.filled == facts.rows]
        if self.key is None and full:
            parts.append(repeated_rows(repeated(connection, self.origin.name, full), self.rows, full))
        return merged(parts)

    def _open(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return open_workspace(self.folder, threads=self.context.threads, memory=self.context.memory)


def _finish(drafting: Sequence[_Drafting], folder: Path, context: RunContext) -> list[DraftedTable]:
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        references, remarks = _references(connection, drafting)
        return [_drafted(connection, each, references[each.origin.name], remarks) for each in drafting]


def _references(
    connection: duckdb.DuckDBPyConnection, drafting: Sequence[_Drafting]
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
    connection: duckdb.DuckDBPyConnection, each: _Drafting, referring: Mapping[str, Proposal], remarks: Sequence[str]
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


def _step(kind: StepKind, table: str) -> Step:
    return Step(
        step_id=f"{kind.value}:{table}", kind=kind, table=table, after=(), preconditions=(), effects=(),
        seconds=0.0, probability=1.0,
    )  # fmt: skip
