"""Dates, timestamps and times that a contract writes as text, as SQL literals."""

import datetime as dt
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from state.contract import Column, LogicalType
from tools.sql.quote import literal


def moment_literal(column: Column, text: object) -> str | None:
    """Return ISO text (date, date and time, or time) as a literal that compares with values of `column`.

    Values without a zone are meant in the column's default zone (UTC unless it says otherwise), and so is a bound
    without one. None when the text is not ISO or the zone is unknown.
    """
    if not isinstance(text, str):
        return None
    try:
        if column.logical_type is LogicalType.TIME:
            return f"TIME {literal(dt.time.fromisoformat(text.strip()).replace(tzinfo=None).isoformat())}"
        moment = dt.datetime.fromisoformat(text.strip())
        zone = _zone(column.options.default_timezone)
    except (ValueError, ZoneInfoNotFoundError):
        return None
    return _moment(column, moment, zone)


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
