"""All constraints that the options and valid values of a scalar column put on one value."""

from collections.abc import Iterator

from state.contract import Column
from tools.checks.bounds import bound_constraints, range_constraints
from tools.checks.listed import list_constraints
from tools.checks.multiples import multiple_constraints
from tools.checks.rule import Constraint
from tools.checks.strings import misplaced, string_constraints


def value_constraints(column: Column, value: str) -> Iterator[Constraint]:
    """Yield the constraints on the SQL expression `value`, of the column's expected type; null violates none."""
    for build in (string_constraints, bound_constraints, range_constraints, multiple_constraints, list_constraints):
        yield from build(column, value)
    yield from misplaced(column, container_options(column))


def container_options(column: Column) -> dict[str, object]:
    """Return the options of objects and arrays by their names in the standard."""
    options = column.options
    return {
        "minItems": options.min_items,
        "maxItems": options.max_items,
        "uniqueItems": options.unique_items,
        "minProperties": options.min_properties,
        "maxProperties": options.max_properties,
        "requiredProperties": options.required_properties,
    }
