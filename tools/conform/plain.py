"""Columns in which every text is the canonical text of its value: reading them is a cast, and no cell is changed."""

from state.contract import Column, LogicalType
from state.formats import ValueFormat
from tools.checks.types import expected_type
from tools.conform.clean import PLAIN_TEXT

_CAST = (LogicalType.INTEGER, LogicalType.NUMBER)
_SHAPES = {"DATE": "____-__-__", "TIMESTAMP": "____-__-_____:__:__"}


def canonical_sql(column: Column) -> str | None:
    """Return a predicate for the texts `{v}` that are canonical for the column; None where no text counts as such.

    Canonical is the text that the engine writes for the value, for text printable ASCII without blanks around it.
    """
    kind, type_name = column.logical_type, expected_type(column)
    if kind is LogicalType.STRING:
        return f"regexp_full_match({{v}}, '{PLAIN_TEXT}')"
    if kind is LogicalType.BOOLEAN:
        return "{v} in ('true', 'false')"
    same = f"try_cast({{v}} as {type_name})::varchar = {{v}}"
    if kind in _CAST:
        finite = f"isfinite(try_cast({{v}} as {type_name}))"
        return f"{finite} and {same}" if type_name in ("DOUBLE", "FLOAT") else same
    if type_name in _SHAPES:
        # A cast that fails costs the engine five times as much, so it is tried on what looks right alone.
        return f"case when {{v}} like '{_SHAPES[type_name]}' and {{v}} >= '0001' then {same} end"
    return None


def is_plain(value_format: ValueFormat) -> bool:
    """Return whether canonical texts are read as they stand, given that the column holds no others."""
    pattern = value_format.pattern
    told = (value_format.unread_files, value_format.decimals, value_format.powers, value_format.minutes)
    amended = any(told) or bool(value_format.sentinels)
    return value_format.decimal == "." and not amended and (not pattern or _is_iso(pattern))


def _is_iso(pattern: str) -> bool:
    return pattern.startswith("%Y-%m-%d")
