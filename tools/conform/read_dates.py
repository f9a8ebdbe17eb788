"""Dates, timestamps and times in text as SQL; ISO and the column's usual spelling take a fast branch.

A date in digits is read in the order that `ValueFormat.groups` gives for its file, one with points in the order of
`ValueFormat.dotted_order`. Where that is unknown, only values that read one way (or the same
both ways) are read. Two-digit years are 1969 to 2068, as POSIX has it.
"""

from algorithms.dates import pattern_order
from state.contract import Column, LogicalType
from state.formats import DateOrder, ValueFormat
from tools.checks.types import expected_type
from tools.conform.binding import bind, extract, matches
from tools.conform.clean import clean_text_sql
from tools.sql.quote import literal

_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_MONTH_LIST = "['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?"
_MARK = r"([-/ ]|\. ?)"
_GAP = r"(?:[-/. ]|, ?|\. )?"
_TIME = (
    r"(\d{1,2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)? ?([ap]\.? ?m\.?)? "
    r"?(z|utc|gmt|[-+]\d{2}(?::?\d{2})?)?"
)
_TIME_PARTS = ("hour", "minute", "second", "fraction", "half", "zone")
_DATES = (
    rf"(\d{{1,2}}){_MARK}(\d{{1,2}}){_MARK}(\d{{4}}|\d{{2}})",
    rf"(\d{{4}}){_MARK}(\d{{1,2}}){_MARK}(\d{{1,2}})",
    rf"(\d{{1,2}})(?:st|nd|rd|th)?{_GAP}(?:of )?({_MONTHS}){_GAP}(\d{{4}}|'?\d{{2}})",
    rf"({_MONTHS}){_GAP}(\d{{1,2}})(?:st|nd|rd|th)?(?:, ?| |-|/)(\d{{4}}|'?\d{{2}})",
    rf"(\d{{4}}){_GAP}({_MONTHS}){_GAP}(\d{{1,2}})",
)
_DATE_PARTS = (
    *("a", "mark", "b", "mark2", "y"),
    *("iso_y", "iso_mark", "iso_m", "iso_mark2", "iso_d"),
    *("dmy_d", "dmy_m", "dmy_y", "mdy_m", "mdy_d", "mdy_y", "ymd_y", "ymd_m", "ymd_d"),
)
_MOMENT = rf"^{_WEEKDAY}(?:{'|'.join(_DATES)})(?:(?: ?t ?|,? (?:at )?){_TIME})?$"
_ISO_MOMENT = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00(:?00)?)?"
_ISO_FRACTION = r"[1-2]\d{3}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d+"
_ISO_UTC = r"[1-2]\d{3}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z"
_CENTURY = r"((?:1[89]|2[01])\d\d)(\d\d)(\d\d)"
_EIGHT_DIGITS = r"\d{8}.*"
_COMPACT = rf"^{_CENTURY}$"
_COMPACT_MOMENT = rf"^{_CENTURY}[t ]?(\d\d):?(\d\d):?(\d\d)(z|[-+]\d\d:?\d\d)?$"
_EPOCHS = {"epoch_s": (r"-?\d{1,11}(\.\d+)?", 1_000_000), "epoch_ms": (r"-?\d{1,14}", 1_000)}
_USUAL = r"(\d{{1,2}}){0}(\d{{1,2}}){0}([12]\d{{3}})( \d{{1,2}}:\d\d(?::\d\d)?)?"
_NO_OFFSET = "[-+]00(:?00)?"
_FIRST_YEAR = "1000-01-01"  # strptime reads '20' as the year 20


def moment_value(value_format: ValueFormat, column: Column, text: str, file: str) -> str:
    """Return SQL for the date or timestamp in `text`; `file` is SQL for the file id."""
    is_date = column.logical_type is LogicalType.DATE
    order = f"if(starts_with(p.mark, '.'), {_dotted_sql(value_format)}, {_order_sql(value_format, file)})"
    slow = bind("t", _expanded(f"lower({clean_text_sql(text)})"), _read_parts(column, order))
    branches = [_iso(column, text), *_usual(value_format, text, file), slow]
    preferred = _preferred(value_format, column, text)
    if preferred:
        branches.insert(0 if not _is_iso(value_format.pattern) else 1, preferred)
    read = _moved(f"coalesce({', '.join(branches)})", value_format, file)
    if expected_type(column) == "TIMESTAMPTZ":
        return f"timezone({_zone(column)}, {read})"
    return f"cast({read} as date)" if is_date else read


def _moved(read: str, value_format: ValueFormat, file: str) -> str:
    """Return SQL for the moment, moved by the minutes that are told for its file."""
    if not value_format.minutes:
        return read
    cases = " ".join(f"when {file_id} then {minutes}" for file_id, minutes in sorted(value_format.minutes.items()))
    return f"({read} + to_minutes(case {file} {cases} else 0 end))"


def moment_unchanged(column: Column, text: str, value: str) -> str:
    """Return SQL for whether `text` is the ISO text of the date or timestamp `value`, with a blank or a T."""
    if column.logical_type is LogicalType.DATE:
        return f"{value}::varchar = {text}"
    if expected_type(column) == "TIMESTAMPTZ":
        return matches(text, _ISO_MOMENT)
    return f"({value}::varchar = {text} or ({text}[11] = 'T' and {value}::varchar = replace({text}, 'T', ' ')))"


def time_value(value_format: ValueFormat, text: str) -> str:
    """Return SQL for the time of day in `text`; one with an offset other than zero is not read."""
    at_zero = f"(p.zone in ('', 'z', 'utc', 'gmt') or {matches('p.zone', _NO_OFFSET)})"
    read = f"case when p.hour <> '' and {at_zero} then try_cast({_time_of_day()} as time) end"
    parsed = bind("p", extract("t", f"^{_TIME}$", _TIME_PARTS), read)
    slow = bind("t", f"lower({clean_text_sql(text)})", parsed)
    cast = f"try_cast({text} as time)"
    fast = f"case when {cast}::varchar = {text} and {text} < '24' then {cast} end"
    pattern = value_format.pattern or ""
    if "%H" in pattern.replace("%I", "%H") and "%z" not in pattern:
        slow = f"try_cast(try_strptime({text}, {literal(pattern)}) as time), {slow}"
    return f"coalesce({fast}, {slow})"


def _zone(column: Column) -> str:
    return literal(column.options.default_timezone or "UTC")


def _is_iso(pattern: str | None) -> bool:
    return pattern is not None and pattern.startswith("%Y-%m-%d")


def _iso(column: Column, text: str) -> str:
    """Return SQL for the fast reading of ISO text; the engine's own cast would drop an offset, so none may stand."""
    if column.logical_type is LogicalType.DATE:
        return f"case when {text} like '____-__-__' and {text} >= '0001' then try_cast({text} as timestamp) end"
    shape = f"{text} like '____-__-_____:__:__' and {text} >= '0001'"
    utc = _local(column, f"try_cast(rtrim({text}, 'Z') as timestamp)")
    return (
        f"case when {shape} then try_cast({text} as timestamp) when {matches(text, _ISO_FRACTION)} "
        f"then try_cast({text} as timestamp) when {matches(text, _ISO_UTC)} then {utc} end"
    )


def _usual(value_format: ValueFormat, text: str, file: str) -> list[str]:
    """Return SQL for the fast reading of dates with four-digit years in the order of the file, where one is known.

    Whether a pattern fits is asked first: a cast that fails costs the engine five times as much.
    """
    found = []
    for order, rewritten in ((DateOrder.DAY_FIRST, r"\3-\2-\1\4"), (DateOrder.MONTH_FIRST, r"\3-\1-\2\4")):
        condition = _in_order(value_format, order, file)
        if condition:
            pattern = "%d/%m/%Y" if order is DateOrder.DAY_FIRST else "%m/%d/%Y"
            read = f"coalesce({_padded(text, pattern)}, {_rewritten(text, ('/', '-'), rewritten)})"
            found.append(read if condition == "true" else f"case when {condition} then {read} end")
        if order is value_format.dotted_order:
            found.append(_rewritten(text, ("[.]",), rewritten))
    return found


def _padded(text: str, pattern: str) -> str:
    """Return SQL for the date in ten characters with slashes: the engine's own reading is five times as fast."""
    return f"case when {text} like '__/__/____' and {text}[7:] >= '1' then try_strptime({text}, '{pattern}') end"


def _rewritten(text: str, marks: tuple[str, ...], rewritten: str) -> str:
    """Return SQL for the moment in digits between the marks, put in the order of ISO by `rewritten`."""
    cases = " ".join(
        f"when {matches(text, pattern)} then "
        f"try_cast(regexp_replace({text}, '^{pattern}$', '{rewritten}') as timestamp)"
        for pattern in map(_USUAL.format, marks)
    )
    return f"case {cases} end"


def _in_order(value_format: ValueFormat, order: DateOrder, file: str) -> str | None:
    """Return SQL for whether the file has the order; files not named follow the first group. None when none has."""
    groups = value_format.groups
    if not any(group.date_order is order for group in groups):
        return None
    if len(groups) == 1:
        return "true"
    if groups[0].date_order is order:
        others = [file_id for group in groups if group.date_order is not order for file_id in group.file_ids]
        return f"{file} not in ({', '.join(map(str, others))})" if others else "true"
    own = [file_id for group in groups if group.date_order is order for file_id in group.file_ids]
    return f"{file} in ({', '.join(map(str, own))})" if own else None


def _order_sql(value_format: ValueFormat, file: str) -> str:
    """Return SQL for the order as 'd', 'm' or '?'."""
    stated = pattern_order(value_format.pattern)
    if not value_format.groups:
        return {DateOrder.DAY_FIRST: "'d'", DateOrder.MONTH_FIRST: "'m'"}.get(stated or DateOrder.UNKNOWN, "'?'")
    branches = [
        f"when {condition} then '{letter}'"
        for order, letter in ((DateOrder.DAY_FIRST, "d"), (DateOrder.MONTH_FIRST, "m"))
        if (condition := _in_order(value_format, order, file))
    ]
    return f"case {' '.join(branches)} else '?' end" if branches else "'?'"


def _dotted_sql(value_format: ValueFormat) -> str:
    """Return SQL for the order of dates with points as 'd', 'm' or '?'."""
    return {DateOrder.DAY_FIRST: "'d'", DateOrder.MONTH_FIRST: "'m'"}.get(value_format.dotted_order, "'?'")


def _preferred(value_format: ValueFormat, column: Column, text: str) -> str | None:
    """Return SQL for the reading by the contract's own pattern; None when it has none for whole dates."""
    pattern = value_format.pattern
    if pattern in _EPOCHS:
        shape, scale = _EPOCHS[pattern]
        moment = f"make_timestamp(round(try_cast(trim({text}) as decimal(38, 6)) * {scale})::bigint)"
        return f"case when {matches(f'trim({text})', shape)} then {_local(column, moment)} end"
    if not pattern or not any(year in pattern for year in ("%Y", "%y")):
        return None
    order = pattern_order(pattern)
    if order is not None and any(group.date_order is not order for group in value_format.groups):
        return None  # a file contradicts the contract: its groups say how each file is read
    if order is not None and "." in pattern and order is not value_format.dotted_order:
        return None
    read = f"try_strptime(trim({text}), {literal(pattern)})"
    moment = _local(column, f"timezone('UTC', {read})") if "%z" in pattern else read
    return f"case when {read} >= timestamp '{_FIRST_YEAR}' then {moment} end"


def _local(column: Column, utc: str) -> str:
    """Return SQL for a moment in UTC as local time of the column's default zone."""
    return utc if _zone(column) in ("'UTC'", "'Etc/UTC'") else f"timezone({_zone(column)}, timezone('UTC', {utc}))"


def _expanded(text: str) -> str:
    """Return SQL for the text with dates of eight bare digits written with hyphens."""
    dated = rf"regexp_replace(u, '{_COMPACT}', '\1-\2-\3')"
    timed = rf"regexp_replace({dated}, '{_COMPACT_MOMENT}', '\1-\2-\3 \4:\5:\6\7')"
    return bind("u", text, f"case when {matches('u', _EIGHT_DIGITS)} then {timed} else u end")


def _read_parts(column: Column, order: str) -> str:
    """Return SQL for the timestamp in the cleaned, lower-case text `t`."""
    if column.logical_type is LogicalType.DATE:
        moment = "try_cast(d as timestamp)"
    else:
        local = f"try_cast(d || ' ' || {_time_of_day()} as timestamp)"
        moment = bind("m", local, _shifted(column))
    read = f"case when p.half <> '' or p.hour = '' or p.minute <> '' then {bind('d', _date_text(order), moment)} end"
    return bind("p", extract("t", _MOMENT, (*_DATE_PARTS, *_TIME_PARTS)), read)


def _date_text(order: str) -> str:
    """Return SQL for the date in the parts `p` as ISO text, NULL where it is none or its order is unknown."""
    day = f"try_cast({_year('p.y')} || '-' || p.b || '-' || p.a as date)"
    month = f"try_cast({_year('p.y')} || '-' || p.a || '-' || p.b as date)"
    chosen = (
        f"case when r.d is null then r.m when r.m is null or r.d = r.m then r.d else case {order} "
        "when 'd' then r.d when 'm' then r.m end end"
    )
    digits = bind("r", f"{{'d': {day}, 'm': {month}}}", chosen)
    cases = (
        ("p.y <> ''", f"case when p.mark = p.mark2 then {digits} end"),
        ("p.iso_y >= '0001'", "if(p.iso_mark = p.iso_mark2, p.iso_y || '-' || p.iso_m || '-' || p.iso_d, null)"),
        ("p.dmy_y <> ''", f"{_year('p.dmy_y')} || '-' || {_month('p.dmy_m')} || '-' || p.dmy_d"),
        ("p.mdy_y <> ''", f"{_year('p.mdy_y')} || '-' || {_month('p.mdy_m')} || '-' || p.mdy_d"),
        ("p.ymd_y >= '0001'", f"p.ymd_y || '-' || {_month('p.ymd_m')} || '-' || p.ymd_d"),
    )
    text = " ".join(f"when {condition} then try_cast({sql} as date)" for condition, sql in cases)
    return f"(case {text} end)::varchar"


def _year(part: str) -> str:
    year = f"ltrim({part}, '''')"
    return f"(if(length({year}) = 2, if({year} >= '69', '19', '20'), '') || {year})"


def _month(part: str) -> str:
    return f"list_position({_MONTH_LIST}, left({part}, 3))"


def _time_of_day() -> str:
    """Return SQL for the time in the parts `p` as ISO text, NULL where it is none; midnight where there is no time."""
    hour = "p.hour::integer"
    hours = (
        f"case when p.half = '' then {hour} when starts_with(p.half, 'a') "
        f"then case when {hour} <= 11 then {hour} when {hour} = 12 then 0 end "
        f"else case when {hour} between 1 and 11 then {hour} + 12 when {hour} = 12 then 12 end end"
    )
    time = (
        f"case when {hour} <= 23 and (p.minute <> '' or p.half <> '') then ({hours}) || ':' || "
        "if(p.minute = '', '00', p.minute) || ':' || if(p.second = '', '00', p.second) || "
        "if(p.fraction = '', '', '.' || p.fraction) end"
    )
    return f"case when p.hour = '' then '00:00:00' else {time} end"


def _shifted(column: Column) -> str:
    """Return SQL for the moment `m` moved from the offset in the parts `p`, if any, to the column's default zone."""
    digits = "regexp_replace(p.zone, '[^0-9]', '', 'g')"
    minutes = f"(left({digits}, 2)::integer * 60 + if(length({digits}) = 4, right({digits}, 2)::integer, 0))"
    utc = (
        f"case when p.zone in ('z', 'utc', 'gmt') then m when starts_with(p.zone, '-') then m + to_minutes({minutes}) "
        f"else m - to_minutes({minutes}) end"
    )
    return f"case when p.zone = '' then m else {_local(column, utc)} end"
