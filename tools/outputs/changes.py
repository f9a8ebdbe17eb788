"""The change log: `changes/<table>.parquet`, one row for every changed cell of the rows to publish.

Its columns are table, row_id, file, line, column, before, after, operator, evidence, votes, confidence, reason. More
than a million changes are a folder of part files, each for a range of rows. Rows with a changed cell are read and
sorted once, with no more than they need for that; everything else is computed from what comes out, in its order.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from state.contract import Column, Table
from tools.conform.clean import clean_text_sql
from tools.conform.remedies import WITHHELD
from tools.files import remove
from tools.outputs.parquet import Layout, write_parts
from tools.outputs.side_tables import put_in_place, write_rows
from tools.sql.quote import ident, literal
from tools.workspace import PART_ROWS, file_name, operator_name, raw_name, row_line, row_ranges

_PART_ROWS = PART_ROWS // 4
"""Staged rows of one part: a row may have a change in every column, and what is sorted is held in memory."""


def write_changes(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    decisions: Mapping[str, str],
    folder: Path,
    layout: Layout = Layout(),  # noqa: B008  a frozen value
    *,
    votes: Mapping[str, str] | None = None,
) -> Path:
    """Write one row for every changed cell of the rows to publish.

    `decisions` gives the id of the decision on the format of "table.column", and of the ruling by which values were
    withheld of "table.column:discard_value"; a cell whose change needed no judgement (trimming, Unicode form) names
    none.
    `votes` gives the votes on such a decision by its id, as JSON. A resolved cell names the decision on its value, and
    carries the votes; so does a repaired one, with the reason in words.
    """
    counts = _changed_cells(connection, table)
    columns = [
        column for column in sorted(table.columns, key=lambda each: each.name) if counts.get(column.name, not counts)
    ]
    mapped = _mapped_columns(connection, table)
    repaired = _is_repaired(connection, table)
    judged = {subject: (decision, (votes or {}).get(decision, "")) for subject, decision in decisions.items()}
    if sum(counts.values()) <= layout.single_file_rows:
        place = "_row" if table.derived else f"{file_name('_row')}, _row"
        query = _changes(table, columns, judged, mapped, "true", place, repaired=repaired)
        return write_rows(connection, query, folder, table)
    parts = [
        _changes(table, columns, judged, mapped, some, "_row", repaired=repaired)
        for some in row_ranges(connection, table, _PART_ROWS)
    ]
    path, aside = folder / f"{table.name}.parquet", folder / f".{table.name}.parquet.tmp"
    folder.mkdir(parents=True, exist_ok=True)
    remove(aside)
    write_parts(connection, parts, aside)
    return put_in_place(aside, path)


def _changed_cells(connection: duckdb.DuckDBPyConnection, table: Table) -> dict[str, int]:
    """Return the number of changed cells by column, of columns that have any."""
    names = [column.name for column in table.columns]
    counts = ", ".join(f"count({ident(operator_name(name))})" for name in names)
    found = connection.execute(f"select {counts} from live.{ident(table.name)}").fetchall()[0]
    return {name: count for name, count in zip(names, found, strict=True) if count}


def _mapped_columns(connection: duckdb.DuckDBPyConnection, table: Table) -> set[str]:
    rows = connection.execute(
        "select distinct column_name from ops.value_map where table_name = ?", [table.name]
    ).fetchall()
    return {row[0] for row in rows}


def _is_repaired(connection: duckdb.DuckDBPyConnection, table: Table) -> bool:
    query = "select count(*) from ops.repairs where table_name = ? and outcome = 'applied'"
    return bool(connection.execute(query, [table.name]).fetchall()[0][0])


def _changes(
    table: Table,
    columns: Sequence[Column],
    decisions: Mapping[str, tuple[str, str]],
    mapped: set[str],
    some: str,
    order: str,
    *,
    repaired: bool,
) -> str:
    """Return SQL for the changed cells of the rows of which the predicate `some` is true: by row, then by column name.

    `order` orders the rows, without ties; `repaired`: some cells are the council's repairs.
    """
    names = [column.name for column in columns]
    given = [decisions.get(f"{table.name}.{name}", ("", "")) for name in names]
    ruled = [decisions.get(f"{table.name}.{name}:{WITHHELD}", ("", "")) for name in names]
    answers = " ".join(
        f"when {number} then (select list(answer order by n) from ({_answers(table, name)}))[a{number}]"
        for number, name in enumerate(names, 1)
        if name in mapped
    )
    answer = f"case _at {answers} end" if answers else "null"
    evidence, votes = (_told(*each) for each in zip(zip(*given, strict=True), zip(*ruled, strict=True), strict=True))
    judged = (
        (
            f"coalesce(answer.decision, {evidence})",
            f"coalesce(answer.votes, {votes})",
            "coalesce(answer.confidence, 1.0)",
        )
        if answers or repaired
        else (evidence, votes, "1.0")
    )
    # Rows of a derived table are numbered 1, 2, ...: read as ids of files' rows they would be lines of the first file.
    place = ("null::varchar", "null::bigint") if table.derived else (file_name("_row"), row_line("_row"))
    fields = {
        "table": literal(table.name),
        "row_id": _key_text(table),
        "file": place[0],
        "line": place[1],
        "column": f"{_listed(names)}[_at]",
        "before": "before",
        "after": "after",
        "operator": "operator",
        "evidence": judged[0],
        "votes": judged[1],
        "confidence": f"{judged[2]}::double",
        "reason": "reason",
    }
    listed = ", ".join(f"{value} as {ident(name)}" for name, value in fields.items())
    cells = _cells(table, columns, mapped, some, order)
    if not repaired:
        return f"select {listed} from (select *, {answer} as answer, null::varchar as reason from ({cells}))"
    known = f"case when r._row is not null then r.answer else {answer} end as answer"
    return (
        f"select {listed} from (select c.*, {known}, r.reason from ({cells}) c left join ({_repairs(table)}) r "
        f"on r._row = c._row and r.column_name = {_listed(names)}[c._at] and r.operator = c.operator) "
        f"order by {order}, _at"
    )


def _told(given: Sequence[str], ruled: Sequence[str]) -> str:
    """Return SQL for what belongs to a cell by its column, given for its format and for a ruling; NULL where none."""
    evidence = f"nullif({_listed(given)}[_at], '')"
    if not any(ruled):
        return evidence
    return f"case when operator = {literal(WITHHELD)} then nullif({_listed(ruled)}[_at], '') else {evidence} end"


def _cells(table: Table, columns: Sequence[Column], mapped: set[str], some: str, order: str) -> str:
    """Return SQL for the changed cells: `_row`, the key as k0, ..., the number of the column as `_at`, what is in it.

    For each of the `mapped` columns, a and its number is the number of the value map's answer in that column.
    """
    keys, numbers = range(len(table.key)), range(1, len(columns) + 1)
    found, joins = [f"s.{ident(name)} as k{index}" for index, name in enumerate(table.key)], ""
    for number, column in zip(numbers, columns, strict=True):
        raw, value, operator = (
            f"s.{ident(name)}" for name in (raw_name(column.name), column.name, operator_name(column.name))
        )
        found += [f"{raw} as r{number}", f"{value} as v{number}", f"{operator} as o{number}"]
        if column.name in mapped:
            found.append(f"m{number}.n as a{number}")
            joins += (
                f" left join ({_answers(table, column.name)}) m{number} on starts_with({operator}, 'resolve:') "
                f"and m{number}.value = {clean_text_sql(raw)} and m{number}.resolved = {value}::varchar"
            )
    changed = " or ".join(f"{ident(operator_name(column.name))} is not null" for column in columns)
    live = f"select * from live.{ident(table.name)} where {some} and ({changed})"
    rows = f"select {', '.join(('s._row', *found))} from ({live}) s{joins} order by {order}"
    which = ", ".join(f"case when o{number} is not null then {number} end" for number in numbers)
    each = f"select *, unnest(list_filter([{which}], lambda number: number is not null)) as _at from ({rows})"
    kept = [f"k{index}" for index in keys]
    kept += [f"a{number}" for number, column in zip(numbers, columns, strict=True) if column.name in mapped]
    for name, value in (("before", "r{}"), ("after", "v{}::varchar"), ("operator", "o{}")):
        cases = " ".join(f"when {number} then {value.format(number)}" for number in numbers)
        kept.append(f"case _at {cases} end as {name}")
    return f"select {', '.join(('_row', '_at', *kept))} from ({each})"


def _answers(table: Table, column: str) -> str:
    """Return SQL for the value map of the column, numbered, with an answer of decision, votes and confidence."""
    return (
        "select value, resolved, row_number() over (order by value, resolved) as n, "
        "min({'decision': decision_id, 'votes': votes, 'confidence': confidence}) as answer from ops.value_map "
        f"where table_name = {literal(table.name)} and column_name = {literal(column)} group by value, resolved"
    )


def _repairs(table: Table) -> str:
    """Return SQL for the repaired cells of a table, each with decision, votes and confidence as one answer."""
    return (
        "select _row, column_name, operator, evidence as reason, "
        "{'decision': decision_id, 'votes': votes, 'confidence': confidence} as answer from ops.repairs "
        f"where table_name = {literal(table.name)} and outcome = 'applied'"
    )


def _key_text(table: Table) -> str:
    """Return SQL for the key in k0, ... as text; empty without a key."""
    parts = [f"{literal(name + '=')} || coalesce(k{index}::varchar, '')" for index, name in enumerate(table.key)]
    return " || ', ' || ".join(parts) or "''"


def _listed(values: Sequence[str]) -> str:
    return f"[{', '.join(map(literal, values))}]"
