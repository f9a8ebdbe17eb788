"""Quarantine, merged rows and changes: the side tables a run writes for every published or refused table.

`quarantine/<table>.parquet`: the source's text under the contract's column names, `_reason`, `_rule`, `_file`,
`_line`, `_raw` (the raw line of a reject, else NULL) and `_extra` (JSON of columns the contract does not know).
`merged/<table>.parquet`: row_id, file, line, kept_file, kept_line.
`changes/<table>.parquet`: table, row_id, file, line, column, before, after, operator, evidence, votes, confidence. More
than a million changes are a folder of part files, each for a range of rows.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from state.contract import Column, Table
from tools.conform.clean import clean_text_sql
from tools.conform.witness_rows import LandedTable
from tools.files import remove, sync_folder
from tools.outputs.parquet import Layout, write_file, write_parts
from tools.sql.quote import ident, literal
from tools.workspace import file_name, operator_name, raw_name, row_file, row_line, row_ranges


def write_quarantine(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    landed: Sequence[LandedTable],
    headers: Mapping[str, Sequence[str]],
    file_ids: Sequence[int],
    folder: Path,
) -> Path:
    """Write the quarantined rows and rejects of a table; `headers` names the source columns of each landed relation."""
    rows = _derived_rows(table) if table.derived else _landed_rows(table, landed, headers)
    query = f"{rows} union all by name {_reject_rows(table, file_ids)}"
    return _copy(connection, query, folder, table, "_file, _line, _row")


def write_merged(connection: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> Path:
    """Write one row for every row merged into another one: their key, and file and line of both."""
    query = (
        f"select {_key_text(table)} as row_id, f.name as file, {row_line('s._row')} as line, "
        f"k.name as kept_file, {row_line('m.kept_row')} as kept_line, s._row "
        f"from ops.merged m join stage.{ident(table.name)} s on s._row = m._row "
        f"left join land.files f on f.file_id = {row_file('s._row')} "
        f"left join land.files k on k.file_id = {row_file('m.kept_row')} "
        f"where m.table_name = {literal(table.name)}"
    )
    return _copy(connection, query, folder, table, "file, line, _row")


def write_changes(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    decisions: Mapping[str, str],
    folder: Path,
    layout: Layout = Layout(),  # noqa: B008  a frozen value
) -> Path:
    """Write one row for every changed cell of the rows to publish.

    `decisions` gives the id of the decision on the format of "table.column"; a cell whose change needed no judgement
    (trimming, Unicode form) names none. A resolved cell names the decision on its value, and carries the votes.
    """
    changed = _changed_columns(connection, table)
    cells = " union all ".join(
        _changed_cells(connection, table, column, decisions.get(f"{table.name}.{column.name}", ""))
        for column in table.columns
        if column.name in changed or not changed
    )
    if sum(changed.values()) <= layout.single_file_rows:
        return _copy(connection, cells, folder, table, 'file, line, _row, "column"')
    parts = [
        f'select * exclude (_row) from ({cells}) where {some} order by _row, "column"'
        for some in row_ranges(connection, table)
    ]
    path, aside = folder / f"{table.name}.parquet", folder / f".{table.name}.parquet.tmp"
    folder.mkdir(parents=True, exist_ok=True)
    remove(aside)
    write_parts(connection, parts, aside)
    return _put_in_place(aside, path)


def _changed_columns(connection: duckdb.DuckDBPyConnection, table: Table) -> dict[str, int]:
    """Return the number of changed cells by column, of columns that have any."""
    names = [column.name for column in table.columns]
    counts = ", ".join(f"count({ident(operator_name(name))})" for name in names)
    found = connection.execute(f"select {counts} from live.{ident(table.name)}").fetchall()[0]
    return {name: count for name, count in zip(names, found, strict=True) if count}


def _changed_cells(connection: duckdb.DuckDBPyConnection, table: Table, column: Column, decision: str) -> str:
    """Return SQL for the changed cells of one column, in the order of the rows."""
    name, operator = ident(column.name), f"s.{ident(operator_name(column.name))}"
    raw = f"s.{ident(raw_name(column.name))}"
    # Rows of a derived table are numbered 1, 2, ...: read as ids of files' rows they would be lines of the first file.
    place = "null::varchar as file, null::bigint as line" if table.derived else _place("s._row")
    format_decision = f"nullif({literal(decision)}, '')"
    evidence, votes, join = f"{format_decision} as evidence", "null::varchar as votes, 1.0::double as confidence", ""
    mapped = f"table_name = {literal(table.name)} and column_name = {literal(column.name)}"
    if connection.execute(f"select 1 from ops.value_map where {mapped} limit 1").fetchall():
        evidence = f"coalesce(m.decision_id, {format_decision}) as evidence"
        votes = "m.votes, coalesce(m.confidence, 1.0) as confidence"
        join = (
            f" left join (select * from ops.value_map where {mapped}) m on m.resolved = s.{name}::varchar "
            f"and {operator} like 'resolve:%' and {clean_text_sql(raw)} = m.value"
        )
    return (
        f'select {literal(table.name)} as "table", {_key_text(table)} as row_id, {place}, '
        f'{literal(column.name)} as "column", {raw} as before, s.{name}::varchar as after, '
        f"{operator} as operator, {evidence}, {votes}, s._row as _row "
        f"from live.{ident(table.name)} s{join} where {operator} is not null"
    )


def _place(row: str) -> str:
    return f"{file_name(row)} as file, {row_line(row)} as line"


def _key_text(table: Table) -> str:
    """Return SQL for the key of a staged row `s` as text; empty without a key."""
    parts = [f"{literal(name + '=')} || coalesce(s.{ident(name)}::varchar, '')" for name in table.key]
    return " || ', ' || ".join(parts) or "''"


def _landed_rows(table: Table, landed: Sequence[LandedTable], headers: Mapping[str, Sequence[str]]) -> str:
    parts = [f"select {_no_columns(table)} where false"]
    for source in landed:
        names = headers[source.relation]
        unknown = [index for index in range(len(names)) if index not in source.fields.values()]
        # Not a struct: its names would have to differ by more than case, and be more than nothing.
        extra = ", ".join(f"{literal(names[index])}, l.c{index}" for index in unknown)
        # Rows of a view over the reader cannot be picked out; those that are staged say the same where all is mapped.
        from_stage = source.only_file is not None and not unknown
        relation = f"stage.{ident(table.name)}" if from_stage else source.relation
        fields = ", ".join(
            f"{_staged_text(column.name) if from_stage else f'l.c{source.fields[column.name]}'} as {ident(column.name)}"
            if column.name in source.fields
            else f"null::varchar as {ident(column.name)}"
            for column in table.columns
        )
        own = f" where {row_file('l._row')} = {source.only_file}" if from_stage else ""
        parts.append(
            f"select {fields}, q._reason, q._rule, {file_name('l._row')} as _file, {row_line('l._row')} as _line, "
            f"l._row, null::varchar as _raw, "
            f"{f'json_object({extra})::varchar' if unknown else 'null::varchar'} as _extra "
            f"from {relation} l join ({_reasons(table)}) q on q._row = l._row{own}"
        )
    return " union all by name ".join(parts)


def _staged_text(column: str) -> str:
    """Return SQL for the landed text of a staged cell `l`: kept where it is not the canonical text of the value."""
    raw, value = f"l.{ident(raw_name(column))}", f"l.{ident(column)}::varchar"
    return f"case when l.{ident(operator_name(column))} is null then coalesce({raw}, {value}) else {raw} end"


def _derived_rows(table: Table) -> str:
    fields = ", ".join(
        f"coalesce(s.{ident(raw_name(column.name))}, s.{ident(column.name)}::varchar) as {ident(column.name)}"
        for column in table.columns
    )
    return (
        f"select {fields}, q._reason, q._rule, null::varchar as _file, null::bigint as _line, s._row, "
        "null::varchar as _raw, "
        f"null::varchar as _extra from stage.{ident(table.name)} s join ({_reasons(table)}) q on q._row = s._row"
    )


def _reject_rows(table: Table, file_ids: Sequence[int]) -> str:
    files = ", ".join(str(int(file_id)) for file_id in file_ids) or "-1"
    fields = ", ".join(f"null::varchar as {ident(column.name)}" for column in table.columns)
    return (
        f"select {fields}, r.reason as _reason, {literal(table.name + '.reject')} as _rule, f.name as _file, "
        "r.line as _line, r._row, r.raw as _raw, null::varchar as _extra "
        f"from land.rejects r left join land.files f using (file_id) where r.file_id in ({files})"
    )


def _reasons(table: Table) -> str:
    return (
        "select _row, string_agg(distinct reason, '; ' order by reason) as _reason, "
        "string_agg(distinct rule, '; ' order by rule) as _rule "
        f"from ops.quarantine where table_name = {literal(table.name)} group by _row"
    )


def _no_columns(table: Table) -> str:
    columns = ", ".join(f"null::varchar as {ident(column.name)}" for column in table.columns)
    return (
        f"{columns}, null::varchar as _reason, null::varchar as _rule, null::varchar as _file, null::bigint as _line, "
        "null::bigint as _row, null::varchar as _raw, null::varchar as _extra"
    )


def _copy(connection: duckdb.DuckDBPyConnection, query: str, folder: Path, table: Table, order: str) -> Path:
    """Write the rows of a query in an order without ties; `_row` orders them and is not written."""
    folder.mkdir(parents=True, exist_ok=True)
    path, aside = folder / f"{table.name}.parquet", folder / f".{table.name}.parquet.tmp"
    remove(aside)
    write_file(connection, f"select * exclude (_row) from ({query}) order by {order}", aside)
    return _put_in_place(aside, path)


def _put_in_place(aside: Path, path: Path) -> Path:
    """Let what was written aside take its name; of an earlier attempt nothing is left."""
    if aside.is_dir() or path.is_dir():
        remove(path)
    aside.replace(path)
    sync_folder(path.parent)
    return path
