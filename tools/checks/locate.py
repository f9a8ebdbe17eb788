"""Locating violations: file, physical line, key and value of the first rows that break a rule."""

from collections.abc import Mapping, Sequence

import duckdb

from state.checks import Locator
from state.contract import Table
from tools.checks.keys import key_text
from tools.checks.rule import MOST_CHARACTERS, CompiledRule
from tools.workspace import row_file, row_line


def locate_violations(
    connection: duckdb.DuckDBPyConnection, table: Table, broken: Mapping[str, tuple[CompiledRule, tuple[int, ...]]]
) -> dict[str, tuple[Locator, ...]]:
    """Return locators by rule id for the given rows (ids) of each broken rule of one table, in one query.

    File and line are known for conformed tables that are fed by files.
    """
    broken = {rule_id: (rule, rows) for rule_id, (rule, rows) in broken.items() if rows}
    if not broken:
        return {}
    rules = [rule for rule, _ in broken.values()]
    wanted = sorted({row for _, rows in broken.values() for row in rows})
    found = {int(row[0]): row for row in connection.execute(_query(table, rules, wanted)).fetchall()}
    return {
        rule_id: tuple(_locator(found[row], position) for row in rows)
        for position, (rule_id, (_, rows)) in enumerate(broken.items())
    }


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
