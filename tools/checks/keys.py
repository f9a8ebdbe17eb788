"""Rules across rows and tables: primary keys, unique values, and relationships to other tables."""

from collections.abc import Iterator, Sequence

from state.contract import Contract, Relationship, Severity, Table
from tools.checks.cell import Cell
from tools.checks.rule import CompiledRule, Relation
from tools.checks.types import expected_type
from tools.sql.quote import ident, literal


def key_text(columns: Sequence[str]) -> str:
    """Return SQL for "order_id=7, line=2" over the relation `t`; an empty text without columns."""
    parts = [f"{literal(name + '=')} || coalesce(cast(t.{ident(name)} as varchar), 'null')" for name in columns]
    return " || ', ' || ".join(parts) or "''"


def clashing(relation: str, values: Sequence[str]) -> str:
    """Return SQL that is TRUE for every row whose `values`, none of them null, another row has too."""
    listed = ", ".join(values)
    row = f"({listed})" if len(values) > 1 else listed
    return f"{row} in (select {listed} from {relation} t where {_filled(values)} group by {listed} having count(*) > 1)"


def in_excess(relation: str, values: Sequence[str]) -> str:
    """Return SQL for the number of rows beyond the first of each combination of `values` without a null."""
    return (
        f"(select coalesce(sum(n - 1), 0) from (select count(*) as n from {relation} t "
        f"where {_filled(values)} group by {', '.join(values)} having count(*) > 1))"
    )


def keyless(rule: CompiledRule) -> CompiledRule:
    """Return the rule of a primary key for rows of which no two have the same one: only nulls are looked for."""
    filled = _filled([f"t.{ident(name)}" for name in rule.columns])
    return rule.model_copy(update={"violation": f"not ({filled})", "count": None, "alone": False})


def key_rules(contract: Contract, table: Table, relation: Relation) -> Iterator[CompiledRule]:
    """Yield the rule of the primary key, if there is one, and of every relationship."""
    if table.key:
        yield _primary_key(table, relation)
    for relationship in table.relationships:
        yield _relationship(contract, table, relationship, relation)


def unique_rule(cell: Cell) -> CompiledRule:
    """Return the rule that no two rows have the same value; null is no value."""
    relation = cell.relation.name(cell.table)
    return cell.rule(
        "unique",
        "no value twice",
        violation=clashing(relation, [cell.value]),
        count=in_excess(relation, [cell.value]),
        alone=True,
        quarantines=True,
    )


def _primary_key(table: Table, relation: Relation) -> CompiledRule:
    values = [f"t.{ident(name)}" for name in table.key]
    name = relation.name(table.name)
    missing = f"not ({_filled(values)})"
    return CompiledRule(
        id=f"{table.name}.primaryKey",
        table=table.name,
        column=table.key[0] if len(table.key) == 1 else None,
        kind="primaryKey",
        severity=Severity.ERROR,
        expected=f"a unique key ({', '.join(table.key)}) without null",
        relation=relation,
        columns=table.key,
        violation=f"({missing} or {clashing(name, values)})",
        value=key_text(table.key),
        count=f"((select count(*) from {name} t where {missing}) + {in_excess(name, values)})",
        alone=True,
        quarantines=True,
    )


def _relationship(contract: Contract, table: Table, relationship: Relationship, relation: Relation) -> CompiledRule:
    target = next((other for other in contract.tables if other.name == relationship.to_table), None)
    pointed = ", ".join(relationship.to_columns)
    fault = _relationship_fault(table, relationship, target)
    rule = CompiledRule(
        id=relationship.id,
        table=table.name,
        column=relationship.columns[0] if len(relationship.columns) == 1 else None,
        kind="relationship",
        severity=Severity.ERROR,
        expected=f"values that exist in {relationship.to_table} ({pointed})",
        relation=relation,
        columns=relationship.columns,
        value=key_text(relationship.columns),
        unsupported=fault,
    )
    if fault is not None or target is None:
        return rule
    pairs = [
        _comparable(table, *pair, target) for pair in zip(relationship.columns, relationship.to_columns, strict=True)
    ]
    sources, targets = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    row = f"({', '.join(sources)})" if len(sources) > 1 else sources[0]
    # NOT IN rather than a correlated NOT EXISTS, for which the engine materialises every column of the table
    known = f"select {', '.join(targets)} from {relation.name(target.name)} o where {_filled(targets)}"
    orphan = f"({_filled(sources)} and {row} not in ({known}))"
    return rule.model_copy(update={"violation": orphan, "alone": True, "quarantines": True})


def _relationship_fault(table: Table, relationship: Relationship, target: Table | None) -> str | None:
    if target is None:
        return f"the contract has no table {relationship.to_table!r}"
    if not relationship.columns or len(relationship.columns) != len(relationship.to_columns):
        return "the relationship does not pair its columns one to one"
    known = {column.name for column in table.columns}
    pointed = {column.name for column in target.columns}
    unknown = [name for name in relationship.columns if name not in known]
    unknown += [f"{target.name}.{name}" for name in relationship.to_columns if name not in pointed]
    return f"the contract has no column {unknown[0]!r}" if unknown else None


def _comparable(table: Table, source: str, to: str, target: Table) -> tuple[str, str]:
    """Return both columns as SQL; as text when their types differ, because a cast of text to a number may fail."""
    left, right = f"t.{ident(source)}", f"o.{ident(to)}"
    if expected_type(table.column(source)) == expected_type(target.column(to)):
        return left, right
    return f"cast({left} as varchar)", f"cast({right} as varchar)"


def _filled(values: Sequence[str]) -> str:
    return " and ".join(f"{value} is not null" for value in values)
