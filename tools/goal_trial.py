"""Trying SQL that a model drafted on samples of rows: guarded first, then run where it can be killed.

The sample's text is cast plainly, before formats are decided: a date or a number in another notation is null in it.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from state.contract import Column, Contract, Table
from state.errors import UntrustedSqlError
from state.goal import MOST_SQL, Gap, SampleResult
from tools.checks.types import expected_type
from tools.conform.derived import checked_cast
from tools.sql.guard import guard_expression, guard_query
from tools.sql.quote import ident, literal
from tools.sql.sandbox import SandboxLimits, Statement, run_statements
from tools.workspace import open_workspace

MOST_ROWS = 100
"""Rows of a sample."""

_SHOWN = 5
_LONGEST = 200
_LIMITS = SandboxLimits(seconds=20, memory="1GB", threads=1, max_result_rows=MOST_ROWS)

Rows = Sequence[Mapping[str, str | None]]
"""Rows of a sample as text, by contract column."""

Sample = Mapping[str, Rows]
"""Rows of each table that files feed."""


def try_draft(contract: Contract, gap: Gap, sql: str, sample: Sample) -> tuple[str, tuple[SampleResult, ...]]:
    """Return the SQL for a gap without its comments, and what it makes of a few rows.

    Raises UntrustedSqlError or ResourceError, with the gap's subject as its place, when it may not run, cannot, takes
    too much, or gives what is not of the type.
    """
    if len(sql) > MOST_SQL:
        raise UntrustedSqlError(f"it is longer than {MOST_SQL:,} characters", where=gap.subject, hint="shorten it")
    table = contract.table(gap.table)
    if not gap.column:
        return try_query(contract, table, sql, sample)
    known = [column.name for column in gap.known]
    return try_expression(table, table.column(gap.column), sql, known, sample[table.name])


def try_expression(
    table: Table, column: Column, sql: str, known: Sequence[str], rows: Rows
) -> tuple[str, tuple[SampleResult, ...]]:
    """Do what `try_draft` does with an expression of one row, for a column."""
    where = f"{table.name}.{column.name}"
    guarded = guard_expression(sql, columns=[*known, "_file", "_line"], where=where)
    shown = [name for name in known if name in guarded.columns]
    with tempfile.TemporaryDirectory(prefix="millwright-goal-") as folder:
        _load(Path(folder), "sample", table, known, rows)
        (found,) = run_statements(
            Path(folder), [Statement(sql=_query(guarded.sql, column, shown), where=where, fetch=True)], limits=_LIMITS
        )
    for *_, result, misfit in found:
        if misfit:
            what = f"it gives {str(result)[:80]!r}, which is no {expected_type(column)}"
            raise UntrustedSqlError(what, where=where, hint=f"return {expected_type(column)}")
    results = tuple(SampleResult(given=dict(zip(shown, given, strict=True)), result=last) for *given, last, _ in found)
    return guarded.sql, results[:_SHOWN]


def try_query(contract: Contract, table: Table, sql: str, sample: Sample) -> tuple[str, tuple[SampleResult, ...]]:
    """Do what `try_draft` does with a query over tables that files feed, for a table.

    A query that gives no row of the samples is not refused: what joins in all rows need not join in a few.
    """
    guarded = guard_query(sql, tables=list(sample), where=table.name)
    with tempfile.TemporaryDirectory(prefix="millwright-goal-") as folder:
        for name, rows in sample.items():
            known = [column.name for column in contract.table(name).columns if any(column.name in row for row in rows)]
            _load(Path(folder), name, contract.table(name), known, rows)
        statement = Statement(sql=_table_query(guarded.sql, table), where=table.name, fetch=True)
        (found,) = run_statements(Path(folder), [statement], limits=_LIMITS)
    results = []
    for *values, misfits in found:
        if misfits:
            raise UntrustedSqlError(
                f"what it gives for {misfits} is not of the type", where=table.name, hint="cast to the types asked for"
            )
        names = [column.name for column in table.columns]
        told = ", ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
        results.append(SampleResult(given={}, result=told))
    return guarded.sql, tuple(results[:_SHOWN])


def _table_query(sql: str, table: Table) -> str:
    """Return SQL for the columns of the table as text, and the names of those whose values are not of their types."""
    shown = ", ".join(f"left(({checked_cast(ident(c.name), c)})::varchar, {_LONGEST})" for c in table.columns)
    misfit = " || ".join(
        f"case when {ident(c.name)} is not null and ({checked_cast(ident(c.name), c)}) is null "
        f"then {literal(c.name + ' ')} else '' end"
        for c in table.columns
    )
    return f"select {shown}, {misfit} as misfit from ({sql}) order by misfit desc limit {MOST_ROWS}"


def _load(folder: Path, target: str, table: Table, known: Sequence[str], rows: Rows) -> None:
    names = [*known, "_file", "_line"]
    with open_workspace(folder, threads=1) as connection:
        connection.execute(
            f"create or replace temp table given ({', '.join(f'{ident(name)} varchar' for name in names)})"
        )
        if rows:
            marks = ", ".join("?" for _ in names)
            values = [[row.get(name) for name in names] for row in rows[:MOST_ROWS]]
            connection.executemany(f"insert into given values ({marks})", values)
        typed = [f"{checked_cast(ident(name), table.column(name))} as {ident(name)}" for name in known]
        typed += ["_file", "try_cast(_line as bigint) as _line"]
        connection.execute(f"create table main.{ident(target)} as select {', '.join(typed)} from given")


def _query(sql: str, column: Column, shown: Sequence[str]) -> str:
    """Return SQL for the columns used, the result as text, and whether the result is not of the column's type."""
    used = "".join(f"left({ident(name)}::varchar, {_LONGEST}), " for name in shown)
    lacks = "".join(f"({ident(name)} is null)::integer + " for name in shown)
    cast = checked_cast("new$", column)
    result = f"left(coalesce(({cast})::varchar, new$::varchar), {_LONGEST})"
    made = f"(select *, ({sql}) as new$ from main.sample)"
    order = f"{lacks}0::integer, _file, _line"  # rows that tell most first
    return f"select {used}{result}, new$ is not null and ({cast}) is null from {made} order by {order}"
