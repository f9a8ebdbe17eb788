"""Dates: the column's way of writing them, and other ways brought to it. The order of day and month is never guessed."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

_MONTHS: Final = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
_YEAR_FIRST: Final = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})")
_NAMED_DAY: Final = re.compile(r"(\d{1,2})([ -])([A-Za-z]{3,9})\.?\2(\d{4}|\d{2})")
_NAMED_MONTH: Final = re.compile(r"([A-Za-z]{3,9})\.?( )(\d{1,2}),? (\d{4})")
_MIDNIGHT: Final = re.compile(r"[ T]00:00(:00(\.0+)?)?$")
_PIVOT: Final = 69  # two-digit years from here on are of the last century, as in POSIX
_LAST_MONTH: Final = 12


class DateStyle(NamedTuple):
    """How a date is written."""

    family: str  # year-first, day-first, month-first, unordered, named-day, named-month
    sign: str  # between the parts
    padded: bool
    long_year: bool
    short_month: bool  # three letters


class Reading(NamedTuple):
    """A text read as a date: its style, and year, first and second part as they stand."""

    style: DateStyle
    year: int
    first: int  # month of named dates and of year-first ones
    second: int


def read_date(text: str) -> Reading | None:
    """Return how the text reads as a date; None where it does not."""
    text = _MIDNIGHT.sub("", text)
    if match := _YEAR_FIRST.fullmatch(text):
        year, sign, first, second = match.groups()
        return _reading("year-first", sign, (year, first, second), text)
    if match := _YEAR_LAST.fullmatch(text):
        first, sign, second, year = match.groups()
        return _reading("unordered", sign, (year, first, second), text)
    if match := _NAMED_DAY.fullmatch(text):
        day, sign, month, year = match.groups()
        return _named("named-day", sign, (year, month, day), text)
    if match := _NAMED_MONTH.fullmatch(text):
        month, sign, day, year = match.groups()
        return _named("named-month", sign, (year, month, day), text)
    return None


def order_of(readings: Sequence[tuple[Reading, int]]) -> dict[str, str]:
    """Return the order of day and month for each sign of unordered dates that decides it without contradiction."""
    votes: dict[str, Counter[str]] = {}
    for reading, count in readings:
        if reading.style.family == "unordered":
            for family in _only_order(reading):
                votes.setdefault(reading.style.sign, Counter())[family] += count
    return {sign: next(iter(counted)) for sign, counted in votes.items() if len(counted) == 1}


def resolve(reading: Reading, orders: dict[str, str]) -> tuple[DateStyle, date] | None:
    """Return the style with its order and the day; None where it is undecided or no day of the calendar."""
    family, month, day = reading.style.family, reading.first, reading.second
    if family == "unordered":
        family = orders.get(reading.style.sign) or next(_only_order(reading), "")
        if not family:
            return None
        month, day = (day, month) if family == "day-first" else (month, day)
    try:
        return reading.style._replace(family=family), date(reading.year, month, day)
    except ValueError:
        return None


def write_date(day: date, style: DateStyle) -> str:
    """Return the day in the style."""
    year = f"{day.year:04d}" if style.long_year else f"{day.year % 100:02d}"
    digits = "02d" if style.padded else "d"
    month, number = format(day.month, digits), format(day.day, digits)
    name = _MONTHS[day.month - 1].title()
    name = name[:3] if style.short_month else name
    written = {
        "year-first": (year, month, number),
        "day-first": (number, month, year),
        "month-first": (month, number, year),
        "named-day": (number, name, year),
    }.get(style.family)
    return style.sign.join(written) if written else f"{name} {number}, {year}"


def _only_order(reading: Reading) -> Iterator[str]:
    if reading.first > _LAST_MONTH:
        yield "day-first"
    elif reading.second > _LAST_MONTH:
        yield "month-first"


def _reading(family: str, sign: str, parts: tuple[str, str, str], text: str) -> Reading:
    year, first, second = parts
    padded = all(len(part) == 2 for part in (first, second)) and (
        first[0] == "0" or second[0] == "0" or len(text) in (8, 10)
    )
    style = DateStyle(family, sign, padded, len(year) == 4, short_month=False)  # noqa: PLR2004
    return Reading(style, _year(year), int(first), int(second))


def _named(family: str, sign: str, parts: tuple[str, str, str], _text: str) -> Reading | None:
    year, month, day = parts
    number = [place for place, name in enumerate(_MONTHS, 1) if month.casefold() in (name, name[:3])]
    if not number:
        return None
    short = len(month) == 3 and number[0] != 5  # noqa: PLR2004  May is as long as it is short
    style = DateStyle(family, sign, len(day) == 2, len(year) == 4, short)  # noqa: PLR2004
    return Reading(style, _year(year), number[0], int(day))


def _year(text: str) -> int:
    number = int(text)
    return number if len(text) == 4 else number + (1900 if number >= _PIVOT else 2000)  # noqa: PLR2004
