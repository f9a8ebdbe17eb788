"""The specialist on the contract's rules: which texts break what the contract says of one cell of their column."""

import re
from collections.abc import Callable
from typing import Final

from algorithms.repair.date_forms import read_date
from algorithms.repair.number_forms import read_number
from state.contract import Column, LogicalType

_NUMERIC: Final = (LogicalType.NUMBER, LogicalType.INTEGER)
Test = tuple[Callable[[str], bool], str]
"""Whether a text breaks a rule, and the rule in words."""


def broken_rule(spec: Column | None) -> Callable[[str | None], str]:
    """Return a function that says in words which rule a text breaks, "" for none; blank texts break `required` alone."""
    tests = _tests(spec) if spec else []

    def told(text: str | None) -> str:
        if not text:
            return "the contract requires a value" if spec and spec.required else ""
        return next((words for breaks, words in tests if breaks(text)), "")

    return told


def _tests(spec: Column) -> list[Test]:
    options = spec.options
    found: list[Test] = []
    if spec.valid_values:
        valid = {str(value) for value in spec.valid_values}
        found.append((lambda text: text not in valid, "the contract lists other values"))
    if options.pattern:
        pattern = re.compile(options.pattern)
        found.append((lambda text: not pattern.search(text), f"the contract's pattern is {options.pattern!r}"))
    if options.min_length is not None or options.max_length is not None:
        low, high = options.min_length or 0, options.max_length if options.max_length is not None else 2**31
        found.append((lambda text: not low <= len(text) <= high, f"the contract allows {low} to {high} characters"))
    if spec.logical_type in _NUMERIC:
        found += _number_tests(spec)
    if spec.logical_type is LogicalType.DATE and not options.format:
        found.append((lambda text: read_date(text) is None, "the contract says date"))
    return found


def _number_tests(spec: Column) -> list[Test]:
    options, whole = spec.options, spec.logical_type is LogicalType.INTEGER

    def value(text: str) -> float | None:
        written = read_number(text)
        return None if written is None or written.prefix or written.suffix else written.value

    def number(text: str) -> bool:
        known = value(text)
        return known is None or (whole and known != int(known))

    bounds: list[tuple[object, Callable[[float, float], bool], str]] = [
        (options.minimum, lambda one, bound: one < bound, "at least"),
        (options.maximum, lambda one, bound: one > bound, "at most"),
        (options.exclusive_minimum, lambda one, bound: one <= bound, "more than"),
        (options.exclusive_maximum, lambda one, bound: one >= bound, "less than"),
    ]
    found: list[Test] = [(number, f"the contract says {spec.logical_type.value}")]
    for bound, beyond, words in bounds:
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            found.append((_outside(value, beyond, float(bound)), f"the contract allows {words} {bound:g}"))
    return found


def _outside(
    value: Callable[[str], float | None], beyond: Callable[[float, float], bool], bound: float
) -> Callable[[str], bool]:
    def breaks(text: str) -> bool:
        known = value(text)
        return known is not None and beyond(known, bound)

    return breaks
