"""Working tables for the search for witnesses: the values of one column and its rows in comparable form.

Owns temporary tables of the connection, dropped on leaving:

    witness_values   vid, value, key, known (is it valid), rows, files, means (vid of the valid value it is, or is but
                     for case and punctuation; else NULL)
    witness_keys_<i> raw, key, code: the distinct texts of column i and their comparable key
    witness_codes    vid, known, k0, k1, ... (codes of the keys; NULL for a blank), n (rows); rows of a value that
                     means a valid one stand here under that one, as known

The size is bounded: of very many rows a sample by hash of the row id is coded, and columns with very many distinct
texts are left out (a text that hardly ever comes twice links nothing).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from state.values import Value
from tools.conform.clean import clean_text_sql
from tools.conform.landed import file_sql, rows_of_files
from tools.sql.quote import ident

MAX_UNKNOWN = 5_000
"""Unknown values looked at, most frequent first."""

_MAX_ROWS = 2_000_000  # rows with a valid value that are coded; more are sampled
_MAX_ROWS_EACH = 500  # rows coded of each unknown value
_MAX_DISTINCT = 300_000  # a column with more distinct texts is left out
_MAX_COLUMNS = 24
_NUMBER = r"[-+]?(0|[1-9]\d*)(\.\d+)?"


class LandedTable(Value):
    """Landed rows that feed the table: a relation, the files that count, and where each contract column stands."""

    relation: str  # "land.v001"
    file_ids: tuple[int, ...] | None = None  # None: all files of the relation
    fields: dict[str, int]  # contract column -> index i of the landed column c<i>
    only_file: int | None = None  # see `tools.conform.landed.LandedColumn`
    sample: str = ""


class ValidList(Value):
    """The list a column's values must come from: literal values, or a column of a staged table."""

    values: tuple[str, ...] = ()
    relation: str = ""  # "stage.countries"; when given, `values` is not used
    column: str = ""


class WitnessRows:
    """The working tables, and the names of the coded columns in the order of k0, k1, ..."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self._connection = connection

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query over the working tables."""
        return self._connection.execute(sql, list(parameters)).fetchall()


@contextmanager
def witness_rows(
    connection: duckdb.DuckDBPyConnection, column: str, valid: ValidList, sources: Sequence[LandedTable]
) -> Iterator[WitnessRows]:
    """Make the working tables for `column`.

    Where every unknown value means a valid one, because it is that one but for case and punctuation, no row has more to
    say: only `witness_values` is made, and no column is coded.
    """
    used = [source for source in sources if column in source.fields]
    made = ["witness_values", "witness_raw", "witness_rows", "witness_codes"]
    try:
        _list_values(connection, column, valid, used)
        columns: tuple[str, ...] = ()
        if connection.execute("select 1 from witness_values where means is null limit 1").fetchall():
            names = _select_rows(connection, column, used)
            made += [f"witness_keys_{position}" for position in range(len(names))]
            columns = _encode(connection, names)
        yield WitnessRows(connection, columns)
    finally:
        for table in made:
            connection.execute(f"drop table if exists temp.{table}")


def key_sql(text: str) -> str:
    """Return SQL for the comparable form of a text: a number without its spelling, else folded words."""
    folded = f"regexp_replace(replace(lower(strip_accents({text})), '&', ' and '), '[^\\pL\\pN]+', ' ', 'g')"
    short = f"regexp_replace({folded}, '\\bsaint\\b', 'st', 'g')"
    words = f"trim(regexp_replace({short}, '^ *the | the *$', ''))"
    number = f"cast(cast(trim({text}) as double) as varchar)"
    return f"case when regexp_full_match(trim({text}), '{_NUMBER}') then {number} else {words} end"


def _list_values(
    connection: duckdb.DuckDBPyConnection, column: str, valid: ValidList, sources: Sequence[LandedTable]
) -> None:
    """Fill witness_raw (distinct texts of the column) and witness_values (known and unknown values)."""
    counted = " union all ".join(
        f"select c{source.fields[column]} as raw, {file_sql(source.only_file)} as file, count(*) as n "
        f"from {_relation(source.relation)} where {rows_of_files(source.file_ids)} group by all"
        for source in sources
    )
    connection.execute(
        f"create or replace temp table witness_raw as select raw, {clean_text_sql('raw')} as value, file, "
        f"sum(n) as n from ({counted or 'select null::varchar as raw, 0 as file, 0 as n limit 0'}) "
        "where trim(raw) <> '' group by all"
    )
    if valid.relation:
        listed, parameters = f"select cast({ident(valid.column)} as varchar) from {_relation(valid.relation)}", []
    else:
        listed, parameters = "select unnest(?::varchar[])", [list(valid.values)]
    connection.execute(
        f"""create or replace temp table witness_values as
        with listed(value) as ({listed}), valid as (select distinct value from listed where trim(value) <> ''),
        landed as (select value, sum(n) as rows, count(distinct file) as files from witness_raw
            where value <> '' group by value),
        merged as (select coalesce(v.value, l.value) as value, v.value is not null as known,
            coalesce(l.rows, 0)::bigint as rows, coalesce(l.files, 0) as files
            from valid v full join landed l using (value)
            qualify known or row_number() over (partition by known order by l.rows desc, value) <= {MAX_UNKNOWN}),
        numbered as (select row_number() over (order by known, value) as vid, *, {key_sql("value")} as key from merged),
        plain as (select key, min(vid) as vid from numbered where known and regexp_matches(value, '\\pL')
            group by key having count(*) = 1)
        select n.vid, n.value, n.key, n.known, n.rows, n.files, case when n.known then n.vid else p.vid end as means
        from numbered n left join plain p using (key)""",
        parameters,
    )


def _select_rows(connection: duckdb.DuckDBPyConnection, column: str, sources: Sequence[LandedTable]) -> tuple[str, ...]:
    """Fill witness_rows with (a sample of) the rows, their value's id and the text of every other column."""
    names = tuple(dict.fromkeys(name for source in sources for name in source.fields if name != column))[:_MAX_COLUMNS]
    selects = []
    for source in sources:
        texts = "".join(
            f", {f'c{source.fields[name]}' if name in source.fields else 'null::varchar'} as x{position}"
            for position, name in enumerate(names)
        )
        own, relation = f"c{source.fields[column]}", _relation(source.relation)
        selects.append(f"select _row, {own} as raw{texts} from {relation} where {rows_of_files(source.file_ids)}")
    connection.execute(
        f"""create or replace temp table witness_rows as
        with total as (select ceil(sum(rows) / {_MAX_ROWS}) as every from witness_values where known),
        texts as (select distinct r.raw, coalesce(v.means, v.vid) as vid, v.means is not null as known,
            case when v.known then (select every from total)
            else ceil(v.rows / {_MAX_ROWS_EACH}) end::ubigint as every
            from witness_raw r join witness_values v using (value))
        select t.vid, t.known, s.* exclude (_row, raw) from ({" union all ".join(selects)}) s join texts t using (raw)
        where hash(s._row) % t.every = 0"""
    )
    return names


def _encode(connection: duckdb.DuckDBPyConnection, names: tuple[str, ...]) -> tuple[str, ...]:
    """Fill the key tables and witness_codes; return the names of the columns kept, in the order of their codes."""
    kept: list[str] = []
    joins, codes = "", ""
    for position, name in enumerate(names):
        table = f"witness_keys_{len(kept)}"
        (distinct,) = connection.execute(f"select approx_count_distinct(x{position}) from witness_rows").fetchall()[0]
        if not 0 < distinct <= _MAX_DISTINCT:
            continue
        # Materialized, for else the filter is pushed down to the rows and every one is folded instead of every text.
        connection.execute(
            f"""create or replace temp table {table} as
            with texts as (select distinct x{position} as raw from witness_rows),
            keyed as materialized (select raw, {key_sql("raw")} as key from texts)
            select raw, key, dense_rank() over (order by key) as code from keyed where key <> ''"""
        )
        joins += f" left join {table} t{len(kept)} on t{len(kept)}.raw = r.x{position}"
        codes += f", t{len(kept)}.code as k{len(kept)}"
        kept.append(name)
    connection.execute(
        f"create or replace temp table witness_codes as select r.vid, r.known{codes}, count(*) as n "
        f"from witness_rows r{joins} group by all"
    )
    return tuple(kept)


def _relation(name: str) -> str:
    """Return the quoted name of schema.table; a table that is quoted already stays as it is."""
    schema, _, table = name.partition(".")
    quoted = table if table.startswith('"') else ident(table)
    return f"{ident(schema)}.{quoted}"
