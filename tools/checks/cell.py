"""The place a column's rules apply to: a column of a relation, or an element inside one of its JSON documents."""

from typing import Any

from state.contract import Column, Severity
from state.values import Value
from tools.checks.rule import CompiledRule, Constraint, Relation, Search, unmatched_table
from tools.sql.quote import ident
from tools.workspace import raw_name


class Cell(Value):
    """Where the values of `spec` are found in a row."""

    path: str  # "orders.amount", "orders.address.street"
    table: str
    column: str  # the relation's column
    spec: Column
    value: str  # SQL of the typed value
    text: str  # SQL of the value as text, as it was read where it could not be typed
    columns: tuple[str, ...]  # columns of the relation that `value` and `text` read
    relation: Relation

    def rule(self, kind: str, expected: str, **fields: Any) -> CompiledRule:  # noqa: ANN401  fields of a rule
        """Return a rule on this cell; its id is the path and the kind unless given."""
        defaults: dict[str, Any] = {
            "id": f"{self.path}.{kind}",
            "table": self.table,
            "column": self.column,
            "kind": kind,
            "severity": Severity.ERROR,
            "expected": expected,
            "relation": self.relation,
            "columns": self.columns,
            "value": self.text,
        }
        return CompiledRule.model_validate(defaults | fields)

    def constrained(self, constraint: Constraint) -> CompiledRule:
        """Return the row-level rule of severity error that `constraint` makes on this cell."""
        rule_id = f"{self.path}.{constraint.kind}"
        return self.rule(
            constraint.kind,
            constraint.expected,
            violation=constraint.violation,
            search=self.search(rule_id, constraint.pattern),
            alone=constraint.pattern is not None,
            unsupported=constraint.unsupported,
            informative=constraint.informative,
            quarantines=constraint.unsupported is None,
        )

    def search(self, rule_id: str, pattern: str | None) -> Search | None:
        """Return the search of this cell's values for a pattern of Python, None without one."""
        if pattern is None:
            return None
        return Search(subject=f"cast({self.value} as varchar)", pattern=pattern, unmatched=unmatched_table(rule_id))


def column_cell(table: str, column: Column, relation: Relation) -> Cell:
    """Return the cell of a top-level column."""
    value = f"t.{ident(column.name)}"
    text = f"cast({value} as varchar)"
    return Cell(
        path=f"{table}.{column.name}",
        table=table,
        column=column.name,
        spec=column,
        value=value,
        text=f"coalesce({text}, t.{ident(raw_name(column.name))})" if relation.conformed else text,
        columns=(column.name, raw_name(column.name)) if relation.conformed else (column.name,),
        relation=relation,
    )
