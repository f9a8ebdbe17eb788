"""What the decision log adopted, as evidence of a contract's columns: the contract itself is never overridden."""

from collections.abc import Mapping

from algorithms.names import normal_name
from state.contract import Column, Contract, Table
from state.decision_log import Adopted


def with_adopted(contract: Contract, adopted: Adopted) -> Contract:
    """Return the contract with the adopted source columns at its columns.

    Left out are tables and columns that the contract has not any more, and source columns that it calls by name itself.
    """
    tables = tuple(_with_names(table, adopted.of(table.name)) for table in contract.tables)
    return contract.model_copy(update={"tables": tables}) if tables != contract.tables else contract


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
