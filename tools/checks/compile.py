"""Compiling every rule of one table of a contract: what the contract says is either checked or named as unchecked."""

from collections.abc import Iterable, Iterator

from state.contract import Contract, Severity, Table
from tools.checks.columns import column_rules
from tools.checks.keys import key_rules
from tools.checks.quality import quality_rule
from tools.checks.quarantine import violating_rows_sql
from tools.checks.rule import LIVE, CompiledRule, Relation

__all__ = ["LIVE", "CompiledRule", "Relation", "compile_rules", "violating_rows_sql"]


def compile_rules(contract: Contract, table: Table, relation: Relation = LIVE) -> tuple[CompiledRule, ...]:
    """Return all rules of `table` in the order of the contract, with unique ids that depend on the contract alone.

    Rules read the table, and the others it refers to, through `relation`. A rule that cannot be compiled is there
    with the reason in `unsupported`; one with SQL of the contract is `untrusted` and has a `query` to be run elsewhere.
    """
    return tuple(_unique_ids(_rules(contract, table, relation)))


def _rules(contract: Contract, table: Table, relation: Relation) -> Iterator[CompiledRule]:
    if not table.may_be_empty:
        yield _not_empty(table, relation)
    for column in table.columns:
        yield from column_rules(table, column, relation)
    yield from key_rules(contract, table, relation)
    for rule in table.rules:
        yield quality_rule(rule, table, None, relation)


def _not_empty(table: Table, relation: Relation) -> CompiledRule:
    return CompiledRule(
        id=f"{table.name}.notEmpty",
        table=table.name,
        column=None,
        kind="rowCount",
        severity=Severity.ERROR,
        expected="at least one row",
        relation=relation,
        measure="count(*)",
        operator="mustBeGreaterThan",
        threshold=0,
    )


def _unique_ids(rules: Iterable[CompiledRule]) -> Iterator[CompiledRule]:
    """Add a number to ids that repeat: a column called "a.b" and the property b of a column a have the same path."""
    seen: dict[str, int] = {}
    for rule in rules:
        seen[rule.id] = seen.get(rule.id, 0) + 1
        yield rule if seen[rule.id] == 1 else rule.model_copy(update={"id": f"{rule.id}#{seen[rule.id]}"})
