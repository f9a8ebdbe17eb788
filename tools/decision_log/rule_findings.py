"""What a run shows about texts that it read as values of a list: counts of published rows, source by source."""

from collections.abc import Collection, Mapping, Sequence

import duckdb

from state.decision_log import TextFindings
from state.resolution import Resolutions
from tools.conform.clean import clean_text_sql
from tools.conform.witness_rows import ValidList
from tools.sql.quote import ident
from tools.workspace import raw_name, row_file


def text_findings(
    connection: duckdb.DuckDBPyConnection,
    answer: Resolutions,
    values: Mapping[str, str],
    files: Sequence[int],
    listed: Collection[str],
) -> dict[str, TextFindings]:
    """Return what is known about each text that is proposed to stand for a value; `files` are those of the source."""
    votes = {value.value: value.votes for value in answer.values}
    found = {}
    for text, rows, kept in _counts(connection, answer.table, answer.column, values, files):
        said = [ballot for ballot in votes.get(text, ()) if ballot.choice is not None]
        found[text] = TextFindings(
            rows=rows,
            kept=kept,
            listed=values[text] in listed and text not in listed,
            agreed=tuple(ballot.voter for ballot in said if ballot.choice == values[text]),
            against=tuple(ballot.voter for ballot in said if ballot.choice != values[text]),
        )
    return found


def _counts(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, values: Mapping[str, str], files: Sequence[int]
) -> list[tuple[str, int, int]]:
    """Return each text with its published rows in the files, and those of them that have the value."""
    some = f"list_contains({[int(file) for file in files]}, {row_file('_row')})"
    asked = "select unnest($texts) as text, unnest($wanted) as wanted"
    counted = (
        f"select text, count(*), count(*) filter (l.value = wanted) from ({asked}) join (select "
        f"{clean_text_sql(ident(raw_name(column)))} as raw, {ident(column)} as value from live.{ident(table)} "
        f"where {ident(raw_name(column))} is not null and {some}) l on l.raw = text group by text order by text"
    )
    given = {"texts": list(values), "wanted": list(values.values())}
    return [(str(text), int(rows), int(kept)) for text, rows, kept in connection.execute(counted, given).fetchall()]


def values_listed(connection: duckdb.DuckDBPyConnection, valid: ValidList) -> frozenset[str]:
    """Return the values that a column's list allows."""
    if not valid.relation:
        return frozenset(valid.values)
    found = connection.execute(f"select distinct {ident(valid.column)}::varchar from {valid.relation}").fetchall()
    return frozenset(row[0] for row in found if row[0] is not None)
