"""Dates of spreadsheets: numbers of days since an epoch, which a cell's number format makes dates or times.

In the system of 1900 day 60 is a 29 February that never was: days before it count from one epoch, days after it from
another. Times are parts of a day; they are read to the millisecond, which is what a double keeps of them.
"""

import re
from datetime import datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from enum import Enum, auto

_DATES = frozenset((14, 15, 16, 17, *range(27, 32), 34, 35, 36, *range(50, 55), 57, 58))
_TIMES = frozenset((18, 19, 20, 21, 32, 33, 45, 47, 55, 56))
_MOMENT, _ELAPSED = 22, 46
"""Number formats that every workbook has, by what they show."""

_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.')
_BRACKETED = re.compile(r"\[(?!h+\]|m+\]|s+\])[^\]]*\]", re.IGNORECASE)
_RUNNING = re.compile(r"\[(h+|m+|s+)\]")
_NO_LETTERS = re.compile(r"am/pm|a/p|general")
_MINUTES = re.compile(r"h+[^a-z]*m+|m+[^a-z]*s+")

_LAST_DAY = 2_958_466  # the day after 9999-12-31
_PHANTOM = 60
_MILLISECONDS = 86_400_000
_DIGITS = Context(prec=15)
_PLAIN = re.compile(r"-?\d{1,40}")
_MAX_EXPONENT = 40


class Shown(Enum):
    """What a number format shows a number as."""

    NUMBER = auto()
    DATE = auto()
    TIME = auto()
    MOMENT = auto()
    ELAPSED = auto()


def shown_as(number: int, code: str | None) -> Shown:
    """Return what the format of that number shows; `code` is its text where the workbook defines it."""
    if code is None:
        known = {_MOMENT: Shown.MOMENT, _ELAPSED: Shown.ELAPSED}
        built_in = Shown.DATE if number in _DATES else Shown.TIME if number in _TIMES else Shown.NUMBER
        return known.get(number, built_in)
    text = _BRACKETED.sub("", _QUOTED.sub("", code.split(";")[0])).lower()
    if _RUNNING.search(text):
        return Shown.ELAPSED
    # Behind hours and before seconds an m is a minute.
    days = _MINUTES.sub("", _NO_LETTERS.sub("", text))
    day, clock = any(letter in days for letter in "ymd"), any(letter in _NO_LETTERS.sub("", text) for letter in "hs")
    if clock:
        return Shown.MOMENT if day else Shown.TIME
    return Shown.DATE if day else Shown.NUMBER


def date_text(raw: str, shown: Shown, *, since_1904: bool) -> str | None:
    """Return the number of a cell as ISO text; None when it is no date that ever was."""
    serial = _serial(raw)
    if serial is None:
        return None
    days, thousandths = divmod(round(serial * _MILLISECONDS), _MILLISECONDS)
    if shown is Shown.ELAPSED:
        minutes, seconds = divmod(round(serial * _MILLISECONDS) // 1000, 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    clock = _clock(thousandths)
    if not days and (shown is Shown.TIME or not since_1904):
        return clock if shown is not Shown.DATE else None
    day = _day(days, since_1904=since_1904)
    if day is None:
        return None
    return day if shown is Shown.DATE and not thousandths else f"{day} {clock}"


def number_text(raw: str) -> str:
    """Return a number without exponent and superfluous zeros.

    A fraction has no more than 15 digits: more is what a double leaves behind, 19.99 stands in files as
    19.989999999999998. A whole number keeps all digits that the file has.
    """
    if _PLAIN.fullmatch(raw):
        return raw
    try:
        value = Decimal(raw)
    except InvalidOperation:
        return raw
    if not value.is_finite() or abs(value.adjusted()) > _MAX_EXPONENT:
        return raw
    text = f"{_DIGITS.plus(value) if value != value.to_integral_value() else value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _serial(raw: str) -> float | None:
    try:
        serial = float(raw)
    except ValueError:
        return None
    return serial if 0 <= serial < _LAST_DAY else None


def _day(days: int, *, since_1904: bool) -> str | None:
    if since_1904:
        epoch = datetime(1904, 1, 1)  # noqa: DTZ001  a sheet knows no zone
    elif days == _PHANTOM:
        return None
    else:
        epoch = datetime(1899, 12, 31 if days < _PHANTOM else 30)  # noqa: DTZ001
    try:
        return (epoch + timedelta(days=days)).date().isoformat()
    except OverflowError:
        return None


def _clock(thousandths: int) -> str:
    seconds, rest = divmod(thousandths, 1000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{rest:03d}".rstrip("0") if rest else text
