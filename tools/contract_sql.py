"""Faults of the SQL in a contract, found before any data is read: refused by the guard, or by the engine's binder.

The binder sees empty tables with the contract's columns and types, in the sandbox. What only values show (a cast that
fails, a result of many rows) is found when the SQL runs.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from state.checks import Fault
from state.contract import Contract, Severity, Table
from state.errors import MillwrightError, ResourceError, UntrustedSqlError
from state.values import Value
from tools.checks.compile import compile_rules
from tools.checks.run import sql_rule_query
from tools.checks.types import expected_type
from tools.sql.guard import guard_expression, guard_query
from tools.sql.quote import ident
from tools.sql.sandbox import SandboxLimits, Statement, run_statements

_LIMITS = SandboxLimits(seconds=20, memory="1GB", threads=1)


class _Sql(Value):
    """One piece of SQL of the contract, at `place`."""

    place: str
    text: str
    table: str
    kind: str  # "rule", "table" or "column"
    blocks: bool = True  # a fault here stops publishing


def contract_sql_faults(contract: Contract) -> tuple[Fault, ...]:
    """Return a fault for each piece of SQL that no run could use, in the order of the contract.

    The place is that of verdicts and messages: "orders.transformLogic", "orders.amount.transformLogic" or the id of a
    rule. The SQL of a rule that cannot block is a warning. The contract has no other errors.
    """
    pieces = list(_pieces(contract))
    found: dict[str, str] = {}
    statements = []
    for piece in pieces:
        try:
            statements.append(Statement(sql=_bound(contract, piece), where=piece.place, fetch=True))
        except UntrustedSqlError as error:
            found[piece.place] = _message(error)
    if statements and all(table.columns for table in contract.tables):
        found |= _refused(contract, statements)
    return tuple(
        Fault(place=piece.place, message=found[piece.place], error=piece.blocks)
        for piece in pieces
        if piece.place in found
    )


def _pieces(contract: Contract) -> Iterator[_Sql]:
    for table in contract.tables:
        if table.transform_logic is not None:
            place = f"{table.name}.transformLogic"
            yield _Sql(place=place, text=table.transform_logic, table=table.name, kind="table")
        for column in () if table.derived else table.columns:
            if column.transform_logic:
                place = f"{table.name}.{column.name}.transformLogic"
                yield _Sql(place=place, text=column.transform_logic, table=table.name, kind="column")
        for rule in compile_rules(contract, table):
            if rule.untrusted and not rule.unsupported:
                blocks = rule.severity is Severity.ERROR
                yield _Sql(place=rule.id, text=sql_rule_query(rule), table=table.name, kind="rule", blocks=blocks)


def _bound(contract: Contract, piece: _Sql) -> str:
    """Return the guarded SQL as a query for no row, with what the run would read of it."""
    table, names = contract.table(piece.table), [table.name for table in contract.tables]
    if piece.kind == "column":
        known = [*(column.name for column in table.columns), "_file", "_line"]
        expression = guard_expression(piece.text, columns=known, where=piece.place).sql
        return f"select ({expression}) from {ident(table.name)} limit 0"
    if piece.kind == "table":
        others = [name for name in names if name != table.name]
        wanted = ", ".join(f"q.{ident(column.name)}" for column in table.columns) or "*"
        return f"select {wanted} from ({guard_query(piece.text, tables=others, where=piece.place).sql}) q limit 0"
    return f"select * from ({guard_query(piece.text, tables=names, where=piece.place).sql}) q limit 0"


def _refused(contract: Contract, statements: list[Statement]) -> dict[str, str]:
    """Return why the engine refuses statements, by their places; what stands before and after a refused one is fine."""
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="millwright-sql-") as folder:
        tables = [_empty(table) for table in contract.tables]
        waiting = statements
        while waiting:
            try:
                run_statements(Path(folder), [*tables, *waiting], limits=_LIMITS)
            except (UntrustedSqlError, ResourceError) as error:
                places = [statement.where for statement in waiting]
                if error.where not in places:
                    raise
                found[error.where] = _message(error)
                waiting = waiting[places.index(error.where) + 1 :]
            else:
                break
    return found


def _empty(table: Table) -> Statement:
    """Return the statement that makes the table without rows; it is undone where a later one is refused."""
    columns = [f"{ident(column.name)} {expected_type(column)}" for column in table.columns]
    columns += [] if table.derived else ["_file varchar", "_line bigint"]
    return Statement(sql=f"create table main.{ident(table.name)} ({', '.join(columns)})", where=table.name)


def _message(error: MillwrightError) -> str:
    return " ".join(f"{error.what} ({error.hint})".split())
