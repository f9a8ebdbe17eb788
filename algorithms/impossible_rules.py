"""Rules that nothing can meet: those that contradict each other, and those that no choice among these rows reaches.

Found from the contract and the number of rows alone, so that a recovery is not tried where a person must change the
contract. A rule that is not named here may still be impossible: only what is certain is told.
"""

import json
import math
from collections.abc import Iterator
from typing import NamedTuple

from state.contract import Column, QualityRule, Severity, Table
from state.values import Value

_MOST_PERCENT = 100.0


class ImpossibleRule(Value):
    """A rule or column, and why nothing meets it."""

    rule: str  # id of the rule; of a column's own options the column
    column: str | None
    why: str


class _Range(NamedTuple):
    """Figures from `low` to `high`; a bound that is `open` does not belong to it."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    def meet(self, other: "_Range") -> "_Range":
        """Return what both hold."""
        low = max((self.low, self.low_open), (other.low, other.low_open))
        high = min((self.high, not self.high_open), (other.high, not other.high_open))
        return _Range(low[0], high[0], low[1], not high[1])

    @property
    def empty(self) -> bool:
        """Whether nothing lies in it."""
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))


def impossible_rules(table: Table, rows_read: int) -> tuple[ImpossibleRule, ...]:
    """Return the rules of severity error that no data meets, or that none of the `rows_read` rows of the table can."""
    found = [fault for column in table.columns for fault in _of_column(table, column, rows_read)]
    found += _of_rules(table.rules, None, None if table.derived else rows_read)
    return tuple(found)


def _of_column(table: Table, column: Column, rows_read: int) -> Iterator[ImpossibleRule]:
    name = f"{table.name}.{column.name}"

    def told(why: str) -> ImpossibleRule:
        return ImpossibleRule(rule=name, column=column.name, why=f"{name}: {why}")

    options = column.options
    values, lengths = _values_range(column), _lengths_range(column)
    if values.empty:
        yield told(f"no number lies above {values.low:g} and below {values.high:g}")
    if lengths.empty:
        yield told(f"no text has at least {options.min_length} and at most {options.max_length} characters")
    listed = column.valid_values
    if listed and not values.empty and not lengths.empty and not any(_fits(v, values, lengths) for v in listed):
        yield told("none of its valid values lies within its bounds")
    most = max(table.max_quarantine, table.relaxed_quarantine or 0.0)
    least = math.ceil(rows_read * (1 - most)) if not table.derived else 0
    if listed and column.unique and column.required and len(set(listed)) < least:
        yield told(f"{len(set(listed))} valid values cannot be unique in at least {least} rows")
    yield from _of_rules(column.rules, column, None if table.derived else rows_read)


def _values_range(column: Column) -> _Range:
    """Return the numbers that the column's bounds allow; bounds that are no numbers (dates) count as none."""
    options, whole = column.options, _Range(-math.inf, math.inf)
    for bound, is_open in ((options.minimum, options.exclusive_minimum is True), (options.exclusive_minimum, True)):
        if (number := _number(bound)) is not None:
            whole = whole.meet(_Range(number, math.inf, low_open=is_open))
    for bound, is_open in ((options.maximum, options.exclusive_maximum is True), (options.exclusive_maximum, True)):
        if (number := _number(bound)) is not None:
            whole = whole.meet(_Range(-math.inf, number, high_open=is_open))
    return whole


def _lengths_range(column: Column) -> _Range:
    options = column.options
    most = math.inf if options.max_length is None else float(options.max_length)
    return _Range(float(options.min_length or 0), most)


def _fits(value: object, values: _Range, lengths: _Range) -> bool:
    if isinstance(value, str):
        return not lengths.meet(_Range(len(value), len(value))).empty
    number = _number(value)
    return number is None or not values.meet(_Range(number, number)).empty


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _of_rules(rules: tuple[QualityRule, ...], column: Column | None, rows_read: int | None) -> Iterator[ImpossibleRule]:
    """Yield rules on one figure that leave it no value; `rows_read` is the most that a count of rows can be."""
    room: dict[str, _Range] = {}
    for rule in rules:
        wanted = _wanted(rule)
        if wanted is None or rule.type != "library" or rule.severity is not Severity.ERROR:
            continue
        figure = json.dumps([rule.metric, rule.unit, rule.arguments], sort_keys=True, default=str)
        before = room.get(figure, _figures(rule, column, rows_read))
        room[figure] = before.meet(wanted)
        if not before.empty and room[figure].empty:
            name = column.name if column else None
            yield ImpossibleRule(rule=rule.id, column=name, why=f"{rule.id}: {_because(rule, before)}")


def _figures(rule: QualityRule, column: Column | None, rows_read: int | None) -> _Range:
    """Return what the figure of a metric can be at all."""
    if rule.metric == "nullValues" and column is not None and column.required:
        return _Range(0.0, 0.0)
    if rule.unit == "percent":
        return _Range(0.0, _MOST_PERCENT)
    return _Range(0.0, math.inf if rows_read is None else float(rows_read))


def _because(rule: QualityRule, room: _Range) -> str:
    most = "no bound" if room.high == math.inf else f"{room.high:g}"
    return f"{rule.operator} {rule.threshold} cannot hold of a figure that is {room.low:g} at least and {most} at most"


def _wanted(rule: QualityRule) -> _Range | None:
    """Return what the rule wants its figure to be; None where that is no range."""
    bounds = rule.threshold if isinstance(rule.threshold, tuple) else (rule.threshold,)
    numbers = [number for bound in bounds if (number := _number(bound)) is not None]
    if len(numbers) < len(bounds):
        return None
    low, high = numbers[0], numbers[-1]
    return {
        "mustBe": _Range(low, low),
        "mustBeGreaterThan": _Range(low, math.inf, low_open=True),
        "mustBeGreaterOrEqualTo": _Range(low, math.inf),
        "mustBeLessThan": _Range(-math.inf, low, high_open=True),
        "mustBeLessOrEqualTo": _Range(-math.inf, low),
        "mustBeBetween": _Range(low, high),
    }.get(rule.operator or "")
