"""Dates, timestamps and times that a contract writes as text, as SQL literals."""

import datetime as dt
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from algorithms.dates import strptime_pattern
from state.contract import Column, LogicalType
from tools.sql.quote import literal


def moment_literal(column: Column, text: object) -> str | None:
    """Return text as a literal that compares with values of `column`.

    The text is written in the format of the column, or as ISO writes it (date, date and time, or time). Values without
    a zone are meant in the column's default zone (UTC unless it says otherwise), and so is a bound without one. None
    when the text is neither or the zone is unknown.
    """
    if not isinstance(text, str):
        return None
    try:
        moment = _formatted(column, text.strip())
        if column.logical_type is LogicalType.TIME:
            clock = moment.time() if moment else dt.time.fromisoformat(text.strip())
            return f"TIME {literal(clock.replace(tzinfo=None).isoformat())}"
        moment = moment or dt.datetime.fromisoformat(text.strip())
        zone = _zone(column.options.default_timezone)
    except (ValueError, ZoneInfoNotFoundError):
        return None
    return _moment(column, moment, zone)


def _formatted(column: Column, text: str) -> dt.datetime | None:
    """Return the moment that text in the format of the column says; None for other text and without such a format."""
    pattern = strptime_pattern(column.options.format) if column.options.format else None
    if pattern is None or "%" not in pattern:
        return None
    try:
        return dt.datetime.strptime(text, pattern)  # noqa: DTZ007  a bound without a zone gets the column's
    except ValueError:
        return None


def _moment(column: Column, moment: dt.datetime, zone: dt.tzinfo) -> str:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    if column.logical_type is LogicalType.TIMESTAMP and column.options.timezone:
        return f"TIMESTAMPTZ {literal(aware.astimezone(dt.UTC).isoformat(sep=' '))}"
    local = aware.astimezone(zone).replace(tzinfo=None)
    if column.logical_type is LogicalType.DATE and local.time() == dt.time():
        return f"DATE {literal(local.date().isoformat())}"
    return f"TIMESTAMP {literal(local.isoformat(sep=' '))}"


def _zone(name: str | None) -> dt.tzinfo:
    """UTC needs no time zone database, which not every system has."""
    return dt.UTC if name in (None, "UTC", "Etc/UTC") else ZoneInfo(name)
