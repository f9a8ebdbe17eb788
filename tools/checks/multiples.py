"""The constraint `multipleOf`, decided exactly: numbers count as the decimals they are written as."""

import math
from collections.abc import Iterator
from decimal import Decimal

from state.contract import Column, LogicalType
from tools.checks.bounds import as_decimal, decimal_places
from tools.checks.rule import Constraint
from tools.checks.types import expected_type

_FLOAT_PLACES = 18
_FLOAT_LIMIT = 10 ** (38 - _FLOAT_PLACES)


def multiple_constraints(column: Column, value: str) -> Iterator[Constraint]:
    """Yield the constraint of `multipleOf` on the SQL expression `value`."""
    of = column.options.multiple_of
    if of is None:
        return
    expected, number = f"multiples of {of}", as_decimal(of)
    if column.logical_type not in (LogicalType.NUMBER, LogicalType.INTEGER) or number is None or number <= 0:
        reason = f"multipleOf {of!r} has no meaning for this logical type or is not above zero"
        yield Constraint(kind="multipleOf", expected=expected, unsupported=reason)
        return
    exact = decimal_places(expected_type(column))
    violation = _float(value, number) if exact is None else _exact(value, exact[1], number)
    if violation is None:
        reason = f"multipleOf {of!r} has more than {_FLOAT_PLACES} decimal places"
        yield Constraint(kind="multipleOf", expected=expected, unsupported=reason)
    else:
        yield Constraint(kind="multipleOf", expected=expected, violation=violation)


def _divisor(of: Decimal, places: int) -> int:
    """Return d so that n / 10^places is a multiple of `of` exactly when d divides the whole number n."""
    numerator, denominator = of.as_integer_ratio()
    scaled: int = numerator * 10**places
    return scaled // math.gcd(scaled, denominator)


def _exact(value: str, places: int, of: Decimal) -> str:
    """Return the violation for an exact type: its text without the point is the value in units of the last place."""
    whole = f"cast(replace(cast({value} as varchar), '.', '') as hugeint)" if places else f"cast({value} as hugeint)"
    return _remains(whole, _divisor(of, places))


def _remains(whole: str, divisor: int) -> str:
    return f"{whole} % {divisor} <> 0" if divisor < 2**127 else f"{whole} <> 0"


def _float(value: str, of: Decimal) -> str | None:
    """Return the violation for a float, which is the shortest decimal that reads back as it; None for a tiny `of`.

    A value with more decimal places than fit is no multiple of anything that has fewer.
    """
    exponent = of.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > _FLOAT_PLACES:
        return None
    text = f"cast({value} as varchar)"
    places = (
        f"length(regexp_extract({text}, '\\.(\\d+)', 1)) "
        f"+ coalesce(try_cast(regexp_extract({text}, 'e-(\\d+)', 1) as integer), 0)"
    )
    fixed = f"cast(cast({text} as decimal(38,{_FLOAT_PLACES})) as varchar)"
    whole = f"cast(replace({fixed}, '.', '') as hugeint)"
    return (
        f"case when abs({value}) < {_FLOAT_LIMIT} then "
        f"case when {places} > {_FLOAT_PLACES} then true else {_remains(whole, _divisor(of, _FLOAT_PLACES))} end "
        f"else {value} % cast({_divisor(of, 0)} as double) <> 0 end"
    )
