"""Rules of one column: present, of its type, within its constraints, unique, and its quality rules."""

from collections.abc import Iterator

from state.contract import Column, QualityRule, Severity, Table
from tools.checks.cell import Cell, column_cell
from tools.checks.constraints import value_constraints
from tools.checks.keys import unique_rule
from tools.checks.nested import document, inner_constraints, is_container, not_of_type
from tools.checks.quality import quality_rule
from tools.checks.rule import CompiledRule, Relation
from tools.checks.threshold import allows_none
from tools.checks.types import expected_type
from tools.sql.quote import ident
from tools.workspace import operator_name


def column_rules(table: Table, column: Column, relation: Relation) -> Iterator[CompiledRule]:
    """Yield every rule of one top-level column in the order a reader asks: there, typed, within bounds, unique."""
    cell = column_cell(table.name, column, relation)
    if column.required:
        yield _required_rule(cell)
    yield from _type_rules(cell)
    yield from _inner_rules(cell)
    if column.unique and table.key != (column.name,):  # the rule of such a key says the same and more
        yield unique_rule(cell)
    for rule in column.rules:
        yield quality_rule(rule, table, cell, relation)


def _required_rule(cell: Cell) -> CompiledRule:
    """Leave the cells that hold unreadable text to the rule on the type: there is a value, and one reason is enough."""
    violation, columns = f"{cell.value} is null", cell.columns
    if cell.relation.conformed:
        operator = operator_name(cell.column)
        violation = f"({violation} and t.{ident(operator)} is distinct from 'unreadable')"
        columns = (*columns, operator)
    return cell.rule("required", "no null values", violation=violation, columns=columns, quarantines=True)


def _type_rules(cell: Cell) -> Iterator[CompiledRule]:
    expected = f"values of type {cell.spec.logical_type.value}"
    if not cell.relation.conformed:
        yield cell.rule(
            "type", f"a column of type {expected_type(cell.spec)} ({cell.spec.logical_type.value})", physical=cell.spec
        )
        if is_container(cell.spec):
            yield cell.rule("json", expected, violation=_not_a_document(cell), quarantines=True)
        return
    operator = operator_name(cell.column)
    violation = f"t.{ident(operator)} = 'unreadable'"
    if is_container(cell.spec):
        violation = f"({violation} or {_not_a_document(cell)})"
    yield cell.rule("type", expected, violation=violation, columns=(*cell.columns, operator), quarantines=True)


def _not_a_document(cell: Cell) -> str:
    """Return SQL that is TRUE for text that is no JSON of the type; a JSON null is neither object nor array."""
    parsed = f"try_cast({cell.value} as json)"
    wrong = not_of_type(cell.spec, parsed)
    return f"({cell.value} is not null and {parsed} is null or {wrong})"


def _inner_rules(cell: Cell) -> Iterator[CompiledRule]:
    if not is_container(cell.spec):
        yield from _constraints_beside_rules(cell)
        return
    for path, constraint in inner_constraints(cell.spec, document(cell.value)):
        yield cell.model_copy(update={"path": cell.path + path}).constrained(constraint)


def _constraints_beside_rules(cell: Cell) -> Iterator[CompiledRule]:
    """Leave out the column's valid values where one quality rule, compiled for itself, says exactly the same."""
    said = any(_says_valid_values(rule, cell.spec) for rule in cell.spec.rules)
    for constraint in value_constraints(cell.spec, cell.value):
        if not (said and constraint.kind == "validValues"):
            yield cell.constrained(constraint)


def _says_valid_values(rule: QualityRule, column: Column) -> bool:
    return (
        rule.metric == "invalidValues"
        and rule.severity is Severity.ERROR
        and allows_none(rule.operator, rule.threshold, rule.unit)
        and list(rule.arguments.get("validValues") or ()) == list(column.valid_values)
    )
