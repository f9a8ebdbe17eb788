"""What in a staged table is there again and again: whole files loaded twice, and one text that breaks a rule."""

from collections.abc import Sequence
from typing import NamedTuple

import duckdb

from state.contract import Table
from tools.sql.quote import ident
from tools.workspace import raw_name, row_file

_MOST_FILES = 200
"""Files up to which every one is compared with every other."""


class RepeatedLoad(NamedTuple):
    """A file all of whose rows are in another file too."""

    copy: int
    original: int
    rows: int


def repeated_loads(connection: duckdb.DuckDBPyConnection, table: Table, files: int) -> list[RepeatedLoad]:
    """Return the files of a staged table whose every row is in one earlier or larger file as often, the smaller first.

    A file is named once, and no file that is the original of another is a copy.
    """
    if files > _MOST_FILES:
        return []
    content = ", ".join(f"s.{ident(column.name)}" for column in table.columns)
    counted = (
        f"select {row_file('_row')} as file, hash(row({content})) as h, count(*) as n from stage.{ident(table.name)} s "
        "group by 1, 2"
    )
    pairs = connection.execute(
        f"with counted as materialized ({counted}), sizes as (select file, sum(n) as rows from counted group by 1) "
        "select b.file, a.file, any_value(s.rows)::bigint from counted a "
        "join counted b on a.h = b.h and a.file <> b.file "
        "join sizes s on s.file = b.file join sizes t on t.file = a.file "
        "where t.rows > s.rows or (t.rows = s.rows and a.file < b.file) "
        "group by 1, 2 having sum(least(a.n, b.n)) = any_value(s.rows) order by 3, 1, 2"
    ).fetchall()
    found: dict[int, RepeatedLoad] = {}
    for copy, original, rows in pairs:
        if copy not in found and original not in found:
            found[copy] = RepeatedLoad(copy, original, rows)
    originals = {each.original for each in found.values()}
    return [each for each in found.values() if each.copy not in originals]


class RepeatedText(NamedTuple):
    """The text that most rows set aside by a rule have in its column."""

    text: str
    rows: int
    of: int


def broken_by_text(
    connection: duckdb.DuckDBPyConnection, table: Table, column: str, texts: Sequence[str]
) -> dict[str, RepeatedText]:
    """Return for each of the texts of a column how many of its rows were set aside for a rule on that column."""
    text = f"coalesce({ident(raw_name(column))}, {ident(column)}::varchar)"
    aside = "select _row from ops.quarantine where table_name = $1 and starts_with(rule, $2)"
    found = connection.execute(
        f"select _text, count(*) filter (where _row in ({aside})), count(*) "
        f"from (select _row, {text} as _text from stage.{ident(table.name)}) "
        "where list_contains($3::varchar[], _text) group by 1 order by 1",
        [table.name, f"{table.name}.{column}.", list(texts)],
    ).fetchall()
    return {str(value): RepeatedText(str(value), int(rows), int(of)) for value, rows, of in found}


def repeated_text(connection: duckdb.DuckDBPyConnection, table: Table, column: str, rule: str) -> RepeatedText | None:
    """Return the commonest text of a column among the rows that a rule set aside; None where there is no such row."""
    text = f"coalesce({ident(raw_name(column))}, {ident(column)}::varchar)"
    found = connection.execute(
        f"select {text} as v, count(*) as n, sum(count(*)) over () from stage.{ident(table.name)} where _row in "
        "(select _row from ops.quarantine where table_name = ? and rule = ?) and v is not null "
        "group by 1 order by 2 desc, 1 limit 1",
        [table.name, rule],
    ).fetchone()
    return RepeatedText(str(found[0]), int(found[1]), int(found[2])) if found else None
