"""Constraints on membership: values that are allowed, and values that count as missing, as SQL lists."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from state.contract import Column, LogicalType
from tools.checks.bounds import as_decimal, decimal_places
from tools.checks.rule import Constraint, shown
from tools.checks.types import expected_type
from tools.sql.quote import literal


def list_constraints(column: Column, value: str) -> Iterator[Constraint]:
    """Yield the constraint of the column's valid values on the SQL expression `value`."""
    if column.valid_values:
        yield valid_values_constraint(column, value, column.valid_values)


def valid_values_constraint(column: Column, value: str, values: Sequence[object]) -> Constraint:
    """Return the constraint that a value is one of `values`; a null among them changes nothing."""
    listed = ", ".join(str(item) for item in values)
    return Constraint(
        kind="validValues",
        expected=f"one of: {shown(listed)}",
        violation=f"{value} is not null and not {among(column, value, values)}",
    )


def among(column: Column, value: str, values: Sequence[object]) -> str:
    """Return SQL that is TRUE where `value` is one of `values` and FALSE otherwise.

    Values the column's type cannot hold are never equal to one of its values.
    """
    literals = [sql for item in values if (sql := _literal(column, item)) is not None]
    return f"coalesce({value} in ({', '.join(literals)}), false)" if literals else "false"


def _literal(column: Column, item: object) -> str | None:
    if item is None:
        return None
    if column.logical_type in (LogicalType.NUMBER, LogicalType.INTEGER):
        number = as_decimal(item)
        return None if number is None else _number(column, number)
    text = str(item).lower() if isinstance(item, bool) else str(item)
    kind = expected_type(column)
    return literal(text) if kind == "VARCHAR" else f"try_cast({literal(text)} as {kind})"


def _number(column: Column, number: Decimal) -> str | None:
    kind = expected_type(column)
    grid = decimal_places(kind)
    if grid is None:
        return f"try_cast({literal(str(number))} as {kind})"
    digits, places = grid
    off_grid = number != round(number, places) or abs(number) >= Decimal(10) ** (digits - places)
    return None if off_grid else f"try_cast({literal(f'{number:f}')} as {kind})"
