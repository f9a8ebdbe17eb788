"""Evidence on the order of day and month: for every file, which dates read one way only and which read both ways."""

from collections.abc import Sequence

import duckdb

from state.contract import Column, LogicalType
from tools.sql.quote import literal

_DIGITS = r"^(\d{1,2})([-/ ]|\. ?)(\d{1,2})([-/ ]|\. ?)(\d{4}|\d{2})(\D.*)?$"
_ISO = r"^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(\D.*)?$"
_COMPACT = r"^((?:19|20)\d\d)(0[1-9]|1[0-2])([0-3]\d)(\D.*)?$"
_NAMED = r"(?i)^(\d{1,2})[-/. ]{1,2}([a-z]{3})[-/. ]{1,2}(\d{4})(\D.*)?$"
_TIMED = r"\d:\d\d|\d[Tt]\d{4}"
_OFFSET = rf"(?i)({_TIMED}).*(z|utc|gmt|[-+]\d\d(:?\d\d)?)\s*$"
_MOST_CHARACTERS = 12  # of a text: a date in digits is no longer, and texts that differ in time alone fall together

DATE_HEAD = f"left(ltrim({{v}}), {_MOST_CHARACTERS})"
"""What is counted of the text `{v}` of a date."""

_DAY_OF_MONTH, _CHANCE = "substr({v}, 9, 2)", "hash(left({v}, 10))"

DATES_TOLD = tuple(
    f"left({extreme}, {_MOST_CHARACTERS})"
    for extreme in (
        *("min({v})", "max({v})"),
        *(f"{end}({{v}}, {by})" for by in (_DAY_OF_MONTH, _CHANCE) for end in ("arg_min", "arg_max")),
    )
)
"""What stands for canonical dates, the year first: how far they and their days of the month reach, and two more."""

STEPS = 6
"""Dates of a file that go in equal steps from which this is no chance."""

_KNOWN_DATES = 3  # dates of one day of the month from which this is no chance

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
    readable one way only, or the same both ways, is unambiguous; so is one with the year first or the month as a word.
    Their range says which reading of the others is plausible; so does the day of the month, where all have the same.
    Whether the dates of a file go in equal steps is told by the file alone (`STEPS`). Dates with points are counted
    apart: they are another way of writing, whose order says nothing about slashes.
    """
    counted = connection.execute(_counts(column, heads)).fetchall()
    evidence: dict[str, object] = {"default_timezone": column.options.default_timezone}
    dotted = ("dotted_day_first_only", "dotted_month_first_only", "dotted_ambiguous")
    evidence |= {name: sum(row[position] for row in counted) for position, name in enumerate(dotted, start=10)}
    if column.logical_type is LogicalType.TIMESTAMP:
        evidence |= dict(zip(("with_offset", "without_offset"), offsets, strict=True))
    names = {"day_first_only": 1, "month_first_only": 2, "ambiguous": 3, "ambiguous_dates": 13}
    for name, position in names.items():
        evidence[name] = {row[0]: row[position] for row in counted if row[position]}
    ranges = (("plausible", 4, 8), ("in_bounds", 6, 9), ("on_day", 14, 20), ("on_first", 16, 13), ("in_step", 18, 21))
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
            regexp_extract(v, '{_ISO}', ['y', 'm', 'd']) as i, regexp_extract(v, '{_COMPACT}', ['y', 'm', 'd']) as c,
            regexp_extract(v, '{_NAMED}', ['d', 'm', 'y']) as w from heads),
    dated as (
        select file, n, starts_with(p.s, '.') as dotted, case when p.y <> '' and p.s = p.s2
                then {_date(_year("p.y"), "p.b", "p.a")} end as d,
            case when p.y <> '' and p.s = p.s2 then {_date(_year("p.y"), "p.a", "p.b")} end as m,
            case when i.y >= '0001' then {_date("i.y", "i.m", "i.d")} when c.y <> '' then {_date("c.y", "c.m", "c.d")}
                when w.y <> '' then try_strptime(w.d || ' ' || w.m || ' ' || w.y, '%d %b %Y')::date end as sure
        from parts),
    known as (
        select min(u) as low, max(u) as high,
            case when count(distinct sure) >= {_KNOWN_DATES} and min(day(u)) = max(day(u)) then min(day(u)) end as day
        from (select sure, case when d is null then coalesce(m, sure) when m is null or m = d then d end as u
            from dated)),
    stepped as ({_STEPPED}),
    bounds as (select {low} as low, {high} as high)
    select file,
        sum(n) filter (where not dotted and d is not null and m is null)::bigint,
        sum(n) filter (where not dotted and d is null and m is not null)::bigint,
        sum(n) filter (where not dotted and d <> m)::bigint,
        {_plausible("d")}, {_plausible("m")},
        coalesce(sum(n) filter (where not dotted and d <> m and {_within("d")}), 0)::bigint,
        coalesce(sum(n) filter (where not dotted and d <> m and {_within("m")}), 0)::bigint,
        any_value(k.low is not null), {bounded},
        coalesce(sum(n) filter (where dotted and d is not null and m is null), 0)::bigint,
        coalesce(sum(n) filter (where dotted and d is null and m is not null), 0)::bigint,
        coalesce(sum(n) filter (where dotted and d <> m), 0)::bigint,
        count(distinct d) filter (where not dotted and d <> m),
        coalesce(sum(n) filter (where not dotted and d <> m and day(d) = k.day), 0)::bigint,
        coalesce(sum(n) filter (where not dotted and d <> m and day(m) = k.day), 0)::bigint,
        coalesce(sum(n) filter (where not dotted and d <> m and day(d) = 1), 0)::bigint,
        coalesce(sum(n) filter (where not dotted and d <> m and day(m) = 1), 0)::bigint,
        coalesce(sum(n) filter (where not dotted and d <> m and s.day_first), 0)::bigint,
        coalesce(sum(n) filter (where not dotted and d <> m and s.month_first), 0)::bigint,
        any_value(k.day is not null), any_value(s.dates >= {STEPS})
    from dated left join stepped s using (file), known k, bounds b group by file order by file"""


_EQUAL = "min({0}.days) = max({0}.days) or (min({0}.months) = max({0}.months) and min({0}.day) = max({0}.day))"
_STEP = (
    "{{'days': {0} - lag({0}) over by_{0}, 'months': datediff('month', lag({0}) over by_{0}, {0}), 'day': day({0})}}"
)
_STEPPED = f"""
        select file, count(*) as dates, {_EQUAL.format("of_d")} as day_first, {_EQUAL.format("of_m")} as month_first
        from (
            select file, {_STEP.format("d")} as of_d, {_STEP.format("m")} as of_m
            from (select distinct file, d, m from dated where not dotted and d is not null and m is not null)
            window by_d as (partition by file order by d), by_m as (partition by file order by m))
        group by file"""
"""SQL for the files whose dates that read both ways go in steps of equally many days or months: file, dates, orders."""


def _plausible(date: str) -> str:
    """Return SQL for the ambiguous rows of a file whose reading falls into the range of the known dates.

    Where a file has no known dates of its own and this reading puts all of it after them, or before, it may simply be
    newer or older than the other files: the range says nothing against it.
    """
    rows = "filter (where not dotted and d <> m)"
    own = "count(*) filter (where coalesce(d, m, sure) is not null and (d is null or m is null or d = m))"
    beyond = f"(min({date}) {rows} > any_value(k.high) or max({date}) {rows} < any_value(k.low))"
    within = f"sum(n) filter (where not dotted and d <> m and {date} between k.low and k.high)"
    return f"coalesce(if({own} = 0 and {beyond}, sum(n) {rows}, {within}), 0)::bigint"


def _bound(bound: float | str | None) -> str:
    return f"try_cast({literal(bound)} as date)" if isinstance(bound, str) else "null"


def _within(date: str) -> str:
    return f"coalesce({date} >= b.low, true) and coalesce({date} <= b.high, true)"


def _year(part: str) -> str:
    return f"(if(length({part}) = 2, if({part} >= '69', '19', '20'), '') || {part})"


def _date(year: str, month: str, day: str) -> str:
    return f"try_cast({year} || '-' || {month} || '-' || {day} as date)"
