"""Rows of derived tables: the SQL that made them and, where its shape allows that, the input rows behind one of them.

Traced exactly: one SELECT over tables fed by files, plain or grouped, without set operations, common tables,
subqueries, windows, DISTINCT or LIMIT. Its FROM and WHERE are asked again for file and line, held to the row's values.
Anything else is not traced, and that is said.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from state.contract import Contract, Table
from state.errors import MillwrightError
from state.explanation import Fact, Grid, Section
from tools.checks.rule import counted
from tools.checks.types import expected_type
from tools.explain.material import Material
from tools.explain.staged import StagedRow
from tools.sql.guard import guard_query
from tools.sql.quote import ident, literal
from tools.sql.sandbox import SandboxLimits, Statement, run_statements

_MOST_ROWS = 50
_SECONDS = 30.0
_UNTRACED = (
    exp.SetOperation,
    exp.With,
    exp.Subquery,
    exp.Window,
    exp.Distinct,
    exp.Limit,
    exp.Exists,
    exp.Qualify,
    exp.Unnest,
    exp.Lateral,
)


_CLAUSES = {
    TokenType.SELECT: "select",
    TokenType.FROM: "from",
    TokenType.WHERE: "where",
    TokenType.GROUP_BY: "group by",
    TokenType.HAVING: "having",
    TokenType.ORDER_BY: "order by",
}
_OPENING = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE)
_CLOSING = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE)


class Trace(NamedTuple):
    """The question whose answer is the input rows of one row; or why there is none."""

    query: str
    inputs: tuple[str, ...]  # tables in the order of the answer's pairs of file and line
    reason: str = ""


def inputs_section(material: Material, row: StagedRow) -> Section:
    """Tell the SQL of a derived row and the input rows it was made from."""
    table = row.table
    account = material.run["tables"].get(table.name, {})
    facts = [Fact(label=name, value=f"{rows:,} rows read") for name, rows in account.get("rows_in", {}).items()]
    lead, grids = _answer(material, row)
    return Section(
        key="inputs",
        title="What it is made from",
        lead=lead,
        facts=tuple(facts),
        code=(table.transform_logic or "").strip(),
        grids=grids,
    )


def _answer(material: Material, row: StagedRow) -> tuple[tuple[str, ...], tuple[Grid, ...]]:
    if material.contract is None or material.run_folder is None:
        return ("The input rows cannot be told without the workspace of the run.",), ()
    if any(cell.operator for cell in row.cells):
        return ("The input rows are not traced: a value of the row could not be read as its type.",), ()
    others = [table.name for table in material.contract.tables if table.name != row.table.name]
    where, values = f"{row.table.name}.transformLogic", {cell.column.name: cell.value for cell in row.cells}
    try:
        written = guard_query(row.table.transform_logic or "", tables=others, where=where).sql
        trace = trace_query(material.contract, row.table, written, values)
        if trace.reason:
            return (f"The input rows are not traced: {trace.reason}.",), ()
        guarded = guard_query(trace.query, tables=others, where=where)
        limits = SandboxLimits(seconds=_SECONDS, threads=1, read_only=True)
        rows = run_statements(material.run_folder, [Statement(sql=guarded.sql, fetch=True)], limits=limits)[0]
    except MillwrightError as error:
        return (f"The input rows could not be traced: {error.line()}",), ()
    return _told(trace, rows)


def _told(trace: Trace, rows: Sequence[Sequence[object]]) -> tuple[tuple[str, ...], tuple[Grid, ...]]:
    total = int(str(rows[0][-1])) if rows else 0
    grid = Grid(
        caption=f"Input rows: {counted(total, 'combination')} of " + " and ".join(trace.inputs),
        head=trace.inputs,
        rows=tuple(
            tuple(
                f"{line[2 * at]} line {line[2 * at + 1]}" if line[2 * at] else "(no row)"
                for at in range(len(trace.inputs))
            )
            for line in rows
        ),
        more=f"and {total - len(rows):,} more" if total > len(rows) else "",
    )
    return (), (grid,) if rows else ()


def trace_query(contract: Contract, table: Table, text: str, row: Mapping[str, str | None]) -> Trace:
    """Return the query for file and line of the input rows behind a row with these values (as text).

    `text` is the table's guarded SQL. It is asked again as it was written: its FROM and WHERE are cut out of the text,
    not written anew.
    """
    tree = sqlglot.parse_one(text, read="duckdb")
    reason = _untraceable(tree, contract)
    if reason or not isinstance(tree, exp.Select):
        return Trace("", (), reason or "its SQL is not one SELECT")
    parts = clauses(text)
    wanted = _conditions(tree, table, row, parts)
    if wanted is None:
        return Trace("", (), "what it is grouped by is not among its columns")
    if "where" in parts:
        wanted.append(f"({parts['where']})")
    sources = [source for source in tree.find_all(exp.Table) if source.name]
    fields = ", ".join(f"{ident(each.alias_or_name)}.{name}" for each in sources for name in ("_file", "_line"))
    where = f" where {' and '.join(wanted)}" if wanted else ""
    order = ", ".join(str(at + 1) for at in range(2 * len(sources)))
    query = (
        f"select {fields}, count(*) over () as total from {parts['from']}{where} order by {order} limit {_MOST_ROWS}"
    )
    return Trace(query, tuple(source.name for source in sources))


def clauses(text: str) -> dict[str, str]:
    """Return the text of each clause of one SELECT by its keyword in lower case, as it stands there."""
    found: dict[str, str] = {}
    depth, begins, name = 0, 0, ""
    for token in sqlglot.tokenize(text, read="duckdb"):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 0 and token.token_type in _CLAUSES:
            if name:
                found[name] = text[begins : token.start].strip()
            begins, name = token.end + 1, _CLAUSES[token.token_type]
    found[name] = text[begins:].strip()
    return found


def items(text: str) -> list[str]:
    """Return the parts of a list between its commas, as they stand there."""
    found, depth, begins = [], 0, 0
    for token in sqlglot.tokenize(text, read="duckdb"):
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if depth == 0 and token.token_type is TokenType.COMMA:
            found.append(text[begins : token.start].strip())
            begins = token.end + 1
    return [*found, text[begins:].strip()]


def _untraceable(tree: exp.Expr, contract: Contract) -> str:
    """Return why the input rows of a query cannot be asked for; empty where they can."""
    shape = next((type(each).__name__.lower() for each in tree.walk() if isinstance(each, _UNTRACED)), "")
    if shape or sum(1 for _ in tree.find_all(exp.Select)) != 1:
        return f"its SQL is more than one plain SELECT ({shape or 'subquery'})"
    fed = {table.name.lower() for table in contract.tables if not table.derived}
    made = sorted({source.name for source in tree.find_all(exp.Table) if source.name.lower() not in fed})
    return f"{', '.join(made)} is made from other tables itself" if made else ""


def _conditions(
    tree: exp.Select, table: Table, row: Mapping[str, str | None], parts: Mapping[str, str]
) -> list[str] | None:
    """Return what an input row must satisfy to count for the row; None where a grouping is not among its columns."""
    outputs = _outputs(tree, parts["select"])
    if tree.args.get("group") is None:
        plain = {} if any(tree.find_all(exp.AggFunc)) else outputs
    else:
        grouped = _grouped(tree, items(parts["group by"]), outputs)
        if grouped is None:
            return None
        plain = grouped
    known = {column.name.lower(): column for column in table.columns}
    return [
        f"try_cast(({sql}) as {expected_type(known[name])})::varchar "
        f"is not distinct from {_value(row, known[name].name)}"
        for name, sql in plain.items()
        if name in known
    ]


def _value(row: Mapping[str, str | None], name: str) -> str:
    value = row.get(name)
    return "null" if value is None else literal(value)


def _outputs(tree: exp.Select, text: str) -> dict[str, str]:
    """Return the expression of every output column, without its alias, as it stands in the text."""
    found = {}
    for projection, item in zip(tree.expressions, items(text), strict=True):
        sql = item
        if isinstance(projection, exp.Alias):
            tokens = sqlglot.tokenize(item, read="duckdb")
            last = -2 if tokens[-2].token_type is TokenType.ALIAS else -1
            sql = item[: tokens[last].start].strip()
        found[projection.alias_or_name.lower()] = sql
    return found


def _grouped(tree: exp.Select, groups: list[str], outputs: Mapping[str, str]) -> dict[str, str] | None:
    """Return the output columns that are grouped by, with their expressions; None where a grouping is no output."""
    if [group.lower() for group in groups] == ["all"]:
        aggregated = {each.alias_or_name.lower() for each in tree.expressions if each.find(exp.AggFunc)}
        return {name: sql for name, sql in outputs.items() if name not in aggregated}
    names, found = list(outputs), {}
    for group in groups:
        by_text = next((name for name, sql in outputs.items() if _same(sql, group)), None)
        by_number = names[int(group) - 1] if group.isdigit() and 0 < int(group) <= len(names) else None
        name = by_number or by_text or (group.lower() if group.lower() in outputs else None)
        if name is None:
            return None
        found[name] = outputs[name]
    return found


def _same(one: str, other: str) -> bool:
    return " ".join(one.lower().split()) == " ".join(other.lower().split())
