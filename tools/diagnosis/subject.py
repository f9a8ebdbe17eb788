"""What is diagnosed: one table of a run, with the contract, what intake found, and how its files were mapped."""

from dataclasses import dataclass
from math import inf
from pathlib import Path

import duckdb

from state.contract import Column, Contract, Table
from state.errors import SetupError
from state.mapping import ColumnMapping
from state.sources import Kind, SourceFile
from tools.intake import Intake, read_contract, read_intake
from tools.ledger import find_receipt


@dataclass(frozen=True, slots=True)
class Subject:
    """A table under diagnosis."""

    table: Table
    contract: Contract
    intake: Intake
    most_ids: int = 100  # ids of rows in an answer

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The source files that feed the table, in the order of their ids."""
        wanted = set(self.intake.table_files.get(self.table.name, ()))
        return tuple(file for file in self.intake.inventory.files if file.file_id in wanted)

    @property
    def texts(self) -> tuple[SourceFile, ...]:
        """Those of the files that are delimited text."""
        return tuple(file for file in self.files if file.kind is Kind.TEXT)

    def name_of(self, file_id: int) -> str:
        """Return the name of a file; empty for what comes from none."""
        files = self.intake.inventory.files
        return files[file_id].name if 0 <= file_id < len(files) else ""


def open_subject(folder: Path, table: str) -> Subject:
    """Return the table of a run whose folder is given; SetupError when the contract has no such table."""
    contract = read_contract(folder)
    for each in contract.tables:
        if each.name == table:
            return Subject(each, contract, read_intake(folder))
    hint = f"tables: {', '.join(each.name for each in contract.tables)}"[:300]
    raise SetupError("the contract has no such table", where=table[:80], hint=hint)


def sibling(subject: Subject, table: str) -> Subject:
    """Return another table of the same run; KeyError when there is none."""
    return Subject(subject.contract.table(table), subject.contract, subject.intake)


def fields_by_variant(connection: duckdb.DuckDBPyConnection, subject: Subject) -> dict[str, dict[str, int]]:
    """Return for each header variant which field feeds which column: as it was decided, else by equal names."""
    receipt = find_receipt(connection, f"map:{subject.table.name}")
    found: dict[str, dict[str, int]] = {}
    for variant_id, _ in subject.intake.variants_of(subject.table.name):
        columns = subject.intake.inventory.variant(variant_id).columns
        found[variant_id] = _by_name(subject.table.columns, columns)
    for mapping in (ColumnMapping.model_validate(each) for each in (receipt or {}).get("mappings", ())):
        columns = subject.intake.inventory.variant(mapping.variant_id).columns
        found[mapping.variant_id] = {match.target: columns.index(match.source) for match in mapping.matches}
    return found


def named_alike(columns: tuple[Column, ...], header: tuple[str, ...]) -> int:
    """Return how many columns of the contract a header names."""
    return len(_by_name(columns, header))


def bounds_of(column: Column) -> tuple[float, float] | None:
    """Return the contract's bounds of a number; None when it gives neither."""
    low, high = column.options.minimum, column.options.maximum
    if isinstance(low, str) or isinstance(high, str) or (low is None and high is None):
        return None
    return (-inf if low is None else float(low), inf if high is None else float(high))


def _by_name(columns: tuple[Column, ...], header: tuple[str, ...]) -> dict[str, int]:
    places = {_plain(name): place for place, name in reversed(list(enumerate(header)))}
    found = {}
    for column in columns:
        names = (column.name, *column.aliases, column.physical_name or "", column.business_name or "")
        place = next((places[_plain(name)] for name in names if name and _plain(name) in places), None)
        if place is not None:
            found[column.name] = place
    return found


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum()) or name
