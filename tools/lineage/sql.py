"""Column lineage of a query of the contract: what every output column is made of, and what decides about its rows.

The text is qualified by sqlglot against the columns of the tables it may read, then every scope is read from the inside
out. What cannot be resolved is an `UnresolvedSql`, never a guess.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import cast

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify

from state.lineage import Relation, Use, Uses, merged, through
from tools.sql.functions import AGGREGATES

_MOST_ROUNDS = 100
"""A recursive query is read until nothing is added; each round adds at least one use."""


_HASHES = frozenset({"hash", "md5", "md5_number", "sha1", "sha256"})


class UnresolvedSql(Exception):  # noqa: N818  a finding about a text, not a failure of the run
    """The lineage of a query cannot be told; the message says why."""


def query_lineage(sql: str, tables: Mapping[str, Iterable[str]]) -> Relation:
    """Return the lineage of a query over `tables` (columns by table), with names in lower case.

    Raises UnresolvedSql where the query, or a column in it, cannot be resolved.
    """
    schema = {table: dict.fromkeys(columns, "VARCHAR") for table, columns in tables.items()}
    try:
        tree = qualify(parse_one(sql, dialect="duckdb"), dialect="duckdb", schema=schema, identify=False)
        known = {table.lower(): [column.lower() for column in columns] for table, columns in tables.items()}
        return _read_query(cast("exp.Expression", tree), _Scope(tables=known))
    except SqlglotError as error:
        raise UnresolvedSql(" ".join(str(error).split())[:300]) from error
    except RecursionError as error:
        raise UnresolvedSql("it is nested too deeply") from error


@dataclass(frozen=True, slots=True)
class _Scope:
    """What names mean in one query: given tables, common table expressions, and relations by their alias."""

    tables: Mapping[str, list[str]]
    ctes: Mapping[str, Relation] = field(default_factory=dict)
    sources: Mapping[str, Relation] = field(default_factory=dict)
    windows: Mapping[str, exp.Expression] = field(default_factory=dict)
    output: Mapping[str, Uses] = field(default_factory=dict)  # columns of the query itself, for ORDER BY and the like


def _read_query(node: exp.Expression, scope: _Scope) -> Relation:
    """Return the lineage of a SELECT, a set operation or either in parentheses."""
    scope = replace(scope, ctes={**scope.ctes, **_read_ctes(node, scope)})
    if isinstance(node, exp.SetOperation):
        return _ordered(node, _read_set(node, scope), scope)
    if isinstance(node, exp.Subquery):
        return _ordered(node, _read_query(node.this, scope), scope)
    if isinstance(node, exp.Select):
        return _read_select(node, scope)
    raise UnresolvedSql(f"{node.key.upper()} is not read")


def _read_ctes(node: exp.Expression, scope: _Scope) -> dict[str, Relation]:
    found: dict[str, Relation] = {}
    clause = node.args.get("with_") or node.args.get("with")
    for cte in clause.expressions if clause else ():
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


def _renamed(node: exp.Expression, relation: Relation) -> Relation:
    """Return the relation with the column names that an alias such as `t(a, b)` gives."""
    names = [name.lower() for name in node.alias_column_names]
    if not names:
        return relation
    old = list(relation.columns)
    return Relation(
        columns=dict(zip([*names, *old[len(names) :]], relation.columns.values(), strict=True)), rows=relation.rows
    )


def _read_set(node: exp.SetOperation, scope: _Scope) -> Relation:
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
        rows.append(_deciding(Use.FILTER, others.values()))
    if node.args.get("distinct"):
        rows.append(_deciding(Use.GROUP_BY, columns.values()))
    return Relation(columns=columns, rows=merged(rows))


def _ordered(node: exp.Expression, relation: Relation, scope: _Scope) -> Relation:
    """Return the relation with what its own ORDER BY and LIMIT add."""
    inside = replace(scope, output=relation.columns)
    return Relation(columns=relation.columns, rows=merged([relation.rows, *_order_uses(node, inside)]))


def _order_uses(node: exp.Expression, scope: _Scope) -> Iterator[Uses]:
    order = node.args.get("order")
    if order is not None:
        by_all = any(isinstance(item.this, exp.Var) and item.this.name.upper() == "ALL" for item in order.expressions)
        yield _deciding(Use.SORT, scope.output.values()) if by_all else _expression(order, Use.SORT, scope)
    for name in ("limit", "offset"):
        if node.args.get(name) is not None:
            yield _expression(node.args[name], Use.FILTER, scope)


def _read_select(node: exp.Select, scope: _Scope) -> Relation:
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
    decided += [_expression(on, Use.JOIN, inside) for part in parts for on in _join_conditions(part)]
    decided += _row_uses(node, inside)
    return Relation(columns=columns, rows=merged(decided))


def _output(node: exp.Select, scope: _Scope) -> Iterator[tuple[str, Uses]]:
    for item in node.expressions:
        if isinstance(item, exp.Star) or item.find(exp.Columns) is not None or item.is_star:
            raise UnresolvedSql(f"{item.sql('duckdb')} does not name its columns")
        yield item.alias_or_name.lower(), _expression(item, Use.IDENTITY, scope)


def _relations(node: exp.Expression, scope: _Scope) -> Iterator[tuple[str, Relation]]:
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
        made = _expression(node, Use.TRANSFORMATION, scope)
        names = node.alias_column_names or [alias]
        yield alias, Relation(columns={name.lower(): made for name in names}, rows=_deciding(Use.JOIN, [made]))
    for join in node.args.get("joins") or ():
        yield from _relations(join, scope)


def _named(node: exp.Table, scope: _Scope) -> Relation:
    name = node.name.lower()
    if name in scope.ctes:
        return scope.ctes[name]
    if name not in scope.tables:
        raise UnresolvedSql(f"there is no table {name!r}")
    return Relation(columns={column: {(name, column): frozenset({Use.IDENTITY})} for column in scope.tables[name]})


def _join_conditions(node: exp.Expression) -> Iterator[exp.Expression]:
    nested = node.this if isinstance(node, exp.Join) else node
    inner = nested.this if isinstance(nested, exp.Subquery) and isinstance(nested.this, exp.Table) else nested
    for join in chain([node] if isinstance(node, exp.Join) else [], inner.args.get("joins") or ()):
        if join.args.get("on") is not None:
            yield join.args["on"]
        elif join.args.get("using"):
            raise UnresolvedSql("a USING clause could not be resolved")


def _row_uses(node: exp.Select, scope: _Scope) -> Iterator[Uses]:
    """Yield what decides which rows there are, and in which order."""
    for name, use in (("where", Use.FILTER), ("having", Use.FILTER), ("qualify", Use.FILTER)):
        if node.args.get(name) is not None:
            yield _expression(node.args[name], use, scope)
    group, distinct = node.args.get("group"), node.args.get("distinct")
    if group is not None:
        yield _expression(group, Use.GROUP_BY, scope)
        if group.args.get("all"):
            yield _deciding(Use.GROUP_BY, (scope.output[item.alias_or_name.lower()] for item in _keys(node)))
    if distinct is not None:
        on = distinct.args.get("on")
        yield _expression(on, Use.GROUP_BY, scope) if on else _deciding(Use.GROUP_BY, scope.output.values())
    for item in node.expressions:
        if item.find(exp.Explode, exp.Unnest) is not None:
            yield _deciding(Use.JOIN, [_expression(item, Use.TRANSFORMATION, scope)])
    yield from _order_uses(node, scope)


def _keys(node: exp.Select) -> list[exp.Expression]:
    """Return the output columns that hold no aggregate: what GROUP BY ALL groups by."""
    return [item for item in node.expressions if not any(_is_aggregate(part) for part in item.walk())]


def _deciding(use: Use, parts: Iterable[Uses]) -> Uses:
    return through(use, merged(parts))


def _is_aggregate(node: exp.Expression) -> bool:
    named = isinstance(node, exp.Anonymous) and node.name.lower() in AGGREGATES
    return isinstance(node, exp.AggFunc) or named


def _hides(node: exp.Expression) -> bool:
    named = isinstance(node, exp.Anonymous) and node.name.lower() in _HASHES
    return named or isinstance(node, exp.MD5 | exp.MD5Digest | exp.SHA | exp.SHA2)


def _expression(node: exp.Expression, use: Use, scope: _Scope) -> Uses:
    """Return what an expression is made of, where the expression is used as `use`."""
    for kinds, reader in _READERS:
        if isinstance(node, kinds):
            return reader(node, use, scope)
    deeper = Use.AGGREGATION if _is_aggregate(node) else Use.MASKING if _hides(node) else Use.TRANSFORMATION
    return merged(_expression(child, use.after(deeper), scope) for child in node.iter_expressions())


def _same(node: exp.Expression, use: Use, scope: _Scope) -> Uses:
    return _expression(node.this, use, scope)


def _column(node: exp.Expression, use: Use, scope: _Scope) -> Uses:
    column = cast("exp.Column", node)
    name, table = column.name.lower(), column.table.lower()
    if table in scope.sources and name in scope.sources[table].columns:
        return through(use, scope.sources[table].columns[name])
    if not table and name in scope.output:
        return through(use, scope.output[name])
    if not table and name in scope.sources:
        return _row(node, use, scope)
    raise UnresolvedSql(f"column {column.sql('duckdb')} could not be resolved")


def _row(node: exp.Expression, use: Use, scope: _Scope) -> Uses:
    """Read the name of a relation that stands for a whole row as one value."""
    name = node.name.lower()
    if name not in scope.sources:
        raise UnresolvedSql(f"{node.sql('duckdb')} could not be resolved")
    return through(use.after(Use.TRANSFORMATION), merged(scope.sources[name].columns.values()))


def _case(node: exp.Expression, use: Use, scope: _Scope) -> Uses:
    value = use.after(Use.TRANSFORMATION)
    decided = [node.args.get("this")] if isinstance(node, exp.Case) else []
    branches = node.args.get("ifs") or [node]
    decided += [branch.this for branch in branches]
    made = [branch.args.get("true") for branch in branches] + [node.args.get("default"), node.args.get("false")]
    return merged(
        [_expression(part, use.after(Use.CONDITIONAL), scope) for part in decided if part is not None]
        + [_expression(part, value, scope) for part in made if part is not None]
    )


def _filtered(node: exp.Expression, use: Use, scope: _Scope) -> Uses:
    condition = _expression(node.expression, use.after(Use.FILTER), scope)
    return merged([_expression(node.this, use, scope), condition])


def _sorted(node: exp.Expression, use: Use, scope: _Scope) -> Uses:
    """Read the ORDER BY inside an aggregate: what is ordered by decides, what is ordered is used."""
    parts = [_expression(item, use.after(Use.SORT), scope) for item in node.expressions]
    return merged([*parts, *([_expression(node.this, use, scope)] if node.this is not None else [])])


def _window(node: exp.Expression, use: Use, scope: _Scope) -> Uses:
    named = node.args.get("alias")
    parts = [*(node.args.get("partition_by") or ()), node.args.get("order"), node.args.get("spec")]
    if named is not None:
        window = scope.windows.get(named.name.lower())
        if window is None:
            raise UnresolvedSql(f"window {named.name!r} could not be resolved")
        parts += [*(window.args.get("partition_by") or ()), window.args.get("order"), window.args.get("spec")]
    over = use.after(Use.WINDOW)
    made = _expression(node.this, use.after(Use.TRANSFORMATION), scope)
    return merged([made, *(_expression(part, over, scope) for part in parts if isinstance(part, exp.Expression))])


def _subquery(node: exp.Expression, use: Use, scope: _Scope) -> Uses:
    relation = _read_query(node, replace(scope, output={}))
    value = use.after(Use.TRANSFORMATION)
    return merged([*(through(value, column) for column in relation.columns.values()), through(use, relation.rows)])


def _tested(node: exp.Expression, use: Use, scope: _Scope) -> Uses:
    """Read EXISTS and IN: the rows looked into only decide."""
    inside = use.after(Use.CONDITIONAL)
    children = list(node.iter_expressions())
    queries = [child for child in children if isinstance(child, exp.Query)]
    value = use.after(Use.TRANSFORMATION)
    return merged(
        [_expression(child, inside, scope) for child in queries]
        + [_expression(child, value, scope) for child in children if child not in queries]
    )


_Reader = Callable[[exp.Expression, Use, _Scope], Uses]
_READERS: tuple[tuple[tuple[type[exp.Expression], ...], _Reader], ...] = (
    ((exp.Column,), _column),
    ((exp.TableColumn,), _row),
    ((exp.Alias, exp.Paren), _same),
    ((exp.Case, exp.If), _case),
    ((exp.Filter,), _filtered),
    ((exp.Order,), _sorted),
    ((exp.Window,), _window),
    ((exp.Exists, exp.In), _tested),
    ((exp.Query,), _subquery),
)
"""What reads which part of an expression; every other part is made of its children."""
