"""Faults of meaning: contracts that satisfy the standard's schema and still cannot be met or made."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from state.contract import Column, Contract, Table
from tools.contract.document import Place
from tools.contract.faults import FaultLog, did_you_mean
from tools.contract.order import find_cycle, source_edges

RESERVED_COLUMNS = frozenset({"_row", "_file", "_line"})
RESERVED_PREFIXES = ("raw$", "op$")  # of columns the workspace keeps beside the contract's
RESERVED_TABLES = frozenset({"_runs"})  # folder of the run's own files

_UNSAFE_NAME = re.compile(r"[/\\\x00-\x1f]|^\.|^\s|\s$")
_LONGEST_NAME = 120  # characters
_OTHER_BYTES = 80  # a name of letters that take several bytes may have 200 bytes; file systems allow 255 with endings
_PAIRS = (
    ("minimum", "maximum", True),
    ("exclusive_minimum", "maximum", False),
    ("minimum", "exclusive_maximum", False),
    ("exclusive_minimum", "exclusive_maximum", False),
    ("min_length", "max_length", True),
    ("min_items", "max_items", True),
    ("min_properties", "max_properties", True),
)  # lower bound, upper bound, whether both may be equal


def check_meaning(contract: Contract, faults: FaultLog) -> None:
    """Note what no run could satisfy: clashing or unusable names, empty ranges, unknown columns, cycles."""
    if not contract.tables:
        faults.warning((), "the contract has no schema: it can be checked, but there is no table to make")
    _check_names([table.name for table in contract.tables], "table", ("schema",), faults)
    for index, table in enumerate(contract.tables):
        _check_table(table, ("schema", index), faults)
    cycle = find_cycle(source_edges(contract))
    if cycle:
        faults.error(("schema",), f"tables are made from each other: {' <- '.join(cycle)}")


def _check_table(table: Table, place: Place, faults: FaultLog) -> None:
    size = max(len(table.name), len(table.name.encode(errors="replace")) - _OTHER_BYTES)
    if _UNSAFE_NAME.search(table.name) or not 0 < size <= _LONGEST_NAME:
        faults.error(place, f"{table.name!r} cannot be the name of a file, so the table cannot be published under it")
    if table.name.casefold() in RESERVED_TABLES:
        faults.error(place, f"the table name {table.name!r} is reserved")
    if not table.columns:
        faults.warning(place, f"table {table.name!r} has no properties: it can be checked, but not made")
    if table.derived and table.sources:
        faults.error(place, f"table {table.name!r} is made by SQL and cannot have sources of its own as well")
    _check_columns(table.columns, place, faults)
    for column in table.columns:
        if column.name.casefold() in RESERVED_COLUMNS or column.name.casefold().startswith(RESERVED_PREFIXES):
            faults.error(place, f"the column name {column.name!r} is reserved")
    _check_keep(table, place, faults)


def _check_keep(table: Table, place: Place, faults: FaultLog) -> None:
    if table.keep is None:
        return
    names = [column.name for column in table.columns]
    if table.keep.column and table.keep.column not in names:
        advice = did_you_mean(table.keep.column, names)
        faults.error(place, f"millwright.keep names the unknown column {table.keep.column!r}{advice}")
    if not table.key:
        faults.warning(place, f"millwright.keep has no effect: table {table.name!r} has no primary key")


def _check_columns(columns: Sequence[Column], place: Place, faults: FaultLog) -> None:
    """Check a table's columns or an object's properties, and what is inside them."""
    _check_names([column.name for column in columns], "column", place, faults)
    for index, column in enumerate(columns):
        at = (*place, "properties", index)
        _check_bounds(column, at, faults)
        _check_columns(column.properties, at, faults)
        if column.items:
            _check_bounds(column.items, (*at, "items"), faults)
            _check_columns(column.items.properties, (*at, "items"), faults)


def _check_names(names: Iterable[str], kind: str, place: Place, faults: FaultLog) -> None:
    """Names of tables and columns are SQL identifiers and file names: upper and lower case are the same."""
    spellings = list(names)
    counts = Counter(_folded(name) for name in spellings)
    for folded, count in counts.items():
        if count > 1:
            clashing = " and ".join(repr(name) for name in spellings if _folded(name) == folded)
            faults.error(place, f"{count} {kind}s have the same name: {clashing}")


def _folded(name: str) -> str:
    """Return what is the same for names that some file system, or the engine, takes for one."""
    return unicodedata.normalize("NFC", name).casefold()


def _check_bounds(column: Column, place: Place, faults: FaultLog) -> None:
    for lower_name, upper_name, may_be_equal in _PAIRS:
        lower, upper = getattr(column.options, lower_name), getattr(column.options, upper_name)
        difference = _compare(lower, upper)
        if difference is not None and (difference > 0 or (difference == 0 and not may_be_equal)):
            options = (*place, "logicalTypeOptions")
            faults.error(options, f"no value of {column.name!r} can lie between {lower!r} and {upper!r}")


def _compare(lower: object, upper: object) -> int | None:
    """Return the sign of lower - upper; None when one is missing or they cannot be compared."""
    if isinstance(lower, (int, float)) and isinstance(upper, (int, float)):
        return (lower > upper) - (lower < upper)
    first, second = _moment(lower), _moment(upper)
    if first is None or second is None or (first.tzinfo is None) != (second.tzinfo is None):
        return None
    return (first > second) - (first < second)


def _moment(bound: object) -> datetime | None:
    try:
        return datetime.fromisoformat(bound) if isinstance(bound, str) else None
    except ValueError:
        return None
