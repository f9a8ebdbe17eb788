"""What the engine itself understands of a SELECT: its parsed tree, walked against the allow-lists.

DuckDB serialises the tree its own parser made, so names here are exactly those it would look up. Only parsing happens:
nothing is bound or run. Every kind of node that is not known to be harmless is refused.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple, NoReturn

import duckdb

from tools.sql import functions

Node = dict[str, Any]
Refuse = Callable[[str, str], NoReturn]
"""Raises; takes what was found and what to do instead."""

MAX_SERIES = 1_000_000
MAX_PAD = 1_000
_WIDE_PATTERN = re.compile(r"\*|\d{4,}|\{[^{}]*\{")
"""A width taken from an argument, or one of four digits and more."""

_QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_RELATIONS = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY"})
_MODIFIERS = frozenset({"ORDER_MODIFIER", "LIMIT_MODIFIER", "DISTINCT_MODIFIER"})
_ORDERS = frozenset({"ORDER_DEFAULT", "ORDER_ASCENDING", "ORDER_DESCENDING", "ASCENDING", "DESCENDING"})
_PLAIN = _QUERIES | _RELATIONS | _MODIFIERS | _ORDERS
_EXPRESSIONS = frozenset(
    {
        "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION",
        "LAMBDA", "OPERATOR", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "TYPE", "WINDOW",
    }
)  # fmt: skip
_FORBIDDEN_KEYS = {
    "sample": "a random sample gives other rows every time",
    "at_clause": "a table cannot be read as of another version",
}


class Scope(NamedTuple):
    """What is visible at a node: names of common table expressions and of lambda parameters, lower case."""

    ctes: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset()


class Rules(NamedTuple):
    """What a statement may use."""

    tables: frozenset[str]  # lower case
    functions: frozenset[str]
    clock: bool
    refuse: Refuse


class Uses(NamedTuple):
    """What a statement uses, lower case."""

    tables: frozenset[str]
    columns: frozenset[str]  # first part of every column reference that is no lambda parameter
    classes: frozenset[str]  # kinds of expressions


def parse_select(sql: str, refuse: Refuse) -> Node:
    """Return the query node of the one SELECT in `sql`; anything else is refused."""
    with _parser().cursor() as connection:
        row = connection.execute("select json_serialize_sql(?::varchar)", [sql]).fetchone()
    try:
        answer: Node = json.loads(row[0]) if row else {}
    except RecursionError:
        refuse("it is nested too deeply", "split it into common table expressions")
    if answer.get("error", True):
        message = str(answer.get("error_message", "it could not be read"))
        refuse(f"the engine cannot read it: {message}", "write one SELECT statement in DuckDB's SQL")
    if len(answer["statements"]) != 1:
        refuse("it holds more than one statement", "write one SELECT statement")
    node: Node = answer["statements"][0]["node"]
    return node


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """Return the engine that parses, with nothing in it: starting one costs more than all it parses for a contract.

    It has no threads of its own, so that a process may be forked from this one.
    """
    return duckdb.connect(":memory:", config={"threads": 1, "enable_external_access": "false"})


def walk(root: Node, rules: Rules) -> Uses:
    """Check every node below `root` and return what it uses."""
    tables: set[str] = set()
    columns: set[str] = set()
    classes: set[str] = set()
    todo: list[tuple[Any, Scope]] = [(root, Scope())]
    while todo:
        node, scope = todo.pop()
        if isinstance(node, list):
            todo.extend((item, scope) for item in node)
        elif isinstance(node, dict):
            _check_kind(node, rules.refuse)
            classes.add(str(node.get("class", "")))
            kind = node.get("class") or node.get("type")
            if kind == "BASE_TABLE":
                tables.update(_check_table(node, scope, rules))
            elif kind == "COLUMN_REF":
                columns.update(_check_column(node, scope, rules))
            elif kind in _CHECKS:
                _CHECKS[kind](node, rules)
            todo.extend(_children(node, scope))
    return Uses(frozenset(tables), frozenset(columns), frozenset(classes - {""}))


def _check_kind(node: Node, refuse: Refuse) -> None:
    for key, reason in _FORBIDDEN_KEYS.items():
        if node.get(key):
            refuse(f"it uses {key.replace('_clause', '')}", reason)
    if "class" in node:
        if node["class"] not in _EXPRESSIONS:
            refuse(f"it uses {str(node['class']).lower()}, which is not allowed", "use plain columns and values")
    elif isinstance(node.get("type"), str) and node["type"] not in _PLAIN:
        name = node["type"].removesuffix("_NODE").lower()
        refuse(f"it uses {name}, which is not allowed", "read the given tables with a plain SELECT")


def _check_table(node: Node, scope: Scope, rules: Rules) -> set[str]:
    path = node["qualified_name"]["path"]
    name = path[-1].lower()
    if len(path) > 1:
        rules.refuse(f"table {'.'.join(path)!r} names a schema or catalogue", f"write {path[-1]!r} alone")
    if name in scope.ctes:
        return set()
    if name not in rules.tables:
        known = ", ".join(sorted(rules.tables)) or "none"
        rules.refuse(f"it reads {path[-1]!r}, which is not a table of the contract", f"tables it may read: {known}")
    return {name}


def _check_column(node: Node, scope: Scope, rules: Rules) -> set[str]:
    path = [part.lower() for part in node["column_names"]]
    if path[0] in scope.parameters:
        return set()
    if len(path) == 1 and path[0] in functions.SESSION_WORDS:
        rules.refuse(f"it reads {path[0]}", "the result must depend on the data alone")
    if len(path) == 1 and path[0] in functions.CLOCKS and not rules.clock:
        rules.refuse(f"it reads the clock ({path[0]})", "the result must depend on the data alone")
    return {path[0]}


def _check_function(node: Node, rules: Rules) -> None:
    path = node["qualified_name"]["path"]
    name = path[-1].lower()
    if len(path) > 1:
        rules.refuse(f"function {'.'.join(path)!r} is qualified or called with a dot", f"write {name}(...)")
    if name in functions.SERIES:
        _check_series(node, rules.refuse)
    elif name in functions.PADDED:
        _check_padding(node, name, rules.refuse)
    elif name in functions.PATTERNED:
        _check_pattern(node, name, rules.refuse)
    elif not (node.get("is_operator") and name in functions.OPERATORS):
        _check_listed(name, rules)


def _check_listed(name: str, rules: Rules) -> None:
    if name in functions.CLOCKS:
        if not rules.clock:
            rules.refuse(f"it reads the clock ({name})", "the result must depend on the data alone")
    elif name not in rules.functions and name in functions.AGGREGATES | functions.WINDOWS:
        rules.refuse(f"{name} looks at other rows", "use the columns of one row, or make a derived table")
    elif name not in rules.functions:
        rules.refuse(f"function {name!r} is not allowed", "use functions that compute a value from their arguments")


def _check_table_function(node: Node, rules: Rules) -> None:
    name = node["function"].get("function_name", "").lower()
    if name not in functions.TABLE_FUNCTIONS:
        rules.refuse(
            f"table function {name!r} is not allowed", "read the given tables, unnest, range or generate_series"
        )


def _check_type(node: Node, rules: Rules) -> None:
    path = node["qualified_name"]["path"]
    if len(path) > 1 or path[-1].lower() not in functions.TYPES:
        rules.refuse(
            f"type {'.'.join(path)!r} is not allowed", "use a type of the engine such as varchar, bigint or date"
        )


def _check_series(node: Node, refuse: Refuse) -> None:
    bounds = [_integer(argument["expression"]) for argument in node["arguments"]]
    if any(bound is None or abs(bound) > MAX_SERIES for bound in bounds):
        refuse(
            f"the bounds of {node['function_name']} are not literal whole numbers up to {MAX_SERIES:,}",
            "write the bounds as numbers; add them to a date with to_days(...)",
        )


def _check_padding(node: Node, name: str, refuse: Refuse) -> None:
    position = functions.PADDED[name]
    arguments = [argument["expression"] for argument in node["arguments"]]
    size = _integer(arguments[position]) if len(arguments) > position else None
    if size is None or not 0 <= size <= MAX_PAD:
        refuse(f"the size given to {name} is not a literal from 0 to {MAX_PAD}", "write the size as a number")
    if any(inner in functions.PADDED for argument in arguments for inner in _function_names(argument)):
        refuse(f"{name} is applied to a result of repeat, lpad or rpad", "write it without nesting")


def _check_pattern(node: Node, name: str, refuse: Refuse) -> None:
    arguments = [argument["expression"] for argument in node["arguments"]]
    literal = (arguments[0].get("literal") or {}) if arguments else {}
    if literal.get("kind") != "STRING" or _WIDE_PATTERN.search(literal["text"]):
        refuse(f"the pattern of {name} is not a literal with widths below 1000", "use concat, lpad or round instead")


def _function_names(node: Any) -> Iterator[str]:  # noqa: ANN401  any part of a parsed tree
    todo = [node]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(item)
        elif isinstance(item, dict):
            if item.get("class") in {"FUNCTION", "WINDOW"}:
                yield str(item.get("function_name", "")).lower()
            todo.extend(item.values())


def _integer(node: Node) -> int | None:
    literal = node.get("literal") or {}
    text = str(literal.get("text", "")).replace("_", "")
    return int(text) if literal.get("kind") == "INTEGER" and text.removeprefix("-").isdecimal() else None


def _children(node: Node, scope: Scope) -> Iterator[tuple[Any, Scope]]:
    """Yield what lies below `node` with what is visible there."""
    inner = scope
    for entry in (node.get("cte_map") or {}).get("map", []):
        query = entry["value"]
        yield query, inner  # sees those before it; itself only through the recursive node below
        inner = inner._replace(ctes=inner.ctes | {entry["key"].lower()})
    if node.get("type") == "RECURSIVE_CTE_NODE":
        inner = inner._replace(ctes=inner.ctes | {node["cte_name"].lower()})
    takes_lambda = node.get("function_name", "").lower() in functions.LAMBDA_TAKERS
    for key, child in node.items():
        if key == "cte_map":
            continue
        if takes_lambda and key == "arguments":
            yield from (_argument(argument, inner) for argument in child)
        else:
            yield child, inner


def _argument(argument: Node, scope: Scope) -> tuple[Any, Scope]:
    """Return what to walk of an argument: a lambda's body with its parameters, or all of it."""
    expression = argument["expression"]
    names = _parameters(expression["lhs"]) if expression.get("class") == "LAMBDA" else None
    if names is None:
        return argument, scope
    return expression["expr"], scope._replace(parameters=scope.parameters | names)


def _parameters(node: Node) -> frozenset[str] | None:
    """Return the names on the left of a lambda; None when anything else stands there."""
    listed = node.get("class") == "FUNCTION" and node.get("function_name") == "row"
    parts = [argument["expression"] for argument in node["arguments"]] if listed else [node]
    if any(part.get("class") != "COLUMN_REF" or len(part["column_names"]) != 1 for part in parts):
        return None
    return frozenset(part["column_names"][0].lower() for part in parts)


_CHECKS: dict[str, Callable[[Node, Rules], None]] = {
    "FUNCTION": _check_function,
    "WINDOW": _check_function,
    "TABLE_FUNCTION": _check_table_function,
    "TYPE": _check_type,
}
