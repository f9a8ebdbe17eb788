"""Locating violations: file, physical line, key and value of the first rows that break a rule."""

from collections.abc import Sequence

import duckdb

from state.checks import Locator
from state.contract import Table
from tools.checks.keys import key_text
from tools.checks.rule import MOST_CHARACTERS, CompiledRule
from tools.workspace import row_file, row_line


def locate_violations(
    connection: duckdb.DuckDBPyConnection, table: Table, rules: Sequence[CompiledRule], limit: int
) -> dict[str, tuple[Locator, ...]]:
    """Return the locators of the first `limit` violating rows by rule id; all `rules` are of one table.

    File and line are known for conformed tables that are fed by files.
    """
    rows = _first_rows(connection, [rule for rule in rules if not rule.alone], limit)
    for rule in rules:
        if rule.alone:
            rows |= _first_rows(connection, [rule], limit)
    wanted = sorted({row for found in rows.values() for row in found})
    if not wanted:
        return {}
    details = {int(row[0]): row for row in connection.execute(_query(table, rules, wanted)).fetchall()}
    return {
        rule.id: tuple(_locator(details[row], position) for row in rows[rule.id]) for position, rule in enumerate(rules)
    }


def _first_rows(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[CompiledRule], limit: int
) -> dict[str, tuple[int, ...]]:
    """Return the ids of the first violating rows by rule id, found in one scan."""
    if not rules:
        return {}
    flags = ", ".join(f"{rule.violation} as broken{n}" for n, rule in enumerate(rules))
    firsts = ", ".join(f"min(_row, {limit}) filter (where broken{n})" for n in range(len(rules)))
    some = " or ".join(f"broken{n}" for n in range(len(rules)))
    source = rules[0].relation.name(rules[0].table)
    query = f"select {firsts} from (select t._row, {flags} from {source} t) where {some}"
    found = connection.execute(query).fetchall()[0]
    return {rule.id: tuple(ids or ()) for rule, ids in zip(rules, found, strict=True)}


def _query(table: Table, rules: Sequence[CompiledRule], rows: Sequence[int]) -> str:
    relation = rules[0].relation
    values = ", ".join(f"left({rule.value}, {MOST_CHARACTERS})" if rule.value else "null" for rule in rules)
    listed = ", ".join(str(row) for row in rows)
    place, join = "null, null", ""
    if relation.conformed and not table.derived:
        place = f"f.name, {row_line('t._row')}"
        join = f" left join land.files f on f.file_id = {row_file('t._row')}"
    known = {column.name for column in table.columns}
    key = key_text([name for name in table.key if name in known])
    return (
        f"select t._row, {place}, {key}, {values} from {relation.name(table.name)} t{join} where t._row in ({listed})"
    )


def _locator(row: tuple[object, ...], position: int) -> Locator:
    _, file, line, key, *values = row
    value = values[position]
    return Locator(
        file=None if file is None else str(file),
        line=None if file is None else int(str(line)),
        key=str(key)[:MOST_CHARACTERS],
        value=None if value is None else str(value),
    )
