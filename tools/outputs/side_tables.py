"""Quarantine, merged rows and proposals: the side tables a run writes, beside its changes, for every staged table.

`quarantine/<table>.parquet`: the source's text under the contract's column names, `_reason`, `_rule`, `_file`,
`_line`, `_raw` (the raw line of a reject, else NULL) and `_extra` (JSON of columns the contract does not know).
`merged/<table>.parquet`: row_id, file, line, kept_file, kept_line.
`proposals/<table>.parquet`, of a table that the repair council looked at: what it found in rows to publish and did not
change: table, row_id, file, line, column, before, after (NULL: nothing is known to put there), fault, outcome
(`proposed`, `left`), reason (of the outcome), operator, evidence (in words), votes, confidence.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from state.contract import Table
from tools.conform.witness_rows import LandedTable
from tools.files import remove, sync_folder
from tools.outputs.parquet import write_file
from tools.sql.quote import ident, literal
from tools.workspace import file_name, operator_name, raw_name, row_file, row_line


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


def write_proposals(connection: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> Path | None:
    """Write what the repair council found and did not change; None where it did not look at the table."""
    looked = connection.execute("select count(*) from ops.repairs where table_name = ?", [table.name]).fetchall()
    if not looked[0][0]:
        return None
    query = (
        f'select {literal(table.name)} as "table", {_key_text(table)} as row_id, {file_name("s._row")} as file, '
        f'{row_line("s._row")} as line, r.column_name as "column", r.before, r.after, r.fault, r.outcome, r.reason, '
        f"r.operator, r.evidence, r.votes, r.confidence, s._row from ops.repairs r "
        f"join live.{ident(table.name)} s on s._row = r._row "
        f"where r.table_name = {literal(table.name)} and r.outcome <> 'applied'"
    )
    return _copy(connection, query, folder, table, '_row, "column", after')


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
    return write_rows(connection, f"select * exclude (_row) from ({query}) order by {order}", folder, table)


def write_rows(connection: duckdb.DuckDBPyConnection, query: str, folder: Path, table: Table) -> Path:
    """Write the rows of a query, in its order, as the table's file in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path, aside = folder / f"{table.name}.parquet", folder / f".{table.name}.parquet.tmp"
    remove(aside)
    write_file(connection, query, aside)
    return put_in_place(aside, path)


def put_in_place(aside: Path, path: Path) -> Path:
    """Let what was written aside take its name; of an earlier attempt nothing is left."""
    if aside.is_dir() or path.is_dir():
        remove(path)
    aside.replace(path)
    sync_folder(path.parent)
    return path
