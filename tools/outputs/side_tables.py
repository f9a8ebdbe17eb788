"""Quarantine, merged rows and changes: the side tables a run writes for every published or refused table.

`quarantine/<table>.parquet`: the source's text under the contract's column names, `_reason`, `_rule`, `_file`,
`_line`, `_raw` (the raw line of a reject, else NULL) and `_extra` (JSON of columns the contract does not know).
`merged/<table>.parquet`: row_id, file, line, kept_file, kept_line.
`changes/<table>.parquet`: table, row_id, file, line, column, before, after, operator, evidence, votes, confidence.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from state.contract import Table
from tools.conform.clean import clean_text_sql
from tools.conform.witness_rows import LandedTable
from tools.files import sync_file, sync_folder
from tools.outputs.parquet import one_thread
from tools.sql.quote import ident, literal
from tools.workspace import operator_name, raw_name, row_file, row_line


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
    connection: duckdb.DuckDBPyConnection, table: Table, decisions: Mapping[str, str], folder: Path
) -> Path:
    """Write one row for every changed cell of the rows to publish.

    `decisions` gives the id of the decision on the format of "table.column"; a cell whose change needed no judgement
    (trimming, Unicode form) names none. A resolved cell names the decision on its value, and carries the votes.
    """
    parts = " union all ".join(
        f'select {_key_text(table)} as row_id, s._row, {literal(column.name)} as "column", '
        f"s.{ident(raw_name(column.name))} as before, s.{ident(column.name)}::varchar as after, "
        f"s.{ident(operator_name(column.name))} as operator, "
        f"{literal(decisions.get(f'{table.name}.{column.name}', ''))} as format_decision "
        f"from live.{ident(table.name)} s where s.{ident(operator_name(column.name))} is not null"
        for column in table.columns
    )
    # Rows of a derived table are numbered 1, 2, ...: read as ids of files' rows they would be lines of the first file.
    file_id = "null" if table.derived else row_file("c._row")
    query = (
        f'select {literal(table.name)} as "table", c.row_id, f.name as file, '
        f"{'null::bigint' if table.derived else row_line('c._row')} as line, "
        'c."column", c.before, c.after, c.operator, '
        "coalesce(m.decision_id, nullif(c.format_decision, '')) as evidence, m.votes, "
        "coalesce(m.confidence, 1.0) as confidence, c._row "
        f"from ({parts}) c left join land.files f on f.file_id = {file_id} "
        f'left join ops.value_map m on m.table_name = {literal(table.name)} and m.column_name = c."column" '
        f"and m.resolved = c.after and c.operator like 'resolve:%' and {clean_text_sql('c.before')} = m.value"
    )
    return _copy(connection, query, folder, table, 'file, line, _row, "column"')


def _key_text(table: Table) -> str:
    """Return SQL for the key of a staged row `s` as text; empty without a key."""
    parts = [f"{literal(name + '=')} || coalesce(s.{ident(name)}::varchar, '')" for name in table.key]
    return " || ', ' || ".join(parts) or "''"


def _landed_rows(table: Table, landed: Sequence[LandedTable], headers: Mapping[str, Sequence[str]]) -> str:
    parts = [f"select {_no_columns(table)} where false"]
    for source in landed:
        names = headers[source.relation]
        fields = ", ".join(
            f"l.c{source.fields[column.name]} as {ident(column.name)}"
            if column.name in source.fields
            else f"null::varchar as {ident(column.name)}"
            for column in table.columns
        )
        unknown = [index for index in range(len(names)) if index not in source.fields.values()]
        # Not a struct: its names would have to differ by more than case, and be more than nothing.
        extra = ", ".join(f"{literal(names[index])}, l.c{index}" for index in unknown)
        parts.append(
            f"select {fields}, q._reason, q._rule, f.name as _file, {row_line('l._row')} as _line, l._row, "
            f"null::varchar as _raw, {f'json_object({extra})::varchar' if unknown else 'null::varchar'} as _extra "
            f"from {source.relation} l join ({_reasons(table)}) q on q._row = l._row "
            f"left join land.files f on f.file_id = {row_file('l._row')}"
        )
    return " union all by name ".join(parts)


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
    with one_thread(connection):  # the order of rows written by one thread is the same every time
        connection.execute(
            f"copy (select * exclude (_row) from ({query}) order by {order}) to {literal(str(aside))} (format parquet)"
        )
    sync_file(aside)
    aside.replace(path)
    sync_folder(folder)
    return path
