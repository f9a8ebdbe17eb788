"""Columns of times, dates and numbers: texts of another form are written as the column's most frequent form."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np

from algorithms.repair.clock_forms import clock_style, find_clock, follows, write_clock
from algorithms.repair.date_forms import DateStyle, order_of, read_date, resolve, write_date
from algorithms.repair.number_forms import Written, read_number, unit_of
from algorithms.repair.rewriting import Rewriting
from algorithms.units import is_known_unit
from state.repair import CellFault

Distinct = Sequence[tuple[int, str, int]]
"""Code, text and rows of each distinct text."""

_MOST: Final = 0.6  # share of the filled rows that must have a form before others are brought to it
_SINGLE_DIGIT: Final = re.compile(r"(?<!\d)\d(?!\d)")
_LEADING_ZERO: Final = re.compile(r"(?<!\d)0\d(?!\d)")
_NEARLY_ALL: Final = 0.9  # share of the rows that make a habit
_USUAL: Final = 0.1  # share of the column's numbers that have as many decimals as one that is brought to its form
_FAR: Final = 1.0  # decades between medians from which on two sets of numbers are of different size


def clock_forms(distinct: Distinct) -> list[Rewriting]:
    """Return rewritings of a column of times; none for another column."""
    found = clock_style([text for _, text, _ in distinct], [count for *_, count in distinct])
    rows = sum(count for *_, count in distinct)
    if found is None or found[1] < _MOST * rows:
        return []
    style = found[0]
    texts: dict[int, str | None] = {}
    for code, text, _ in distinct:
        clock = None if follows(text, style) else find_clock(text)
        written = write_clock(clock, style) if clock else None
        if written and written != text:
            texts[code] = written
    return [Rewriting("time", texts, 0.95, CellFault.FORMAT, "written as the times of most rows are")] if texts else []


def date_forms(distinct: Distinct) -> list[Rewriting]:
    """Return rewritings of a column of dates; none for another column."""
    readings = {code: (reading, count) for code, text, count in distinct if (reading := read_date(text))}
    orders = order_of(list(readings.values()))
    days = {code: day for code, (reading, _) in readings.items() if (day := resolve(reading, orders))}
    styles: Counter[DateStyle] = Counter()
    for code, (style, _) in days.items():
        styles[style._replace(padded=True)] += readings[code][1]
    if not styles:
        return []
    style, most = min(styles.items(), key=lambda item: (-item[1], item[0]))
    if most < _MOST * sum(count for *_, count in distinct):
        return []
    alike = [
        (text, count) for code, text, count in distinct if code in days and days[code][0]._replace(padded=True) == style
    ]
    style = style._replace(padded=_weight(alike, _LEADING_ZERO) >= _weight(alike, _SINGLE_DIGIT))
    texts = _rewritten_dates(distinct, days, style)
    return [Rewriting("date", texts, 0.95, CellFault.FORMAT, "written as the dates of most rows are")] if texts else []


def number_forms(distinct: Distinct) -> list[Rewriting]:
    """Return rewritings of a column of numbers; none for another column."""
    numbers = {code: written for code, text, _ in distinct if (written := read_number(text))}
    rows = {code: count for code, _, count in distinct}
    besides: Counter[tuple[str, str, str]] = Counter()
    for code, written in numbers.items():
        besides[written.prefix, written.gap if written.suffix else "", written.suffix] += rows[code]
    if not besides:
        return []
    beside, most = min(besides.items(), key=lambda item: (-item[1], item[0]))
    if most < _MOST * sum(rows.values()):
        return []
    plain = {
        code: one for code, one in numbers.items() if (one.prefix, one.gap if one.suffix else "", one.suffix) == beside
    }
    odd = {code: one for code, one in numbers.items() if code not in plain}
    return [*_beside(beside, plain, odd), *_digits(beside, plain, rows)]


def _beside(beside: tuple[str, str, str], plain: dict[int, Written], odd: dict[int, Written]) -> list[Rewriting]:
    """Return the rewritings of numbers with another text beside them than most have."""
    unit = unit_of(next(iter(plain.values())))
    usual = Counter(len(one.fraction) for one in plain.values())
    groups: dict[str, dict[int, Written]] = {}
    for code, written in odd.items():
        groups.setdefault(unit_of(written), {})[code] = written
    found = []
    for other, members in sorted(groups.items()):
        alike = other == unit
        strange = other and other != "%" and not is_known_unit(other)
        if not alike and (strange or (unit and other) or not _near(plain, members)):
            continue
        texts: dict[int, str | None] = {
            code: _written(one, beside)
            for code, one in members.items()
            if alike or usual[len(one.fraction)] >= _USUAL * len(plain)
        }
        told = (
            f"the unit is written {beside[2] or beside[0]!r} in most rows"
            if unit
            else "most rows have the number alone"
        )
        found.append(Rewriting("unit", texts, 0.95 if alike else 0.9, CellFault.UNIT, told))
    return [one for one in found if one.texts]


def _digits(beside: tuple[str, str, str], plain: dict[int, Written], rows: dict[int, int]) -> list[Rewriting]:
    """Return the rewritings of whole numbers with a point, grouped digits among plain ones, and machine fractions."""
    filled = sum(rows[code] for code in plain)
    whole = sum(rows[code] for code, one in plain.items() if not one.fraction) >= _NEARLY_ALL * filled
    grouped = sum(rows[code] for code, one in plain.items() if one.grouped) > (1 - _MOST) * filled
    texts: dict[int, str | None] = {}
    for code, one in plain.items():
        lone = one.grouped and not grouped
        if lone or one.binary or (whole and one.fraction and not one.fraction.strip(".0")):
            digits = one.shortest if one.binary or whole else one.digits + one.fraction
            texts[code] = f"{beside[0]}{digits}{beside[1]}{beside[2]}"
    told = "written as nearly all numbers are"
    return [Rewriting("digits", texts, 0.9, CellFault.FORMAT, told)] if texts else []


def _written(number: Written, beside: tuple[str, str, str]) -> str:
    return f"{beside[0]}{number.digits}{number.fraction}{beside[1]}{beside[2]}"


def _near(plain: dict[int, Written], others: dict[int, Written]) -> bool:
    """Whether two sets of numbers are of one size."""
    one, other = (
        np.median([math.log10(abs(number.value) + 1e-9) for number in numbers.values()]) for numbers in (plain, others)
    )
    return bool(abs(one - other) < _FAR)


def _weight(texts: list[tuple[str, int]], pattern: re.Pattern[str]) -> int:
    return sum(count for text, count in texts if pattern.search(text))


def _rewritten_dates(
    distinct: Distinct, days: dict[int, tuple[DateStyle, date]], style: DateStyle
) -> dict[int, str | None]:
    return {
        code: written
        for code, text, _ in distinct
        if code in days and (written := write_date(days[code][1], style)) != text
    }
