"""Constraints on the size of a value: minimum and maximum, inclusive or exclusive, and the range of a format."""

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, InvalidOperation

from state.contract import Column, LogicalType
from tools.checks.moments import moment_literal
from tools.checks.rule import Constraint
from tools.checks.types import MOST_DIGITS, expected_type

Bound = float | int | str | bool | None

_NUMERIC = (LogicalType.NUMBER, LogicalType.INTEGER)
_MOMENTS = (LogicalType.DATE, LogicalType.TIMESTAMP, LogicalType.TIME)
_BITS = {"8": 8, "16": 16, "32": 32, "64": 64, "128": 128}
_EXACT = Context(prec=400)  # wide enough for every finite double to be rounded to a grid exactly
_DIGITS = {"BIGINT": 19, "UBIGINT": 20}

# kind: (operator of a violation, words, the side of the grid on which the violating values end)
_KINDS = {
    "minimum": ("<", "values of at least {}", ROUND_CEILING),
    "maximum": (">", "values of at most {}", ROUND_FLOOR),
    "exclusiveMinimum": ("<=", "values above {}", ROUND_FLOOR),
    "exclusiveMaximum": (">=", "values below {}", ROUND_CEILING),
}


def bound_constraints(column: Column, value: str) -> Iterator[Constraint]:
    """Yield the constraints of `minimum`, `maximum` and their exclusive forms on the SQL expression `value`."""
    for kind, bound in _bounds(column):
        yield _constraint(column, value, kind, bound)


def range_constraints(column: Column, value: str) -> Iterator[Constraint]:
    """Yield the constraint of an integer format such as `i32`; the floating formats decide the type alone."""
    name = column.options.format
    if column.logical_type is LogicalType.NUMBER and name not in (None, "f32", "f64"):
        yield Constraint(kind="format", expected=f"numbers of format {name}", unsupported=_unknown(name))
    if column.logical_type is not LogicalType.INTEGER or name is None:
        return
    bits = _BITS.get(name[1:])
    if bits is None or name[0] not in "iu":
        yield Constraint(kind="format", expected=f"integers of format {name}", unsupported=_unknown(name))
        return
    low, high = (0, 2**bits - 1) if name[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    below = _beyond(column, value, "<", Decimal(low))
    above = _beyond(column, value, ">", Decimal(high))
    yield Constraint(
        kind="format", expected=f"integers of format {name}: {low} to {high}", violation=f"({below} or {above})"
    )


def as_decimal(bound: object) -> Decimal | None:
    """Return a number, or text that is one, exactly as written; None for anything else."""
    if isinstance(bound, bool) or not isinstance(bound, (int, float, str)):
        return None
    try:
        number = Decimal(str(bound).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _unknown(name: str | None) -> str:
    return f"the format {name!r} is not known for this logical type"


def _bounds(column: Column) -> Iterator[tuple[str, Bound]]:
    """Yield the kinds and values that apply; an exclusive bound `true` makes its plain bound exclusive."""
    options = column.options
    for plain, exclusive, inner, outer in (
        ("minimum", "exclusiveMinimum", options.minimum, options.exclusive_minimum),
        ("maximum", "exclusiveMaximum", options.maximum, options.exclusive_maximum),
    ):
        if outer is True:
            yield exclusive, inner
            continue
        if inner is not None:
            yield plain, inner
        if outer is not None and outer is not False:
            yield exclusive, outer


def _constraint(column: Column, value: str, kind: str, bound: Bound) -> Constraint:
    operator, words, _ = _KINDS[kind]
    expected = words.format(bound)
    violation: str | None = None
    if column.logical_type in _NUMERIC:
        number = as_decimal(bound)
        violation = None if number is None else _number_violation(column, value, kind, number)
    elif column.logical_type in _MOMENTS:
        moment = moment_literal(column, bound)
        violation = None if moment is None else f"{value} {operator} {moment}"
    if violation is None:
        kind_of_value = column.logical_type.value
        return Constraint(
            kind=kind,
            expected=expected,
            unsupported=f"{bound!r} is no bound that a {kind_of_value} can be compared with",
        )
    return Constraint(kind=kind, expected=expected, violation=violation)


def _number_violation(column: Column, value: str, kind: str, bound: Decimal) -> str:
    operator, _, rounding = _KINDS[kind]
    grid = _grid(column)
    if grid is None:
        return f"{value} {operator} cast('{bound}' as {expected_type(column)})"
    _, scale = grid
    step = Decimal(1).scaleb(-scale)
    return _beyond(column, value, operator, bound.quantize(step, rounding=rounding, context=_EXACT))


def _beyond(column: Column, value: str, operator: str, bound: Decimal) -> str:
    """Return SQL comparing exact numbers; a bound no value of the type can reach is decided here."""
    digits, scale = _grid(column) or (MOST_DIGITS, 0)
    if abs(bound) >= Decimal(10) ** (digits - scale):
        always = (bound > 0) == operator.startswith("<")
        return f"{value} is not null" if always else "false"
    return f"{value} {operator} ({bound:f})"


def _grid(column: Column) -> tuple[int, int] | None:
    """Return digits and decimal places of an exact type, None for floating ones."""
    return decimal_places(expected_type(column))


def decimal_places(type_name: str) -> tuple[int, int] | None:
    """Return (digits, decimal places) of an exact type such as "DECIMAL(10,2)" or "BIGINT", None for others."""
    if type_name in _DIGITS:
        return _DIGITS[type_name], 0
    if not type_name.startswith("DECIMAL("):
        return None
    digits, scale = type_name.removeprefix("DECIMAL(").rstrip(")").split(",")
    return int(digits), int(scale)
