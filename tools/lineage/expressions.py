"""What an expression of SQL is made of, and what decides about it.

Names have been qualified before; a query inside an expression is read by the function that the scope brings along.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from state.lineage import Relation, Use, Uses, merged, through
from tools.sql.functions import AGGREGATES

_HASHES = frozenset({"hash", "md5", "md5_number", "sha1", "sha256"})


class UnresolvedSql(Exception):  # noqa: N818  a finding about a text, not a failure of the run
    """The lineage of a query cannot be told; the message says why."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean in one query: given tables, common table expressions, and relations by their alias."""

    tables: Mapping[str, list[str]]
    read_query: "Callable[[exp.Expr, Scope], Relation]"
    ctes: Mapping[str, Relation] = field(default_factory=dict)
    sources: Mapping[str, Relation] = field(default_factory=dict)
    windows: Mapping[str, exp.Expr] = field(default_factory=dict)
    output: Mapping[str, Uses] = field(default_factory=dict)  # columns of the query itself, for ORDER BY and the like


def deciding(use: Use, parts: Iterable[Uses]) -> Uses:
    """Return the uses of what decides as `use`."""
    return through(use, merged(parts))


def is_aggregate(node: exp.Expr) -> bool:
    """Return whether an expression is a call of an aggregate."""
    named = isinstance(node, exp.Anonymous) and node.name.lower() in AGGREGATES
    return isinstance(node, exp.AggFunc) or named


def _hides(node: exp.Expr) -> bool:
    named = isinstance(node, exp.Anonymous) and node.name.lower() in _HASHES
    return named or isinstance(node, exp.MD5 | exp.MD5Digest | exp.SHA | exp.SHA2)


def read_expression(node: exp.Expr, use: Use, scope: Scope) -> Uses:
    """Return what an expression is made of, where the expression is used as `use`."""
    for kinds, reader in _READERS:
        if isinstance(node, kinds):
            return reader(node, use, scope)
    deeper = Use.AGGREGATION if is_aggregate(node) else Use.MASKING if _hides(node) else Use.TRANSFORMATION
    return merged(read_expression(child, use.after(deeper), scope) for child in node.iter_expressions())


def _same(node: exp.Expr, use: Use, scope: Scope) -> Uses:
    return read_expression(node.this, use, scope)


def _column(node: exp.Expr, use: Use, scope: Scope) -> Uses:
    name, table = node.name.lower(), node.text("table").lower()
    if table in scope.sources and name in scope.sources[table].columns:
        return through(use, scope.sources[table].columns[name])
    if not table and name in scope.output:
        return through(use, scope.output[name])
    if not table and name in scope.sources:
        return _row(node, use, scope)
    raise UnresolvedSql(f"column {node.sql('duckdb')} could not be resolved")


def _row(node: exp.Expr, use: Use, scope: Scope) -> Uses:
    """Read the name of a relation that stands for a whole row as one value."""
    name = node.name.lower()
    if name not in scope.sources:
        raise UnresolvedSql(f"{node.sql('duckdb')} could not be resolved")
    return through(use.after(Use.TRANSFORMATION), merged(scope.sources[name].columns.values()))


def _case(node: exp.Expr, use: Use, scope: Scope) -> Uses:
    value = use.after(Use.TRANSFORMATION)
    decided = [node.args.get("this")] if isinstance(node, exp.Case) else []
    branches = node.args.get("ifs") or [node]
    decided += [branch.this for branch in branches]
    made = [branch.args.get("true") for branch in branches] + [node.args.get("default"), node.args.get("false")]
    return merged(
        [read_expression(part, use.after(Use.CONDITIONAL), scope) for part in decided if part is not None]
        + [read_expression(part, value, scope) for part in made if part is not None]
    )


def _filtered(node: exp.Expr, use: Use, scope: Scope) -> Uses:
    condition = read_expression(node.expression, use.after(Use.FILTER), scope)
    return merged([read_expression(node.this, use, scope), condition])


def _sorted(node: exp.Expr, use: Use, scope: Scope) -> Uses:
    """Read the ORDER BY inside an aggregate: what is ordered by decides, what is ordered is used."""
    parts = [read_expression(item, use.after(Use.SORT), scope) for item in node.expressions]
    return merged([*parts, *([read_expression(node.this, use, scope)] if node.this is not None else [])])


def _window(node: exp.Expr, use: Use, scope: Scope) -> Uses:
    named = node.args.get("alias")
    parts = [*(node.args.get("partition_by") or ()), node.args.get("order"), node.args.get("spec")]
    if named is not None:
        window = scope.windows.get(named.name.lower())
        if window is None:
            raise UnresolvedSql(f"window {named.name!r} could not be resolved")
        parts += [*(window.args.get("partition_by") or ()), window.args.get("order"), window.args.get("spec")]
    over = use.after(Use.WINDOW)
    made = read_expression(node.this, use.after(Use.TRANSFORMATION), scope)
    return merged([made, *(read_expression(part, over, scope) for part in parts if isinstance(part, exp.Expr))])


def _subquery(node: exp.Expr, use: Use, scope: Scope) -> Uses:
    relation = scope.read_query(node, replace(scope, output={}))
    value = use.after(Use.TRANSFORMATION)
    return merged([*(through(value, column) for column in relation.columns.values()), through(use, relation.rows)])


def _tested(node: exp.Expr, use: Use, scope: Scope) -> Uses:
    """Read EXISTS and IN: the rows looked into only decide."""
    inside = use.after(Use.CONDITIONAL)
    children = list(node.iter_expressions())
    queries = [child for child in children if isinstance(child, exp.Query)]
    value = use.after(Use.TRANSFORMATION)
    return merged(
        [read_expression(child, inside, scope) for child in queries]
        + [read_expression(child, value, scope) for child in children if child not in queries]
    )


_Reader = Callable[[exp.Expr, Use, Scope], Uses]
_READERS: tuple[tuple[tuple[type[exp.Expr], ...], _Reader], ...] = (
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
