"""Column lineage of a query of the contract: what every output column is made of, and what decides about its rows.

The text is qualified by sqlglot against the columns of the tables it may read, then every scope is read from the inside
out. What cannot be resolved is an `UnresolvedSql`, never a guess.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify

from state.lineage import Relation, Use, Uses, merged
from tools.lineage.expressions import Scope, UnresolvedSql, deciding, is_aggregate, read_expression

__all__ = ["UnresolvedSql", "query_lineage"]

_MOST_ROUNDS = 100
"""A recursive query is read until nothing is added; each round adds at least one use."""


def query_lineage(sql: str, tables: Mapping[str, Iterable[str]]) -> Relation:
    """Return the lineage of a query over `tables` (columns by table), with names in lower case.

    Raises UnresolvedSql where the query, or a column in it, cannot be resolved.
    """
    schema: dict[str, object] = {table: dict.fromkeys(columns, "VARCHAR") for table, columns in tables.items()}
    try:
        tree = qualify(parse_one(sql, dialect="duckdb"), dialect="duckdb", schema=schema, identify=False)
        known = {table.lower(): [column.lower() for column in columns] for table, columns in tables.items()}
        return _read_query(tree, Scope(tables=known, read_query=_read_query))
    except SqlglotError as error:
        raise UnresolvedSql(" ".join(str(error).split())[:300]) from error
    except RecursionError as error:
        raise UnresolvedSql("it is nested too deeply") from error


def _read_query(node: exp.Expr, scope: Scope) -> Relation:
    """Return the lineage of a SELECT, a set operation or either in parentheses."""
    scope = replace(scope, ctes={**scope.ctes, **_read_ctes(node, scope)})
    if isinstance(node, exp.SetOperation):
        return _ordered(node, _read_set(node, scope), scope)
    if isinstance(node, exp.Subquery):
        return _ordered(node, _read_query(node.this, scope), scope)
    if isinstance(node, exp.Select):
        return _read_select(node, scope)
    raise UnresolvedSql(f"{node.key.upper()} is not read")


def _read_ctes(node: exp.Expr, scope: Scope) -> dict[str, Relation]:
    found: dict[str, Relation] = {}
    clause = node.args.get("with_") or node.args.get("with")
    if clause is None:
        return found
    for cte in clause.expressions:
        inside = replace(scope, ctes={**scope.ctes, **found})
        body, name = cte.this, cte.alias.lower()
        if clause.args.get("recursive") and isinstance(body, exp.SetOperation):
            relation = _renamed(cte, _read_query(body.left, inside))
            for _ in range(_MOST_ROUNDS):
                again = _renamed(cte, _read_query(body, replace(inside, ctes={**inside.ctes, name: relation})))
                if again == relation:
                    break
                relation = again
            found[name] = relation
        else:
            found[name] = _renamed(cte, _read_query(body, inside))
    return found


def _renamed(node: exp.Expr, relation: Relation) -> Relation:
    """Return the relation with the column names that an alias such as `t(a, b)` gives."""
    names = [name.lower() for name in node.alias_column_names]
    if not names:
        return relation
    old = list(relation.columns)
    return Relation(
        columns=dict(zip([*names, *old[len(names) :]], relation.columns.values(), strict=True)), rows=relation.rows
    )


def _read_set(node: exp.SetOperation, scope: Scope) -> Relation:
    left, right = _read_query(node.left, scope), _read_query(node.right, scope)
    rows = [left.rows, right.rows]
    names = list(left.columns)
    if node.args.get("by_name"):
        names += [name for name in right.columns if name not in left.columns]
        others = dict(right.columns)
    else:
        if len(left.columns) != len(right.columns):
            raise UnresolvedSql("the sides of a set operation have different numbers of columns")
        others = dict(zip(names, right.columns.values(), strict=True))
    if isinstance(node, exp.Union):
        columns = {name: merged([left.columns.get(name, {}), others.get(name, {})]) for name in names}
    else:  # EXCEPT, INTERSECT: the right side only decides which rows stay
        columns = dict(left.columns)
        rows.append(deciding(Use.FILTER, others.values()))
    if node.args.get("distinct"):
        rows.append(deciding(Use.GROUP_BY, columns.values()))
    return Relation(columns=columns, rows=merged(rows))


def _ordered(node: exp.Expr, relation: Relation, scope: Scope) -> Relation:
    """Return the relation with what its own ORDER BY and LIMIT add."""
    inside = replace(scope, output=relation.columns)
    return Relation(columns=relation.columns, rows=merged([relation.rows, *_order_uses(node, inside)]))


def _order_uses(node: exp.Expr, scope: Scope) -> Iterator[Uses]:
    order = node.args.get("order")
    if order is not None:
        by_all = any(isinstance(item.this, exp.Var) and item.this.name.upper() == "ALL" for item in order.expressions)
        yield deciding(Use.SORT, scope.output.values()) if by_all else read_expression(order, Use.SORT, scope)
    for name in ("limit", "offset"):
        if node.args.get(name) is not None:
            yield read_expression(node.args[name], Use.FILTER, scope)


def _read_select(node: exp.Select, scope: Scope) -> Relation:
    sources: dict[str, Relation] = {}
    inside, decided = scope, list[Uses]()
    first = node.args.get("from_") or node.args.get("from")
    parts = [*([first.this] if first else []), *(node.args.get("joins") or ()), *(node.args.get("laterals") or ())]
    for part in parts:
        inside = replace(inside, sources={**scope.sources, **sources})
        for alias, relation in _relations(part, inside):
            sources[alias] = relation
            decided.append(relation.rows)
    windows = {window.name.lower(): window for window in node.args.get("windows") or ()}
    inside = replace(scope, sources={**scope.sources, **sources}, windows=windows)
    columns = dict(_output(node, inside))
    inside = replace(inside, output=columns)
    decided += [read_expression(on, Use.JOIN, inside) for part in parts for on in _join_conditions(part)]
    decided += _row_uses(node, inside)
    return Relation(columns=columns, rows=merged(decided))


def _output(node: exp.Select, scope: Scope) -> Iterator[tuple[str, Uses]]:
    for item in node.expressions:
        if isinstance(item, exp.Star) or item.find(exp.Columns) is not None or item.is_star:
            raise UnresolvedSql(f"{item.sql('duckdb')} does not name its columns")
        yield item.alias_or_name.lower(), read_expression(item, Use.IDENTITY, scope)


def _relations(node: exp.Expr, scope: Scope) -> Iterator[tuple[str, Relation]]:
    """Yield the relations of one part of a FROM clause by their alias."""
    if isinstance(node, exp.Join):
        yield from _relations(node.this, scope)
        return
    alias = node.alias_or_name.lower()
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
        yield alias, _renamed(node, _named(node, scope))
    elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
        yield from _relations(node.this, scope)
    elif isinstance(node, exp.Subquery):
        yield alias, _renamed(node, _read_query(node, scope))
    elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
        yield alias, _renamed(node, _read_query(node.this, scope))
    else:  # UNNEST, VALUES, ranges: rows made of expressions, of which their number hangs too
        made = read_expression(node, Use.TRANSFORMATION, scope)
        names = node.alias_column_names or [alias]
        yield alias, Relation(columns={name.lower(): made for name in names}, rows=deciding(Use.JOIN, [made]))
    for join in node.args.get("joins") or ():
        yield from _relations(join, scope)


def _named(node: exp.Table, scope: Scope) -> Relation:
    name = node.name.lower()
    if name in scope.ctes:
        return scope.ctes[name]
    if name not in scope.tables:
        raise UnresolvedSql(f"there is no table {name!r}")
    return Relation(columns={column: {(name, column): frozenset({Use.IDENTITY})} for column in scope.tables[name]})


def _join_conditions(node: exp.Expr) -> Iterator[exp.Expr]:
    nested = node.this if isinstance(node, exp.Join) else node
    inner = nested.this if isinstance(nested, exp.Subquery) and isinstance(nested.this, exp.Table) else nested
    for join in chain([node] if isinstance(node, exp.Join) else [], inner.args.get("joins") or ()):
        if join.args.get("on") is not None:
            yield join.args["on"]
        elif join.args.get("using"):
            raise UnresolvedSql("a USING clause could not be resolved")


def _row_uses(node: exp.Select, scope: Scope) -> Iterator[Uses]:
    """Yield what decides which rows there are, and in which order."""
    for name, use in (("where", Use.FILTER), ("having", Use.FILTER), ("qualify", Use.FILTER)):
        if node.args.get(name) is not None:
            yield read_expression(node.args[name], use, scope)
    group, distinct = node.args.get("group"), node.args.get("distinct")
    if group is not None:
        yield read_expression(group, Use.GROUP_BY, scope)
        if group.args.get("all"):
            yield deciding(Use.GROUP_BY, (scope.output[item.alias_or_name.lower()] for item in _keys(node)))
    if distinct is not None:
        on = distinct.args.get("on")
        yield read_expression(on, Use.GROUP_BY, scope) if on else deciding(Use.GROUP_BY, scope.output.values())
    for item in node.expressions:
        if item.find(exp.Explode, exp.Unnest) is not None:
            yield deciding(Use.JOIN, [read_expression(item, Use.TRANSFORMATION, scope)])
    yield from _order_uses(node, scope)


def _keys(node: exp.Select) -> list[exp.Expr]:
    """Return the output columns that hold no aggregate: what GROUP BY ALL groups by."""
    return [item for item in node.expressions if not any(is_aggregate(part) for part in item.walk())]
