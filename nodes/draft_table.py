"""One table of a draft: staged as a run does until its types fit, then judged column by column."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import duckdb

from algorithms.draft_contract import merged
from algorithms.draft_keys import (
    choose_key,
    combined_candidates,
    single_candidates,
    unique_proposal,
)
from algorithms.draft_patterns import induce_pattern
from algorithms.draft_rules import repeated_rows, row_count, rule_candidates, rule_proposals
from algorithms.draft_types import is_named_code, likely_type, next_types, type_proposal
from algorithms.draft_values import bounds, closed_list, lengths, presence
from nodes.steps.conforming import conform_table
from nodes.steps.formatting import choose_formats, read_formats
from nodes.steps.mapping import map_columns
from nodes.steps.work import Work
from state.contract import Column, Contract, LogicalType, Table
from state.draft import ColumnFacts, KeyCandidate, Proposal, TableOrigin
from state.plans import Step, StepKind
from state.run import RunContext
from state.sources import Inventory
from tools.checks.ecma import PatternError, translate
from tools.draft.column_facts import column_facts, staged_rows, unmatched, unread_facts
from tools.draft.row_facts import count_key, count_rules, may_be_keys, repeated, rows_by_file
from tools.draft.staging import forget_receipts
from tools.intake import Intake
from tools.workspace import open_workspace

_TYPES_TRIED = 4  # times a column may be given a wider type


class TableDraft:
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


def _step(kind: StepKind, table: str) -> Step:
    return Step(
        step_id=f"{kind.value}:{table}", kind=kind, table=table, after=(), preconditions=(), effects=(),
        seconds=0.0, probability=1.0,
    )  # fmt: skip
