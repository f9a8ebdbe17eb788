"""What a goal in plain language leads to: gaps of a contract, and drafts for them as an artefact in the run's folder.

`<run folder>/goal.json` holds the drafts; `contract.drafted.yaml` is the contract with those a person accepted, there
and beside run.json, for whoever wants to keep it.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from algorithms.mapping import match_columns
from state.contract import Column, Contract, Table
from state.goal import Gap, GoalDrafts, KnownColumn
from state.mapping import MappingEvidence, SourceColumn
from tools.checks.types import expected_type
from tools.contract.logic_text import write_with_logic
from tools.files import write_durably
from tools.goal_trial import MOST_ROWS, Rows
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
    """Return whether a table holds columns that are described and have no SQL."""
    return not table.derived and any(_described(column) for column in table.columns)


def find_gaps(
    connection: duckdb.DuckDBPyConnection, contract: Contract, intake: Intake
) -> tuple[tuple[Gap, Rows], ...]:
    """Return each described column that nothing feeds, with a sample of its table's rows.

    A column counts as fed where the expert maps a source column to it in any file, by name or by values.
    """
    found: list[tuple[Gap, Rows]] = []
    for table in contract.tables:
        if may_be_drafted(table) and table.name in intake.table_files:
            found += _gaps_of(connection, table, intake)
    return tuple(found)


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
    """Make the contract with this SQL, by "table.column", the run's own; write it to the folder `told`, too."""
    drafted = write_with_logic(folder / CONTRACT_COPY, folder / DRAFTED_CONTRACT, contract, logic)
    write_durably(told / DRAFTED_CONTRACT, (folder / DRAFTED_CONTRACT).read_bytes())
    write_durably(folder / CONTRACT_FILE, drafted.model_dump_json().encode())
    return drafted


def _described(column: Column) -> bool:
    return bool((column.description or "").strip()) and not column.transform_logic


def _gaps_of(connection: duckdb.DuckDBPyConnection, table: Table, intake: Intake) -> list[tuple[Gap, Rows]]:
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
    known = tuple(_known(column, sources[column.name]) for column in table.columns if column.name in sources)
    rows = _rows(connection, table, intake, fields)
    return [
        (
            Gap(
                table=table.name,
                column=column.name,
                type=expected_type(column),
                description=(column.description or "").strip(),
                required=column.required,
                known=known,
                headers=tuple(headers)[:_HEADERS],
            ),
            rows,
        )
        for column in table.columns
        if _described(column) and column.name not in sources
    ]


def _known(column: Column, source: SourceColumn) -> KnownColumn:
    return KnownColumn(
        name=column.name,
        type=expected_type(column),
        description=(column.description or "").strip(),
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
