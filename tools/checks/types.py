"""The engine's type of a contract column, and which physical types of other people's tables count as it."""

import re

from state.contract import Column, LogicalType

MOST_DIGITS = 38
"""Digits of the engine's widest DECIMAL."""

_UNBOUNDED_DECIMAL = "DECIMAL(38,9)"
_LONG_DIGITS = 18  # every whole number of so many digits fits BIGINT
_DECIMAL = re.compile(r"(?:decimal|numeric|number|dec)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?$")
_SINGLE = frozenset({"float", "real", "float4", "float32"})
_SIMPLE = {
    LogicalType.STRING: "VARCHAR",
    LogicalType.DATE: "DATE",
    LogicalType.TIME: "TIME",
    LogicalType.BOOLEAN: "BOOLEAN",
    LogicalType.OBJECT: "VARCHAR",
    LogicalType.ARRAY: "VARCHAR",
}
_WIDE_INTEGERS = {"u64": "UBIGINT", "i128": "DECIMAL(38,0)", "u128": "DECIMAL(38,0)"}
_WIDE_PHYSICAL = {"ubigint": "u64", "uint64": "u64", "hugeint": "i128", "uhugeint": "u128"}
_INTEGERS = (
    "TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT".split()  # noqa: SIM905
)
_ZONED = "TIMESTAMP WITH TIME ZONE"
_NAIVE = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")


def expected_type(column: Column) -> str:
    """Return the engine's type of `column`: what its values are cast to and published as.

    Every type survives a Parquet file unchanged, so whole numbers beyond 64 bits are UBIGINT or DECIMAL(38,0):
    the engine writes HUGEINT to Parquet as DOUBLE and loses digits. Objects and arrays are kept as JSON text.
    """
    if column.logical_type is LogicalType.TIMESTAMP:
        return "TIMESTAMPTZ" if column.options.timezone else "TIMESTAMP"
    if column.logical_type is LogicalType.NUMBER:
        return _number_type(column)
    if column.logical_type is LogicalType.INTEGER:
        return _integer_type(column)
    return _SIMPLE[column.logical_type]


def fits(column: Column, physical: str) -> bool:
    """Whether a table made elsewhere may hold `column` as `physical` (a type name as the engine describes it).

    Narrower and wider types of the same kind are fine where the contract names no physical type of its own.
    """
    logical, family = column.logical_type, physical.split("(", maxsplit=1)[0]
    if logical is LogicalType.TIMESTAMP:
        zones = {True: (_ZONED,), False: _NAIVE, None: (*_NAIVE, _ZONED)}
        return physical in zones[column.options.timezone]
    if logical is LogicalType.INTEGER:
        return physical in _INTEGERS or physical == _plain(expected_type(column)) or physical.endswith(",0)")
    if logical is LogicalType.NUMBER:
        exact = expected_type(column)
        return physical == exact or (exact == "DOUBLE" and family in (*_INTEGERS, "FLOAT", "DECIMAL"))
    if logical is LogicalType.OBJECT:
        return family in ("VARCHAR", "JSON", "STRUCT", "MAP")
    if logical is LogicalType.ARRAY:
        return physical in ("VARCHAR", "JSON") or physical.endswith("]")
    return physical == _plain(expected_type(column))


def _plain(type_name: str) -> str:
    return _ZONED if type_name == "TIMESTAMPTZ" else type_name


def _number_type(column: Column) -> str:
    text = (column.physical_type or "").strip().casefold()
    if column.options.format in ("f32", "f64"):
        return "FLOAT" if column.options.format == "f32" else "DOUBLE"
    if text in _SINGLE:
        return "FLOAT"
    match = _DECIMAL.match(text)
    if match is None:
        return "DOUBLE"
    if match[1] is None:
        return "DOUBLE" if text == "number" else _UNBOUNDED_DECIMAL
    precision, scale = int(match[1]), int(match[2] or 0)
    return f"DECIMAL({precision},{scale})" if max(scale, 1) <= precision <= MOST_DIGITS else "DOUBLE"


def _integer_type(column: Column) -> str:
    text = (column.physical_type or "").strip().casefold()
    wide = column.options.format or _WIDE_PHYSICAL.get(text, "")
    if wide in _WIDE_INTEGERS:
        return _WIDE_INTEGERS[wide]
    match = _DECIMAL.match(text)
    if match and match[1] and _LONG_DIGITS < int(match[1]) <= MOST_DIGITS:
        return f"DECIMAL({int(match[1])},0)"
    return "BIGINT"
