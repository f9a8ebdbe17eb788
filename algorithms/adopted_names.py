"""What the decision log adopted, as evidence of a contract's columns: the contract itself is never overridden."""

from collections.abc import Mapping, Sequence

from algorithms.names import normal_name
from state.contract import Column, Contract, Table
from state.decision_log import Adopted, SourceRule


def with_adopted(contract: Contract, adopted: Adopted) -> Contract:
    """Return the contract with the adopted source columns at its columns.

    Left out are tables and columns that the contract has not any more, and source columns that it calls by name itself.
    """
    tables = tuple(
        _with_rules(_with_names(table, adopted.of(table.name)), adopted.rules.get(table.name, {}))
        for table in contract.tables
    )
    return contract.model_copy(update={"tables": tables}) if tables != contract.tables else contract


def _with_rules(table: Table, rules: Mapping[str, Mapping[str, SourceRule]]) -> Table:
    if not rules:
        return table
    columns = tuple(
        column.model_copy(update={"standing": dict(rules[column.name])}) if column.name in rules else column
        for column in table.columns
    )
    return table.model_copy(update={"columns": columns})


def rule_of(column: Column, headers: Sequence[str]) -> SourceRule:
    """Return what the standing rules say about a column that sources call so: what none of them contradicts."""
    rules = [column.standing[header] for header in dict.fromkeys(headers) if header in column.standing]
    if len(rules) < len(set(headers)):
        readings: dict[str, str] = {}  # another source may write otherwise
    else:
        readings = _undisputed([rule.readings for rule in rules])
    values = _undisputed([rule.values for rule in rules])
    runs = {name: run for rule in reversed(rules) for name, run in rule.runs.items()}
    return SourceRule(values=values, readings=readings, runs=runs)


def _undisputed(said: Sequence[Mapping[str, str]]) -> dict[str, str]:
    choices: dict[str, set[str]] = {}
    for each in said:
        for name, choice in each.items():
            choices.setdefault(name, set()).add(choice)
    return {name: next(iter(each)) for name, each in choices.items() if len(each) == 1}


def claimed_names(table: Table) -> dict[str, str]:
    """Return every name that the contract itself gives, without case and separators, and the column it means."""
    return {normal_name(name): column.name for column in table.columns for name in names_of(column)}


def names_of(column: Column) -> tuple[str, ...]:
    """Return what the contract calls a column."""
    names = (column.name, *column.aliases, column.physical_name, column.business_name)
    return tuple(name for name in names if name)


def _with_names(table: Table, names: Mapping[str, Mapping[str, str]]) -> Table:
    if not names:
        return table
    claimed = claimed_names(table)
    columns = []
    for column in table.columns:
        adopted = names.get(column.name, {})
        known = {source: run for source, run in adopted.items() if normal_name(source) not in claimed}
        columns.append(column.model_copy(update={"adopted": known}) if known else column)
    return table.model_copy(update={"columns": tuple(columns)})
