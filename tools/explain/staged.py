"""One staged row with all that is known of its cells: the text in the file, the typed value, the operator."""

from collections.abc import Sequence
from typing import NamedTuple

from state.contract import Column, LogicalType, RepairScope, Table
from state.decisions import Decision
from state.mapping import ColumnMapping, ColumnMatch
from state.resolution import Ballot
from tools.conform.clean import clean_text_sql, kept_text_sql
from tools.conform.remedies import WITHHELD
from tools.explain.judging import about
from tools.explain.material import Material
from tools.explain.proposed import read_votes
from tools.provenance import Ending, Origin, ending_of, landed_text, origin_of
from tools.sql.quote import ident
from tools.workspace import operator_name, raw_name


class Finding(NamedTuple):
    """What the repair council found in a cell, and what became of it."""

    before: str | None
    after: str | None
    operator: str
    evidence: str
    votes: tuple[Ballot, ...]
    confidence: float
    outcome: str  # applied, proposed, left
    reason: str  # of the outcome
    decision_id: str


class Cell(NamedTuple):
    """One cell of a staged row."""

    column: Column
    landed: str | None  # the text in the file; None where the row has no such field, or it is blank
    match: ColumnMatch | None  # which field feeds it
    value: str | None  # as published, as text
    operator: str | None  # of the change log; None where nothing was changed
    before: str | None  # of the change log
    finding: Finding | None = None


class StagedRow(NamedTuple):
    """One staged row of a table."""

    table: Table
    row_id: int
    origin: Origin | None  # None for rows of derived tables
    mapping: ColumnMapping | None
    ending: Ending
    cells: tuple[Cell, ...]
    extra: tuple[tuple[str, str], ...]  # fields the contract does not know, with their text

    def cell(self, column: str) -> Cell:
        """Return the cell of a column; KeyError when there is none."""
        return next(cell for cell in self.cells if cell.column.name == column)

    @property
    def key(self) -> str:
        """The key as the side tables write it; empty without one."""
        return ", ".join(f"{name}={self.cell(name).value or ''}" for name in self.table.key)

    @property
    def place(self) -> str:
        """File and line, or that there is none."""
        return f"{self.origin.file} line {self.origin.line}" if self.origin else "made from other tables"


def read_row(material: Material, table: Table, row_id: int) -> StagedRow:
    """Return a staged row of the workspace."""
    origin = None if table.derived else origin_of(material.engine, row_id)
    mapping = next(
        (
            each
            for each in material.mappings
            if origin and (each.table, each.variant_id) == (table.name, origin.variant_id)
        ),
        None,
    )
    landed: dict[str, str | None] = {}
    if origin and material.intake:
        header = material.intake.inventory.variant(origin.variant_id).columns
        landed = dict(zip(header, landed_text(material.engine, origin.variant_id, row_id), strict=True))
    matches = {match.target: match for match in (mapping.matches if mapping else ())}
    staged = _staged_cells(material, table, row_id)
    cells, findings = [], _findings(material, table, row_id)
    for column, (value, before, operator) in zip(table.columns, staged, strict=True):
        match = matches.get(column.name)
        text = landed.get(match.source) if match else None
        cells.append(Cell(column, text, match, value, operator, before, findings.get(column.name)))
    unknown = mapping.unmapped_sources if mapping else ()
    return StagedRow(
        table=table,
        row_id=row_id,
        origin=origin,
        mapping=mapping,
        ending=ending_of(material.engine, table, row_id),
        cells=tuple(cells),
        extra=tuple((name, text) for name in unknown if (text := landed.get(name)) is not None),
    )


def _findings(material: Material, table: Table, row_id: int) -> dict[str, Finding]:
    """Return what the repair council found in a row, by column; nothing in a workspace older than the council."""
    there = "select count(*) from duckdb_tables() where schema_name = 'ops' and table_name = 'repairs'"
    if not material.rows(there)[0][0]:
        return {}
    rows = material.engine.execute(
        "select column_name, before, after, operator, evidence, votes, confidence, outcome, reason, decision_id "
        "from ops.repairs where table_name = ? and _row = ? order by column_name, outcome",
        [table.name, row_id],
    ).fetchall()
    return {
        name: Finding(before, after, operator, evidence, read_votes(votes), *rest)
        for name, before, after, operator, evidence, votes, *rest in rows
    }


def _staged_cells(material: Material, table: Table, row_id: int) -> list[tuple[str | None, str | None, str | None]]:
    """Return value, text before and operator of every column of a staged row, as text."""
    fields = ", ".join(
        f"{ident(column.name)}::varchar, {ident(raw_name(column.name))}, {ident(operator_name(column.name))}"
        for column in table.columns
    )
    row = material.rows(f"select {fields} from stage.{ident(table.name)} where _row = {int(row_id)}")[0]
    return [(row[at], row[at + 1], row[at + 2]) for at in range(0, len(row), 3)]


def cleaned(material: Material, column: Column, text: str) -> str:
    """Return a landed text as it is compared: without invisible characters and needless blanks."""
    kept = column.logical_type is LogicalType.STRING and column.repair is RepairScope.NEVER
    clean = kept_text_sql if kept else clean_text_sql
    row = material.engine.execute(f"select {clean('t')} from (select ?::varchar as t)", [text]).fetchone()
    return str(row[0]) if row and row[0] is not None else ""


def decisions_on(material: Material, row: StagedRow, columns: Sequence[str]) -> tuple[Decision, ...]:
    """Return the decisions that bear on cells of a row: format, what its own values became, and the mapping."""
    found: list[Decision] = []
    for name in columns:
        cell, subject = row.cell(name), f"{row.table.name}.{name}"
        texts = {text for text in (cell.landed, cell.before) if text is not None}
        values = {f"{subject}: {cleaned(material, cell.column, text)!r}" for text in texts}
        council = cell.finding.decision_id if cell.finding else None
        found += [
            each
            for each in about(material.decisions, subject)
            if each.subject in {subject, *values} or each.decision_id == council
        ]
    if any(row.cell(name).operator == WITHHELD for name in columns):
        found += [each for each in about(material.decisions, row.table.name) if each.kind == "conflict"]
    if row.mapping:
        found += about(material.decisions, f"{row.table.name}/{row.mapping.variant_id}")
    return tuple(found)
