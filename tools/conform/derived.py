"""Derived columns: the contract's own SQL over the conformed columns of a row, a projection per level of dependency."""

from collections.abc import Collection, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from state.contract import Column, LogicalType, Table
from state.errors import ContractError
from tools.checks.types import expected_type
from tools.sql.quote import ident
from tools.workspace import file_name, operator_name, raw_name, row_line

TEXT = "text$"
"""Prefix of the landed text of a column in the inner levels of the statement."""

_NEW = "new$"


def checked_cast(value_sql: str, column: Column) -> str:
    """Return SQL for a value as the column's type, NULL where it is none: no rounding to whole numbers, no infinity."""
    type_name = expected_type(column)
    cast = f"try_cast({value_sql} as {type_name})"
    if column.logical_type is LogicalType.INTEGER:
        return f"case when try_cast({value_sql} as double) = {cast}::double then {cast} end"
    return f"case when isfinite({cast}) then {cast} end" if type_name in ("DOUBLE", "FLOAT") else cast


def derived_levels(table: Table, derived: Mapping[str, str], fed: Collection[str], query: str) -> str:
    """Return SQL that evaluates the derived columns over the conformed rows of `query`.

    A name in an expression means the conformed column, its own name the conformed source value, the name of another
    derived column its derived value; `_file` and `_line` say where the row comes from. The operator is 'unreadable'
    where the result is not of the type, 'transform' where a column with a source was changed.
    """
    used = {column: read_names(table, column, sql) for column, sql in derived.items()}
    query = _with_origin(query, {name for names in used.values() for name in names})
    for level in _levels(table, used):
        computed = ", ".join(f"({derived[name]}) as {ident(_NEW + name)}" for name in level)
        replaced = ", ".join(_replaced(table.column(name), fed) for name in level)
        query = f"select * replace ({replaced}) from (select *, {computed} from ({query}))"
    return query


def read_names(table: Table, column: str, sql: str) -> set[str]:
    """Return the lower-case names that the expression of a column refers to; ContractError where it is no SQL."""
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except SqlglotError as error:
        raise ContractError(
            "the expression cannot be read as SQL",
            where=f"{table.name}.{column}.transformLogic",
            hint="write one DuckDB expression over the columns of the table",
        ) from error
    return {node.name.casefold() for node in tree.find_all(exp.Column)}


def _with_origin(query: str, names: Collection[str]) -> str:
    """Return SQL that adds `_file` and `_line` where an expression names them."""
    if "_file" in names:
        query = f"select *, {file_name('_row')} as _file from ({query})"
    return f"select *, {row_line('_row')} as _line from ({query})" if "_line" in names else query


def _levels(table: Table, used: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Return the derived columns in levels, each after those it depends on."""
    waiting = {
        name: {other for other in used if other != name and other.casefold() in names} for name, names in used.items()
    }
    levels: list[list[str]] = []
    while waiting:
        level = [name for name, others in waiting.items() if not others & waiting.keys()]
        if not level:
            circle = ", ".join(sorted(waiting))
            raise ContractError(
                f"derived columns depend on each other in a circle: {circle}",
                where=table.name,
                hint="make one of them depend on source columns only",
            )
        levels.append(level)
        waiting = {name: others for name, others in waiting.items() if name not in level}
    return levels


def _replaced(column: Column, fed: Collection[str]) -> str:
    """Return the replacements for the value, operator and raw text of one derived column."""
    name, new = ident(column.name), ident(_NEW + column.name)
    operator, raw = ident(operator_name(column.name)), ident(raw_name(column.name))
    cast = checked_cast(new, column)
    unread = f"{new} is not null and ({cast}) is null"
    if column.name in fed:
        kept = f"({cast}) is not distinct from {name} and not ({unread})"
        changed = f"case when {unread} then 'unreadable' when {kept} then {operator} else 'transform' end"
        text = ident(TEXT + column.name)
        before = f"case when {kept} then {raw} when {unread} then coalesce({text}, {new}::varchar) else {text} end"
    else:
        changed = f"case when {unread} then 'unreadable' end"
        before = f"case when {unread} then {new}::varchar end"
    return f"{cast} as {name}, {changed} as {operator}, {before} as {raw}"
