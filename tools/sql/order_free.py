"""Whether a query gives the same rows in whatever order, and on however many copies of its tables, they are read.

Asked before SQL of the contract is run on copies of its tables: the engine may plan it otherwise there, and what
hangs on the order of rows (sums of floats, the first of a group, a limit) would become another value. The answer is
no where it is not certain: only what is listed here is known to depend on values alone.
"""

from collections.abc import Iterable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from state.contract import Table
from tools.checks.types import expected_type

_FLOATS = ("DOUBLE", "FLOAT")

_AGGREGATES = (exp.Count, exp.CountIf, exp.Sum, exp.Min, exp.Max, exp.LogicalAnd, exp.LogicalOr)
"""Exact for any order of whole numbers, decimals, dates and text."""

_SCALARS = (
    exp.Cast,
    exp.TryCast,
    exp.Case,
    exp.If,
    exp.Coalesce,
    exp.Nullif,
    exp.Lower,
    exp.Upper,
    exp.Trim,
    exp.Substring,
    exp.Length,
    exp.Concat,
    exp.Abs,
    exp.Extract,
    exp.Year,
    exp.Month,
    exp.Day,
    exp.DateTrunc,
    exp.TimestampTrunc,
    exp.DateDiff,
    exp.Left,
    exp.Right,
    exp.Replace,
    exp.StrPosition,
    exp.StartsWith,
    exp.And,
    exp.Or,
    exp.Exists,
)
"""Values of their arguments alone, none of them a float."""

_ORDERED = (exp.Limit, exp.Offset, exp.Fetch, exp.Window, exp.TableSample, exp.Lateral, exp.Unnest, exp.Qualify)

_FLOAT_TYPES = (exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT)


def order_free(sql: str, tables: Iterable[Table]) -> bool:
    """Return whether the guarded query `sql` over `tables` is certain to give the same rows in any order of theirs."""
    try:
        tree = sqlglot.parse_one(sql, read="duckdb")
    except SqlglotError:
        return False
    floats = {
        column.name.casefold()
        for table in tables
        for column in table.columns
        if expected_type(column).startswith(_FLOATS)
    }
    return not any(_doubtful(node, floats) for node in tree.walk())


def _doubtful(node: exp.Expr, floats: set[str]) -> bool:
    """Return whether the value of a node may hang on the order of rows, or be a float that others are made of."""
    if isinstance(node, _ORDERED) or (isinstance(node, exp.Distinct) and node.args.get("on")):
        return True
    if isinstance(node, exp.Div | exp.Avg):
        return not _is_outermost(node)
    return _is_float(node, floats) or (isinstance(node, exp.Func) and not isinstance(node, (*_AGGREGATES, *_SCALARS)))


def _is_float(node: exp.Expr, floats: set[str]) -> bool:
    """Return whether a node is, or may be another name of, a float."""
    if isinstance(node, exp.Column):
        return node.name.casefold() in floats
    if isinstance(node, exp.TableAlias):
        return bool(floats and node.args.get("columns"))
    if isinstance(node, exp.Star):
        return bool(floats) and not isinstance(node.parent, exp.Count)
    if isinstance(node, exp.DataType):
        return node.this in _FLOAT_TYPES
    return isinstance(node, exp.Literal) and not node.is_string and "e" in node.name.casefold()


def _is_outermost(node: exp.Expr) -> bool:
    """Return whether a node is computed last: in the columns of the outermost query, and in no aggregate."""
    above: exp.Expr | None = node.parent
    while above is not None and not isinstance(above, exp.Query):
        if isinstance(above, exp.AggFunc | exp.Order | exp.Where | exp.Having | exp.Group | exp.Join):
            return False
        above = above.parent
    return above is not None and above.parent is None
