"""Resolved values in the conforming statement: what the value map says they become, as SQL.

A few answers are written into the statement. Many are looked up, in one value: a list of small maps by hash. Both keep
the order of the rows; a join does not.
"""

from collections.abc import Mapping, Sequence

import duckdb

from state.contract import Column, LogicalType, Table
from state.values import Value
from tools.checks.types import expected_type
from tools.conform.clean import clean_text_sql
from tools.conform.derived import TEXT
from tools.sql.quote import ident, literal
from tools.workspace import operator_name

_ANSWER = "answer$"  # prefix of what the value map says
_BUCKETS = 1024
_MOST_WRITTEN = 16  # answers of a column up to which comparing with each is faster than looking them up


class Answer(Value):
    """What one value becomes."""

    value: str
    resolved: str
    operator: str


def read_answers(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, tuple[Answer, ...]]:
    """Return the columns that the value map has answers for, with them; none where they are many."""
    columns = connection.execute(
        "select column_name, count(*) from ops.value_map where table_name = ? group by 1 order by 1", [table]
    ).fetchall()
    return {name: _answers(connection, table, name) if count <= _MOST_WRITTEN else () for name, count in columns}


def _answers(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> tuple[Answer, ...]:
    rows = connection.execute(f"{_grouped(table, column)} order by value").fetchall()
    return tuple(Answer(value=value, **answer) for value, answer in rows)


def resolved_sql(table: Table, columns: Sequence[Column], answers: Mapping[str, Sequence[Answer]], query: str) -> str:
    """Return SQL that replaces values by what the value map says they become."""
    found, replaced = ["*"], []
    for column in columns:
        name, operator = ident(column.name), ident(operator_name(column.name))
        if answers[column.name] and column.logical_type is LogicalType.STRING:
            value, changed = _written(column, answers[column.name])
        else:
            answer = ident(_ANSWER + column.name)
            key = name if column.logical_type is LogicalType.STRING else clean_text_sql(ident(TEXT + column.name))
            found.append(f"{_look_up(table, column, key)} as {answer}")
            value = f"coalesce(try_cast({answer}.resolved as {expected_type(column)}), {name})"
            changed = (
                f"case when {value} is distinct from {name} then 'resolve:' || {answer}.operator else {operator} end"
            )
        replaced += [f"{value} as {name}", f"{changed} as {operator}"]
    return f"select * replace ({', '.join(replaced)}) from (select {', '.join(found)} from ({query}))"


def _written(column: Column, answers: Sequence[Answer]) -> tuple[str, str]:
    """Return SQL for the value of a text column and for its operator, each answer a branch."""
    name, operator = ident(column.name), ident(operator_name(column.name))
    changing = {literal(answer.value): answer for answer in answers if answer.resolved != answer.value}
    if not changing:
        return name, operator
    values = " ".join(f"when {value} then {literal(answer.resolved)}" for value, answer in changing.items())
    operators = " ".join(
        f"when {value} then {literal(f'resolve:{answer.operator}')}" for value, answer in changing.items()
    )
    return f"case {name} {values} else {name} end", f"case {name} {operators} else {operator} end"


def _look_up(table: Table, column: Column, key: str) -> str:
    """Return SQL for the answer of the value map to `key`: a struct of resolved and operator, or NULL."""
    buckets = (
        "select bucket, map(list(value), list(answer)) as answers from "
        f"(select hash(value) % {_BUCKETS} as bucket, value, answer from ({_grouped(table.name, column.name)})) "
        "group by bucket"
    )
    whole = f"select list(answers order by b) from range({_BUCKETS}) r(b) left join ({buckets}) on bucket = b"
    return f"case when {key} is not null then ({whole})[(hash({key}) % {_BUCKETS})::bigint + 1][{key}] end"


def _grouped(table: str, column: str) -> str:
    return (
        "select value, {'resolved': min(resolved), 'operator': arg_min(operator, resolved)} as answer "
        f"from ops.value_map where table_name = {literal(table)} and column_name = {literal(column)} "
        "and value is not null and resolved is not null group by value"
    )
