"""Actions with SQL: a query over the tables of the contract, and a change of values tried on a sample.

What is written here passes the guard and runs in the sandbox, like SQL of a contract. Nothing is changed by it.
"""

from collections.abc import Sequence
from typing import Any

from state.errors import StepError
from tools.actions.bench import Bench, Found
from tools.sql.guard import guard_expression, guard_query
from tools.sql.quote import ident
from tools.sql.sandbox import Row, Statement, run_statements

MOST_ROWS = 50
_MOST_CELL = 120  # characters
_MOST_CHARACTERS = 5_000  # of all rows
_MOST_COLUMNS = 60
_SAMPLE = 10_000  # rows a change is tried on
_EXAMPLES = 10


def execute(bench: Bench, sql: str) -> Found:
    """Run one guarded SELECT and return its first rows."""
    staged = bench.staged()
    query = guard_query(sql, tables=staged, where="sql")
    limited = f"select * from ({query.sql}) as asked limit {MOST_ROWS + 1}"
    (rows,) = _run(bench, limited)
    shown = _bounded(rows[:MOST_ROWS])
    content = {"columns": list(query.columns[:_MOST_COLUMNS]), "rows": shown, "more": len(rows) > len(shown)}
    return Found(content=content, quality=0.5 if rows else 0.3)


def try_change(bench: Bench, table: str, column: str, expression: str) -> Found:
    """Try `expression` as the new value of a column: how many values of the sample change, and some of them."""
    described = bench.table(table)
    names = [each.name for each in described.columns]
    if column not in names:
        raise StepError(f"table {table!r} has no column {column!r}", hint=f"columns: {', '.join(names)}"[:500])
    if table not in bench.staged():
        raise StepError(f"table {table!r} has not been made in this run", hint="search shows what was landed")
    guarded = guard_expression(expression, columns=names, where="expression")
    sample = f"select * from main.{ident(table)} limit {_SAMPLE}"
    tried = f"select {ident(column)}::varchar as before, ({guarded.sql})::varchar as after from ({sample}) as sample"
    counted = (
        "select count(*), count(*) filter (before is distinct from after), count(*) filter (before is null), "
        f"count(*) filter (after is null) from ({tried}) as tried"
    )
    examples = f"select distinct before, after from ({tried}) as tried where before is distinct from after "
    counts, pairs = _run(bench, counted, f"{examples} order by before, after limit {_EXAMPLES}")
    names_of_counts = ("rows", "changed", "null_before", "null_after")
    content: dict[str, object] = dict(zip(names_of_counts, counts[0], strict=True))
    content |= {"examples": [{"before": before, "after": after} for before, after in _bounded(pairs)]}
    return Found(content=content, quality=0.6 if content["changed"] else 0.2)


def _run(bench: Bench, *statements: str) -> list[list[Row]]:
    limits = bench.limits.model_copy(update={"read_only": True, "max_result_rows": MOST_ROWS + 1})
    asked = [Statement(sql=sql, fetch=True, where="query") for sql in statements]
    with bench.turn():
        return run_statements(bench.folder, asked, limits=limits)


def _bounded(rows: Sequence[Row]) -> list[list[Any]]:
    """Return the rows that fit into the answer, with long values cut."""
    shown: list[list[Any]] = []
    characters = 0
    for row in rows:
        cells = [_cell(value) for value in row[:_MOST_COLUMNS]]
        characters += sum(len(str(cell)) + 4 for cell in cells)
        if characters > _MOST_CHARACTERS and shown:
            break
        shown.append(cells)
    return shown


def _cell(value: Any) -> Any:  # noqa: ANN401  any value of the engine
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= _MOST_CELL else text[: _MOST_CELL - 1] + "…"
