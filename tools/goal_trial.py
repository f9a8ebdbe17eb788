"""Trying an expression that a model drafted on a sample of rows: guarded first, then run where it can be killed.

The sample's text is cast plainly, before formats are decided: a date or a number in another notation is null in it.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from state.contract import Column, Table
from state.errors import UntrustedSqlError
from state.goal import MOST_SQL, SampleResult
from tools.checks.types import expected_type
from tools.conform.derived import checked_cast
from tools.sql.guard import guard_expression
from tools.sql.quote import ident
from tools.sql.sandbox import SandboxLimits, Statement, run_statements
from tools.workspace import open_workspace

MOST_ROWS = 100
"""Rows of a sample."""

_SHOWN = 5
_LONGEST = 200
_LIMITS = SandboxLimits(seconds=20, memory="1GB", threads=1, max_result_rows=MOST_ROWS)

Rows = Sequence[Mapping[str, str | None]]
"""Rows of a sample as text, by contract column."""


def try_expression(
    table: Table, column: Column, sql: str, known: Sequence[str], rows: Rows
) -> tuple[str, tuple[SampleResult, ...]]:
    """Return the expression without its comments, and what it makes of a few rows.

    Raises UntrustedSqlError or ResourceError, with the column as its place, when it may not run, cannot, takes too
    much, or gives what is not of the column's type.
    """
    where = f"{table.name}.{column.name}"
    if len(sql) > MOST_SQL:
        raise UntrustedSqlError(f"it is longer than {MOST_SQL:,} characters", where=where, hint="shorten it")
    guarded = guard_expression(sql, columns=[*known, "_file", "_line"], where=where)
    shown = [name for name in known if name in guarded.columns]
    with tempfile.TemporaryDirectory(prefix="millwright-goal-") as folder:
        _load(Path(folder), table, known, rows)
        (found,) = run_statements(
            Path(folder), [Statement(sql=_query(guarded.sql, column, shown), where=where, fetch=True)], limits=_LIMITS
        )
    for *_, result, misfit in found:
        if misfit:
            what = f"it gives {str(result)[:80]!r}, which is no {expected_type(column)}"
            raise UntrustedSqlError(what, where=where, hint=f"return {expected_type(column)}")
    results = tuple(SampleResult(given=dict(zip(shown, given, strict=True)), result=last) for *given, last, _ in found)
    return guarded.sql, results[:_SHOWN]


def _load(folder: Path, table: Table, known: Sequence[str], rows: Rows) -> None:
    names = [*known, "_file", "_line"]
    with open_workspace(folder, threads=1) as connection:
        connection.execute(f"create temp table given ({', '.join(f'{ident(name)} varchar' for name in names)})")
        if rows:
            marks = ", ".join("?" for _ in names)
            values = [[row.get(name) for name in names] for row in rows[:MOST_ROWS]]
            connection.executemany(f"insert into given values ({marks})", values)
        typed = [f"{checked_cast(ident(name), table.column(name))} as {ident(name)}" for name in known]
        typed += ["_file", "try_cast(_line as bigint) as _line"]
        connection.execute(f"create table main.sample as select {', '.join(typed)} from given")


def _query(sql: str, column: Column, shown: Sequence[str]) -> str:
    """Return SQL for the columns used, the result as text, and whether the result is not of the column's type."""
    used = "".join(f"left({ident(name)}::varchar, {_LONGEST}), " for name in shown)
    lacks = "".join(f"({ident(name)} is null)::integer + " for name in shown)
    cast = checked_cast("new$", column)
    result = f"left(coalesce(({cast})::varchar, new$::varchar), {_LONGEST})"
    made = f"(select *, ({sql}) as new$ from main.sample)"
    order = f"{lacks}0::integer, _file, _line"  # rows that tell most first
    return f"select {used}{result}, new$ is not null and ({cast}) is null from {made} order by {order}"
