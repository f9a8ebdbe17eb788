"""Comparing a measured figure with the operator and threshold of a rule."""

from decimal import Decimal

from state.values import Value
from tools.checks.rule import Threshold

_WORDS = {
    "mustBe": "{}",
    "mustNotBe": "not {}",
    "mustBeGreaterThan": "more than {}",
    "mustBeGreaterOrEqualTo": "at least {}",
    "mustBeLessThan": "less than {}",
    "mustBeLessOrEqualTo": "at most {}",
    "mustBeBetween": "between {} and {}",
    "mustNotBeBetween": "not between {} and {}",
}


class Comparison(Value):
    """The outcome: `met` is None when the two cannot be compared, for the `reason`."""

    met: bool | None
    reason: str = ""


def fault(operator: str | None, threshold: Threshold) -> str | None:
    """Return why operator and threshold cannot be applied at all, None when they can."""
    if operator is None or threshold is None:
        return "the rule names no operator with a value, so nothing says what is right"
    if operator not in _WORDS:
        return f"the operator {operator!r} is not known"
    if operator.endswith("Between") != isinstance(threshold, tuple):
        return f"{operator} cannot be applied to {threshold!r}"
    if operator not in ("mustBe", "mustNotBe") and any(_number(bound) is None for bound in _bounds(threshold)):
        return f"{operator} needs a number, not {threshold!r}"
    return None


def in_words(operator: str, threshold: Threshold) -> str:
    """Return the comparison as words: "at most 5", "between 1 and 3"."""
    bounds = (_text(bound) for bound in _bounds(threshold))
    return _WORDS[operator].format(*bounds)


def allows_none(operator: str | None, threshold: Threshold, unit: str) -> bool:
    """Whether a count of rows, or the share they are, meets the comparison only when it is zero."""
    limit = _number(threshold)
    if limit is None or isinstance(threshold, bool):
        return False
    return (operator in ("mustBe", "mustBeLessOrEqualTo") and limit == 0) or (
        operator == "mustBeLessThan" and unit == "rows" and 0 < limit <= 1
    )


def compare(measured: object, operator: str, threshold: Threshold) -> Comparison:
    """Compare; numbers exactly (a float stands for the decimal it prints as), other values as text.

    Both bounds of a range belong to it.
    """
    if measured is None:
        return Comparison(met=None, reason="nothing was measured: the result is null or has no row")
    figure, bounds = _number(measured), [_number(bound) for bound in _bounds(threshold)]
    limits = [bound for bound in bounds if bound is not None]
    if figure is not None and len(limits) == len(bounds):
        return Comparison(met=_holds(figure, operator, limits))
    if operator in ("mustBe", "mustNotBe"):
        return Comparison(met=(_text(measured) == _text(threshold)) is (operator == "mustBe"))
    return Comparison(met=None, reason=f"{_text(measured)!r} is not a number and cannot be compared by {operator}")


def _holds(figure: Decimal, operator: str, limits: list[Decimal]) -> bool:
    low, high = limits[0], limits[-1]
    return {
        "mustBe": figure == low,
        "mustNotBe": figure != low,
        "mustBeGreaterThan": figure > low,
        "mustBeGreaterOrEqualTo": figure >= low,
        "mustBeLessThan": figure < low,
        "mustBeLessOrEqualTo": figure <= low,
        "mustBeBetween": low <= figure <= high,
        "mustNotBeBetween": not low <= figure <= high,
    }[operator]


def _bounds(threshold: object) -> tuple[object, ...]:
    return threshold if isinstance(threshold, tuple) else (threshold,)


def _number(value: object) -> Decimal | None:
    """Return a number or truth value exactly, None for NaN and anything else; text is never read as a number."""
    if not isinstance(value, (bool, int, float, Decimal)):
        return None
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return None if number.is_nan() else number


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
