"""Checks the types of Parquet columns with pyarrow. Run as a script by the gate's own Python; imports no product code.

Standard input: a JSON list of tables, each with `name`, `files` (paths) and `columns` (as they stand in the contract).
Standard output: a JSON list of `{"table", "rows", "columns": {name: fault or ""}, "unknown": [names]}`.
"""

import json
import re
import sys
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Fields = dict[str, Any]

_DECIMAL = re.compile(r"(?:decimal|numeric|dec)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)$")
_SINGLE = ("float", "real", "float4", "float32")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_whole(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _is_nested(kind: pa.DataType) -> bool:
    return bool(_is_text(kind) or pa.types.is_nested(kind))


KINDS: dict[str, Callable[[pa.DataType], bool]] = {
    "string": _is_text,
    "integer": _is_whole,
    "number": _is_number,
    "boolean": lambda kind: bool(pa.types.is_boolean(kind)),
    "date": lambda kind: bool(pa.types.is_date(kind)),
    "time": lambda kind: bool(pa.types.is_time(kind)),
    "timestamp": lambda kind: bool(pa.types.is_timestamp(kind)),
    "object": _is_nested,
    "array": _is_nested,
}
"""What a logical type of the standard may be in a file; objects and arrays may be JSON text."""


def fault_of(column: Fields, kind: pa.DataType) -> str:
    """Return why a column of the contract cannot be of the type `kind`; empty when it can."""
    logical = column.get("logicalType") or "string"
    if logical not in KINDS:
        return f"unknown logical type {logical}"
    if not KINDS[logical](kind):
        return f"expected {logical}, found {kind}"
    return _physical_fault(column, kind) or _zone_fault(column, kind)


def _physical_fault(column: Fields, kind: pa.DataType) -> str:
    """Return a fault where the contract names digits, or a width of floating point, and the file has others."""
    physical = str(column.get("physicalType") or "").strip().casefold()
    match = _DECIMAL.match(physical)
    if column.get("logicalType") == "number" and match:
        wanted = (int(match[1]), int(match[2] or 0))
        found = (kind.precision, kind.scale) if pa.types.is_decimal(kind) else None
        return "" if found == wanted else f"expected {physical}, found {kind}"
    if column.get("logicalType") == "number" and physical in _SINGLE:
        return "" if pa.types.is_float32(kind) else f"expected {physical}, found {kind}"
    return ""


def _zone_fault(column: Fields, kind: pa.DataType) -> str:
    if not pa.types.is_timestamp(kind):
        return ""
    wanted = bool((column.get("logicalTypeOptions") or {}).get("timezone"))
    found = kind.tz is not None
    return "" if wanted == found else f"expected {'a' if wanted else 'no'} time zone, found {kind}"


def check(table: Fields) -> Fields:
    """Return the rows of a table, the fault of every column of the contract, and columns it does not know."""
    schemas = [pq.read_schema(path) for path in table["files"]]
    known = {column["name"]: column for column in table["columns"]}
    faults = {}
    for name, column in known.items():
        found = [fault_of(column, schema.field(name).type) if name in schema.names else "missing" for schema in schemas]
        faults[name] = next((fault for fault in found if fault), "") if found else "missing"
    return {
        "table": table["name"],
        "rows": sum(pq.read_metadata(path).num_rows for path in table["files"]),
        "columns": faults,
        "unknown": sorted({name for schema in schemas for name in schema.names} - set(known)),
    }


if __name__ == "__main__":
    json.dump([check(table) for table in json.load(sys.stdin)], sys.stdout)
