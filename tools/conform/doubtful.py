"""What the repair council is shown of a table: which columns, which rows, as text; and which may be changed.

Text is the canonical text of a typed value, and the text as it was read where it has no value of its type. Broken
cells lie in a temporary table of the connection, dropped on leaving:

    council_broken   _row, rule: the rows that break a rule of the table
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256

import duckdb

from state.contract import Contract, LogicalType, RepairScope, Table
from tools.checks.compile import compile_rules
from tools.checks.prepare import prepare_rules
from tools.checks.quarantine import violating_rows_sql
from tools.checks.rule import LIVE, CompiledRule, Relation
from tools.conform.derived import read_names
from tools.sql.quote import ident, literal
from tools.workspace import operator_name, raw_name

MOST_LOOKED_AT = 5_000
"""Rows that the council is shown where only broken cells may be changed: the broken ones first, at most half of it."""

_NESTED = (LogicalType.OBJECT, LogicalType.ARRAY)


def shown_columns(table: Table) -> tuple[str, ...]:
    """Return the columns the council is shown: what is nested, or computed by SQL of the contract, is not."""
    return tuple(
        column.name for column in table.columns if column.logical_type not in _NESTED and column.transform_logic is None
    )


def protected_columns(contract: Contract, table: Table) -> tuple[str, ...]:
    """Return the shown columns whose cells name a row: the key, and what other tables refer to."""
    referred = {
        name
        for other in contract.tables
        for relationship in other.relationships
        if relationship.to_table == table.name
        for name in relationship.to_columns
    }
    return tuple(name for name in shown_columns(table) if name in (*table.key, *referred))


def changeable(contract: Contract, table: Table) -> dict[str, RepairScope]:
    """Return the columns the council may change cells of, or propose for, with their scope; empty where there are none.

    Left out is also what a column's SQL reads: what was computed from it would not fit any more.
    """
    read = {
        name
        for column in table.columns
        if column.transform_logic
        for name in read_names(table, column.name, column.transform_logic)
    }
    protected = protected_columns(contract, table)
    return {
        name: table.column(name).repair
        for name in shown_columns(table)
        if name not in protected and name.casefold() not in read and table.column(name).repair is not RepairScope.NEVER
    }


def cell_rules(contract: Contract, table: Table, relation: Relation = LIVE) -> tuple[CompiledRule, ...]:
    """Return the rules that single rows break, whatever their severity and whether a share of them is allowed."""
    rules = compile_rules(contract, table, relation)
    return tuple(
        rule.model_copy(update={"quarantines": True})
        for rule in rules
        if (rule.violation or rule.search) and not rule.unsupported and not rule.untrusted
    )


def _strict_rules(contract: Contract, table: Table) -> tuple[CompiledRule, ...]:
    """Return the rules for which rows are set aside: a cell that breaks one may be changed.

    They are those by which a table is proved sound, so that a proof leaves out no repair.
    """
    return tuple(rule for rule in compile_rules(contract, table) if rule.quarantines)


@contextmanager
def broken_rows(connection: duckdb.DuckDBPyConnection, contract: Contract, table: Table) -> Iterator[None]:
    """Find which live rows break which rule; they can be asked for until the context is left."""
    rules = prepare_rules(connection, cell_rules(contract, table))
    try:
        found = f"select distinct _row, rule from ({violating_rows_sql(rules, table)})"
        connection.execute(f"create or replace temp table council_broken as {found}")
        yield
    finally:
        connection.execute("drop table if exists temp.council_broken")


def broken_cells(
    connection: duckdb.DuckDBPyConnection, contract: Contract, table: Table, rows: Collection[int]
) -> set[tuple[int, str]]:
    """Return the cells, as row id and column, by which the rows break a rule for which they would be set aside."""
    columns = {rule.id: rule.columns for rule in _strict_rules(contract, table)}
    found = connection.execute(
        "select _row, rule from temp.council_broken where _row in (select unnest(?::bigint[]))", [list(rows)]
    ).fetchall()
    return {(row, column) for row, rule in found for column in columns.get(rule, ())}


def any_broken(
    connection: duckdb.DuckDBPyConnection, contract: Contract, table: Table, columns: Collection[str]
) -> bool:
    """Return whether a row breaks a rule, for which it would be set aside, on one of the columns."""
    asked = [rule.id for rule in _strict_rules(contract, table) if set(rule.columns) & set(columns)]
    found = connection.execute(
        "select count(*) from temp.council_broken where rule in (select unnest(?::varchar[]))", [asked]
    )
    return bool(found.fetchall()[0][0])


def shown_text(column: str) -> str:
    """Return SQL for the text that the council is shown of a column of the staged rows `s`."""
    value, raw, operator = (f"s.{ident(of)}" for of in (column, raw_name(column), operator_name(column)))
    return f"case when {operator} = 'unreadable' then {raw} else {value}::varchar end"


def text_query(table: Table, columns: Sequence[str], *, some: bool) -> str:
    """Return SQL for `_row` and the text of the columns, by row; `some`: of the broken rows and a sample of the others.

    The sample hangs on the ids of the rows alone.
    """
    fields = ", ".join(f"{shown_text(name)} as {ident(name)}" for name in columns)
    live = f"live.{ident(table.name)}"
    where = ""
    if some:
        broken = "select distinct _row from temp.council_broken"
        first = f"select _row from ({broken}) order by hash(_row), _row limit {MOST_LOOKED_AT // 2}"
        others = f"select _row from {live} where _row not in ({broken}) order by hash(_row), _row"
        where = f" where s._row in (from ({first}) union all from ({others} limit {MOST_LOOKED_AT // 2}))"
    return f"select s._row, {fields} from {live} s{where} order by s._row"


def fingerprint(connection: duckdb.DuckDBPyConnection, query: str, *about: str) -> str:
    """Return sixteen digits that change when the rows of a query do, or what is said about them."""
    row = connection.execute(f"select count(*), sum(hash(q)::hugeint) from ({query}) q").fetchall()[0]
    return sha256("\n".join((*map(str, row), *about)).encode()).hexdigest()[:16]


def rows_of(connection: duckdb.DuckDBPyConnection, path: str) -> list[int]:
    """Return the ids of the rows in a file that was put before the council, in their order."""
    query = f"select _row from read_parquet({literal(path)}) order by _row"
    return [int(row[0]) for row in connection.execute(query).fetchall()]
