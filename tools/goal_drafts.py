"""What a goal in plain language leads to: gaps of a contract, and drafts for them as an artefact in the run's folder.

`<run folder>/goal.json` holds the drafts; `contract.drafted.yaml` is the contract with those a person accepted, there
and beside run.json, for whoever wants to keep it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from algorithms.mapping import match_columns
from state.contract import Column, Contract, Table
from state.goal import Gap, GoalDrafts, KnownColumn, KnownTable
from state.mapping import MappingEvidence, SourceColumn
from tools.checks.types import expected_type
from tools.contract.logic_text import write_with_logic
from tools.files import write_durably
from tools.goal_trial import MOST_ROWS, Rows, Sample
from tools.intake import CONTRACT_FILE, Intake
from tools.profile import describe_targets, profile_landed
from tools.records import CONTRACT_COPY
from tools.sql.quote import ident
from tools.workspace import file_name, row_file, row_line

DRAFTED_CONTRACT = "contract.drafted.yaml"
_DRAFTS = "goal.json"
_HEADERS = 100
_SAMPLES = 3


def may_be_drafted(table: Table) -> bool:
    """Return whether a table is described, or holds columns that are, and has no SQL."""
    return not table.derived and (bool(_text(table.description)) or any(map(_described, table.columns)))


def describes_without_source(contract: Contract) -> tuple[str, ...]:
    """Return the tables that are described and that neither SQL nor named files are to make."""
    return tuple(
        table.name for table in contract.tables if not table.derived and not table.sources and _text(table.description)
    )


def find_gaps(
    connection: duckdb.DuckDBPyConnection, contract: Contract, intake: Intake
) -> tuple[tuple[Gap, Sample], ...]:
    """Return each described column that nothing feeds and each described table without files, each with sample rows.

    A column counts as fed where the expert maps a source column to it in any file, by name or by values.
    """
    names = describes_without_source(contract)
    bare = [table for table in contract.tables if table.name in names and not _has_files(table, intake)]
    fed = [
        _fed(connection, table, intake)
        for table in contract.tables
        if not table.derived and _has_files(table, intake) and (bare or any(map(_described, table.columns)))
    ]
    found: list[tuple[Gap, Sample]] = [each for one in fed for each in _column_gaps(one)]
    sample = {one.table.name: one.rows for one in fed}
    known = tuple(one.known_table() for one in fed)
    return (*found, *((_table_gap(table, known), sample) for table in bare))


def drafts_path(folder: Path) -> Path:
    """Return where the drafts of a run lie."""
    return folder / _DRAFTS


def write_drafts(folder: Path, drafts: GoalDrafts) -> None:
    """Write the drafts of a run durably."""
    write_durably(drafts_path(folder), drafts.model_dump_json(indent=1).encode())


def read_drafts(folder: Path) -> GoalDrafts | None:
    """Return the drafts of a run, None when there are none."""
    try:
        return GoalDrafts.model_validate_json(drafts_path(folder).read_bytes())
    except FileNotFoundError:
        return None


def adopt_drafts(folder: Path, told: Path, contract: Contract, logic: dict[str, str]) -> Contract:
    """Make the contract with this SQL, by "table.column" or "table", the run's own; write it to `told`, too."""
    drafted = write_with_logic(folder / CONTRACT_COPY, folder / DRAFTED_CONTRACT, contract, logic)
    write_durably(told / DRAFTED_CONTRACT, (folder / DRAFTED_CONTRACT).read_bytes())
    write_durably(folder / CONTRACT_FILE, drafted.model_dump_json().encode())
    return drafted


class _Fed(NamedTuple):
    """A table that files feed: which columns they feed, with what, the headers, and a sample of its rows."""

    table: Table
    sources: Mapping[str, SourceColumn]
    headers: tuple[str, ...]
    rows: Rows

    def known(self) -> tuple[KnownColumn, ...]:
        return tuple(_known(each, self.sources[each.name]) for each in self.table.columns if each.name in self.sources)

    def known_table(self) -> KnownTable:
        return KnownTable(name=self.table.name, description=_text(self.table.description), columns=self.known())


def _text(description: str | None) -> str:
    return (description or "").strip()


def _described(column: Column) -> bool:
    return bool(_text(column.description)) and not column.transform_logic


def _has_files(table: Table, intake: Intake) -> bool:
    return bool(intake.table_files.get(table.name))


def _fed(connection: duckdb.DuckDBPyConnection, table: Table, intake: Intake) -> _Fed:
    fields: dict[str, dict[str, int]] = {}
    sources: dict[str, SourceColumn] = {}
    headers: dict[str, None] = {}
    for variant_id, files in intake.variants_of(table.name):
        columns = intake.inventory.variant(variant_id).columns
        profile = profile_landed(connection, f"land.{ident(variant_id)}", columns, file_ids=files)
        evidence = MappingEvidence(
            table=table.name, variant_id=variant_id, sources=profile, targets=describe_targets(table)
        )
        matches = match_columns(evidence).matches
        fields[variant_id] = {match.target: columns.index(match.source) for match in matches}
        sources |= {match.target: profile[columns.index(match.source)] for match in matches}
        headers |= dict.fromkeys(columns)
    return _Fed(table, sources, tuple(headers)[:_HEADERS], _rows(connection, table, intake, fields))


def _column_gaps(fed: _Fed) -> Iterator[tuple[Gap, Sample]]:
    for column in fed.table.columns:
        if _described(column) and column.name not in fed.sources:
            gap = Gap(
                table=fed.table.name,
                column=column.name,
                type=expected_type(column),
                description=_text(column.description),
                required=column.required,
                known=fed.known(),
                headers=fed.headers,
            )
            yield gap, {fed.table.name: fed.rows}


def _table_gap(table: Table, tables: tuple[KnownTable, ...]) -> Gap:
    wanted = tuple(
        KnownColumn(name=column.name, type=expected_type(column), description=_text(column.description))
        for column in table.columns
    )
    return Gap(table=table.name, description=_text(table.description), wanted=wanted, tables=tables)


def _known(column: Column, source: SourceColumn) -> KnownColumn:
    return KnownColumn(
        name=column.name,
        type=expected_type(column),
        description=_text(column.description),
        samples=source.samples[:_SAMPLES],
    )


def _rows(
    connection: duckdb.DuckDBPyConnection, table: Table, intake: Intake, fields: dict[str, dict[str, int]]
) -> Rows:
    rows: list[dict[str, str | None]] = []
    most = max(1, MOST_ROWS // max(1, len(fields)))
    for variant_id, files in intake.variants_of(table.name):
        placed = fields[variant_id]
        rows += _read(connection, variant_id, files, placed, most)
    return rows[:MOST_ROWS]


def _read(
    connection: duckdb.DuckDBPyConnection, variant_id: str, files: Sequence[int], placed: dict[str, int], most: int
) -> list[dict[str, str | None]]:
    columns = "".join(f"c{field}, " for field in placed.values())
    origin = f"{file_name('_row')} as _file, {row_line('_row')}::varchar as _line"
    query = f"select {columns}{origin} from land.{ident(variant_id)} "
    query += f"where {row_file('_row')} in (select unnest(?)) order by _row limit {most}"
    names = [*placed, "_file", "_line"]
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query, [list(files)]).fetchall()]
