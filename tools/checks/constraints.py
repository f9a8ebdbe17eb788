"""All constraints that the options and valid values of a scalar column put on one value."""

from collections.abc import Iterator

from state.contract import Column
from tools.checks.bounds import bound_constraints, range_constraints
from tools.checks.listed import list_constraints
from tools.checks.multiples import multiple_constraints
from tools.checks.rule import Constraint
from tools.checks.strings import string_constraints

_BUILDERS = (string_constraints, bound_constraints, range_constraints, multiple_constraints, list_constraints)


def value_constraints(column: Column, value: str) -> Iterator[Constraint]:
    """Yield the constraints on the SQL expression `value`, of the column's expected type; null violates none."""
    for build in _BUILDERS:
        yield from build(column, value)
