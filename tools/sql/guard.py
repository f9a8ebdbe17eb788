"""The guard: SQL that a contract or a model wrote is read before anything runs it.

Two independent readers must accept the text: sqlglot (the shape of the statement) and the engine's own parser (the
exact tables, functions and types it would look up), and both must see the same tables. What is returned is the text as
it was written, without its comments and a closing semicolon, so that it can be put into parentheses; it is never
transpiled.

The guard bounds what a statement may touch, not what it costs: a cross join is a plain SELECT. The process of
`tools.sql.sandbox` bounds cost.
"""

from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import NoReturn

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from state.errors import UntrustedSqlError
from state.values import Value
from tools.sql import functions
from tools.sql.engine_tree import Node, Refuse, Rules, Uses, parse_select, walk

MAX_CHARACTERS = 100_000
MAX_TOKENS = 20_000
MAX_NESTING = 30
MAX_CHAIN = 200

_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END})
_STARTS = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.VALUES, TokenType.L_PAREN})
_QUERY_STARTS = _STARTS - {TokenType.L_PAREN}
_CHAINED = frozenset({TokenType.L_BRACKET, TokenType.DOT})
"""What may follow a closing bracket again and again: sqlglot needs quadratic time for such a chain."""
_SELECT_HINT = "write one SELECT statement over the tables of the contract"
_FORBIDDEN = (
    exp.Command,
    exp.DDL,
    exp.DML,
    exp.Into,
    exp.Placeholder,
    exp.Parameter,
    exp.Pivot,
    exp.HistoricalData,
    exp.TableSample,
    exp.Describe,
    exp.Summarize,
    exp.ReadCSV,
    exp.ReadParquet,
)
"""Parts of a tree of sqlglot that no SELECT over given tables needs."""


class GuardedQuery(Value):
    """A query that may run in the sandbox."""

    sql: str  # without comments and closing semicolon; may be put into parentheses
    tables: tuple[str, ...]  # given tables it reads, as given, sorted
    columns: tuple[str, ...]  # its output columns in their order; empty where they are not known from the text


class GuardedExpression(Value):
    """An expression of one row that may run in the sandbox."""

    sql: str  # without comments; may be put into parentheses
    columns: tuple[str, ...]  # given columns it reads, as given, sorted


def guard_query(sql: str, *, tables: Collection[str], where: str, clock: bool = False) -> GuardedQuery:
    """Return `sql` as a query over `tables`; `clock` allows `current_date` and the like (for checks, not for data).

    Raises UntrustedSqlError, with `where`, for anything but one SELECT with listed functions over the given tables.
    """
    refuse = _refuser(where)
    text = _statement_text(sql, refuse)
    rules = Rules(
        tables=frozenset(table.lower() for table in tables),
        functions=functions.SCALARS | functions.AGGREGATES | functions.WINDOWS | functions.ROW_MAKERS,
        clock=clock,
        refuse=refuse,
    )
    tree = _parse(text, refuse)
    seen = _check_shape(tree, refuse)
    uses = walk(parse_select(text, refuse), rules)
    parse_select(f"select * from ({text}) as guarded", refuse)  # no quote or comment may swallow what follows it
    if not uses.tables <= seen:
        refuse("it is read differently by two parsers", "write it in plainer SQL")
    names = [name for name in tree.named_selects if isinstance(tree, exp.Query)]
    known = (
        bool(names) and all(name and name != "*" for name in names) and not any(tree.find_all(exp.Star, exp.Columns))
    )
    return GuardedQuery(sql=text, tables=_as_given(uses.tables, tables), columns=tuple(names) if known else ())


def guard_expression(
    sql: str, *, columns: Collection[str], where: str, clock: bool = False, aggregates: bool = False
) -> GuardedExpression:
    """Return `sql` as an expression of one row over `columns`; with `aggregates` also aggregates and windows.

    Raises UntrustedSqlError, with `where`, for anything else: subqueries, stars, unknown names, whole statements.
    """
    refuse = _refuser(where)
    text = _statement_text(sql, refuse, expression=True)
    many = functions.AGGREGATES | functions.WINDOWS if aggregates else frozenset[str]()
    rules = Rules(tables=frozenset(), functions=functions.SCALARS | many, clock=clock, refuse=refuse)
    statement = f"select {text}"
    _check_shape(_parse(statement, refuse), refuse)
    node = parse_select(statement, refuse)
    if not _is_bare(node):
        refuse("it is more than one expression", "write one expression, without alias, FROM or WHERE")
    uses = walk(node, rules)
    _check_row_expression(uses, columns, refuse, aggregates=aggregates)
    parse_select(f"select ({text}) as guarded", refuse)
    return GuardedExpression(sql=text, columns=_as_given(uses.columns, columns))


def _refuser(where: str) -> Refuse:
    def refuse(what: str, hint: str) -> NoReturn:
        raise UntrustedSqlError(what, where=where, hint=hint)

    return refuse


def _statement_text(sql: str, refuse: Refuse, *, expression: bool = False) -> str:
    """Return the text of the one statement in `sql`, comments replaced by a space."""
    if len(sql) > MAX_CHARACTERS:
        refuse(f"it is longer than {MAX_CHARACTERS:,} characters", "shorten it")
    if any(not char.isprintable() and char not in "\t\n\r" for char in sql):
        refuse("it holds a control or invisible character", "write it in visible characters")
    try:
        tokens = sqlglot.tokenize(sql, read="duckdb")
    except SqlglotError:
        refuse("a quote or comment is not closed", "close it")
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        refuse("it is empty", _SELECT_HINT)
    _check_tokens(tokens, refuse, expression=expression)
    return "".join(_slices(sql, tokens))


def _check_tokens(tokens: list[Token], refuse: Refuse, *, expression: bool) -> None:
    if len(tokens) > MAX_TOKENS:
        refuse(f"it has more than {MAX_TOKENS:,} words", "shorten it")
    if any(token.token_type is TokenType.SEMICOLON for token in tokens):
        refuse("it holds more than one statement", _SELECT_HINT)
    first = tokens[0]
    if expression and first.token_type in _QUERY_STARTS:
        refuse(
            f"it is a statement ({first.text.upper()} ...), not an expression",
            "write the expression alone; a SELECT belongs into transformLogic of the table",
        )
    if not expression and first.token_type not in _STARTS:
        refuse(f"it starts with {first.text.upper()!r}", _SELECT_HINT)
    depth = chain = 0
    for before, token in pairwise(tokens):
        depth += (before.token_type in _OPENING) - (before.token_type in _CLOSING)
        chain += token.token_type in _CHAINED and before.token_type in _CLOSING
        if depth > MAX_NESTING or chain > MAX_CHAIN:
            refuse(f"it is nested deeper than {MAX_NESTING} levels", "split it into common table expressions")


def _slices(sql: str, tokens: list[Token]) -> Iterator[str]:
    """Yield the text of the tokens and, between them, white space as written; a gap with a comment is one space."""
    for index, token in enumerate(tokens):
        gap = sql[tokens[index - 1].end + 1 : token.start] if index else ""
        yield gap if gap.isspace() or not gap else " "
        yield sql[token.start : token.end + 1]


def _parse(text: str, refuse: Refuse) -> exp.Query:
    try:
        trees = sqlglot.parse(text, read="duckdb")
    except SqlglotError as error:
        first = str(error).splitlines()[0]
        refuse(f"it cannot be read: {first}", "write one SELECT statement in DuckDB's SQL")
    except RecursionError:
        refuse("it is nested too deeply", "split it into common table expressions")
    tree = trees[0]
    if len(trees) != 1 or not isinstance(tree, exp.Query):
        refuse("it is not one SELECT statement", _SELECT_HINT)
    return tree


def _check_shape(tree: exp.Query, refuse: Refuse) -> frozenset[str]:
    """Refuse what a plain SELECT does not hold; return the lower-case names of all relations it reads."""
    names: set[str] = set()
    for node in tree.walk():
        if isinstance(node, _FORBIDDEN):
            refuse(f"it uses {node.key.upper()}, which is not allowed", _SELECT_HINT)
        if isinstance(node, exp.Anonymous) and node.name.lower() not in _KNOWN:
            refuse(f"function {node.name!r} is not allowed", "use functions that compute a value from their arguments")
        if isinstance(node, exp.Table):
            names.add(_relation(node, refuse))
    return frozenset(names)


def _relation(node: exp.Table, refuse: Refuse) -> str:
    if node.db or node.catalog:
        refuse(f"table {node.sql('duckdb')} names a schema or catalogue", f"write {node.name!r} alone")
    if not isinstance(node.this, exp.Identifier | exp.GenerateSeries):
        refuse("a function stands where a table is read", "read the given tables, unnest, range or generate_series")
    return node.name.lower()


def _is_bare(node: Node) -> bool:
    """Whether the statement is `select <expression>` and nothing more."""
    items = node.get("select_list", [])
    rest = [node.get(key) for key in ("where_clause", "having", "qualify", "sample", "modifiers", "group_expressions")]
    plain = node.get("type") == "SELECT_NODE" and node["from_table"]["type"] == "EMPTY"
    return plain and len(items) == 1 and not items[0].get("alias") and not any(rest) and not node["cte_map"]["map"]


def _check_row_expression(uses: Uses, columns: Collection[str], refuse: Refuse, *, aggregates: bool) -> None:
    if "SUBQUERY" in uses.classes:
        refuse("it holds a subquery", "a column may use the columns of its own row only")
    if "STAR" in uses.classes or "POSITIONAL_REFERENCE" in uses.classes:
        refuse("it names columns by * or position", "name the columns")
    if "WINDOW" in uses.classes and not aggregates:
        refuse("it looks at other rows", "a column may use the columns of its own row only")
    unknown = sorted(uses.columns - {column.lower() for column in columns})
    if unknown:
        known = ", ".join(sorted(columns)) or "none"
        refuse(f"there is no column {unknown[0]!r}", f"columns it may use: {known}")


def _as_given(names: frozenset[str], given: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in given if name.lower() in names))


_KNOWN = (
    functions.SCALARS
    | functions.AGGREGATES
    | functions.WINDOWS
    | functions.CLOCKS
    | functions.ROW_MAKERS
    | functions.SERIES
    | frozenset(functions.PADDED)
    | functions.PATTERNED
)
"""Functions sqlglot has no class for may have these names; which of them fit is decided on the engine's own tree."""
