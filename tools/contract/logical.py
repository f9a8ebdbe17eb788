"""Logical types: as declared, or inferred from the physical type where the contract says only that."""

import re

from state.contract import LogicalType

_BY_WORD = {
    LogicalType.INTEGER: "int integer bigint smallint tinyint mediumint hugeint int2 int4 int8 int16 int32 int64 long "
    "short byteint serial bigserial smallserial uint8 uint16 uint32 uint64 ubigint uinteger usmallint utinyint",
    LogicalType.NUMBER: "decimal numeric number double float real float4 float8 float16 float32 float64 money "
    "smallmoney dec bignumeric bigdecimal",
    LogicalType.DATE: "date date32",
    LogicalType.TIMESTAMP: "timestamp timestamptz timestamp_ntz timestamp_ltz timestamp_tz datetime datetime2 "
    "datetimeoffset smalldatetime timestamp_s timestamp_ms timestamp_us timestamp_ns",
    LogicalType.TIME: "time timetz",
    LogicalType.BOOLEAN: "bool boolean bit logical",
    LogicalType.ARRAY: "array list",
    LogicalType.OBJECT: "struct record object map json jsonb variant row",
}
_TYPES = {word: logical for logical, words in _BY_WORD.items() for word in words.split()}
_ARRAY_MARK = re.compile(r"\[\d*\]\s*$")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_WHOLE = re.compile(r"(?:number|numeric|decimal|dec)\s*\(\s*\d+\s*(?:,\s*0\s*)?\)$")


def logical_type(declared: str | None, physical: str | None) -> LogicalType:
    """Return the declared logical type, else the one the physical type implies, else string.

    A decimal without decimal places ("NUMBER(10)", "decimal(10, 0)") is an integer.
    """
    if declared in list(LogicalType):
        return LogicalType(declared)
    text = (physical or "").strip().casefold()
    if _ARRAY_MARK.search(text):
        return LogicalType.ARRAY
    if _WHOLE.match(text):
        return LogicalType.INTEGER
    word = _WORD.match(text)
    return _TYPES.get(word.group(), LogicalType.STRING) if word else LogicalType.STRING
