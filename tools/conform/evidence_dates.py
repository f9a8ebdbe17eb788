"""Evidence on the order of day and month: for every file, which dates read one way only and which read both ways."""

from collections.abc import Sequence

import duckdb

from state.contract import Column, LogicalType
from tools.sql.quote import literal

_DIGITS = r"^(\d{1,2})([-/ ]|\. ?)(\d{1,2})([-/ ]|\. ?)(\d{4}|\d{2})(\D.*)?$"
_ISO = r"^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(\D.*)?$"
_TIMED = r"\d:\d\d|\d[Tt]\d{4}"
_OFFSET = rf"(?i)({_TIMED}).*(z|utc|gmt|[-+]\d\d(:?\d\d)?)\s*$"
_MOST_CHARACTERS = 12  # of a text: a date in digits is no longer, and texts that differ in time alone fall together

DATE_HEAD = f"left(ltrim({{v}}), {_MOST_CHARACTERS})"
"""What is counted of the text `{v}` of a date."""

DATES_TOLD = tuple(f"left({extreme}({{v}}), {_MOST_CHARACTERS})" for extreme in ("min", "max"))
"""What stands for canonical dates, the year first: they say nothing but how far the dates reach."""

_PLAIN_TIME = "{v} like '____-__-_____:__:__'"
_IS_TIMED, _HAS_OFFSET = (f"regexp_matches({{v}}, '{pattern}')" for pattern in (_TIMED, _OFFSET))
OFFSET_TALLIES = (
    f"case when {_PLAIN_TIME} then false else {_IS_TIMED} and {_HAS_OFFSET} end",
    f"case when {_PLAIN_TIME} then true else {_IS_TIMED} and not {_HAS_OFFSET} end",
)
"""Rows with a time of day that an offset from UTC follows, and those without; the usual notation is told fast."""


def date_evidence(
    connection: duckdb.DuckDBPyConnection, column: Column, heads: str, offsets: Sequence[int]
) -> dict[str, object]:
    """Return the fields of `FormatEvidence` on dates.

    `heads` is SQL for file, v (`DATE_HEAD` of a text) and n (rows); `offsets` the counts of `OFFSET_TALLIES`. A value
    readable one way only, or the same both ways, is unambiguous; so is one with the year first. The range of the
    unambiguous dates says which reading of the others is plausible. Dates with points are counted apart: they are
    another way of writing, whose order says nothing about slashes.
    """
    counted = connection.execute(_counts(column, heads)).fetchall()
    evidence: dict[str, object] = {"default_timezone": column.options.default_timezone}
    dotted = ("dotted_day_first_only", "dotted_month_first_only", "dotted_ambiguous")
    evidence |= {name: sum(row[position] for row in counted) for position, name in enumerate(dotted, start=10)}
    if column.logical_type is LogicalType.TIMESTAMP:
        evidence |= dict(zip(("with_offset", "without_offset"), offsets, strict=True))
    names = ("day_first_only", "month_first_only", "ambiguous")
    for position, name in enumerate(names, start=1):
        evidence[name] = {row[0]: row[position] for row in counted if row[position]}
    ranges = (("plausible", 4, 8), ("in_bounds", 6, 9))
    for suffix, position, known in ranges:
        told = [row for row in counted if row[3] and row[known]]
        evidence[f"day_first_{suffix}"] = {row[0]: row[position] for row in told}
        evidence[f"month_first_{suffix}"] = {row[0]: row[position + 1] for row in told}
    return evidence


def _counts(column: Column, heads: str) -> str:
    """Return SQL for one row a file: its id, counts of rows, whether range and bounds are known, counts of dotted."""
    low, high = (_bound(bound) for bound in (column.options.minimum, column.options.maximum))
    bounded = "true" if (low, high) != ("null", "null") else "false"
    return f"""
    with heads as ({heads}),
    parts as (
        select file, n, v, regexp_extract(v, '{_DIGITS}', ['a', 's', 'b', 's2', 'y']) as p,
            regexp_extract(v, '{_ISO}', ['y', 'm', 'd']) as i from heads),
    dated as (
        select file, n, starts_with(p.s, '.') as dotted, case when p.y <> '' and p.s = p.s2
                then {_date(_year("p.y"), "p.b", "p.a")} end as d,
            case when p.y <> '' and p.s = p.s2 then {_date(_year("p.y"), "p.a", "p.b")} end as m,
            case when i.y >= '0001' then {_date("i.y", "i.m", "i.d")} end as iso from parts),
    known as (
        select min(u) as low, max(u) as high from (
            select case when d is null then coalesce(m, iso) when m is null or m = d then d end as u from dated)),
    bounds as (select {low} as low, {high} as high)
    select file,
        sum(n) filter (where not dotted and d is not null and m is null)::bigint,
        sum(n) filter (where not dotted and d is null and m is not null)::bigint,
        sum(n) filter (where not dotted and d <> m)::bigint,
        coalesce(sum(n) filter (where not dotted and d <> m and d between k.low and k.high), 0)::bigint,
        coalesce(sum(n) filter (where not dotted and d <> m and m between k.low and k.high), 0)::bigint,
        coalesce(sum(n) filter (where not dotted and d <> m and {_within("d")}), 0)::bigint,
        coalesce(sum(n) filter (where not dotted and d <> m and {_within("m")}), 0)::bigint,
        any_value(k.low is not null), {bounded},
        coalesce(sum(n) filter (where dotted and d is not null and m is null), 0)::bigint,
        coalesce(sum(n) filter (where dotted and d is null and m is not null), 0)::bigint,
        coalesce(sum(n) filter (where dotted and d <> m), 0)::bigint
    from dated, known k, bounds b group by file order by file"""


def _bound(bound: float | str | None) -> str:
    return f"try_cast({literal(bound)} as date)" if isinstance(bound, str) else "null"


def _within(date: str) -> str:
    return f"coalesce({date} >= b.low, true) and coalesce({date} <= b.high, true)"


def _year(part: str) -> str:
    return f"(if(length({part}) = 2, if({part} >= '69', '19', '20'), '') || {part})"


def _date(year: str, month: str, day: str) -> str:
    return f"try_cast({year} || '-' || {month} || '-' || {day} as date)"
