import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.formats import plain_format
from state.contract import Column, LogicalType, RepairScope, TypeOptions
from state.formats import DateOrder, FormatGroup
from tools.conform.read import read_expression

CONNECTION = duckdb.connect()
CONNECTION.execute("set TimeZone = 'America/New_York'")  # nothing may depend on the zone of the machine


Case = tuple[str | None, str | None, str | None]  # text, value as text, operator


def read_all(
    texts: Sequence[str | None],
    logical_type: str,
    *,
    options: dict[str, Any] | None = None,
    file: int = 0,
    repair: RepairScope = RepairScope.VIOLATIONS,
    **changes: Any,
) -> list[Case]:
    """Read texts; return each with its value as text and the operator."""
    column = Column(
        name="c", logical_type=LogicalType(logical_type), options=TypeOptions(**(options or {})), repair=repair
    )
    value_format = plain_format("t", "c", LogicalType(logical_type)).model_copy(update=changes)
    sql = read_expression(value_format, column, "v", "f")
    value = f"({sql.value})::varchar"
    if column.options.timezone:
        value = f"strftime(timezone('UTC', {sql.value}), '%Y-%m-%d %H:%M:%S') || 'Z'"
    return CONNECTION.execute(
        f"select v, {value}, {sql.operator} from "
        "(select unnest(?::varchar[]) as v, unnest(?) as i, ?::bigint as f) order by i",
        [list(texts), [*range(len(texts))], file],
    ).fetchall()


def read(text: str, logical_type: str, **changes: Any) -> tuple[str | None, str | None]:
    """Read one text; return the value as text and the operator."""
    return read_all([text], logical_type, **changes)[0][1:]


def groups(*orders: DateOrder) -> tuple[FormatGroup, ...]:
    return tuple(FormatGroup(file_ids=(index,), date_order=order) for index, order in enumerate(orders))


DAY, MONTH, UNKNOWN = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST, DateOrder.UNKNOWN

DATES: list[Case] = [
    ("2020-01-02", "2020-01-02", None),
    (" 2020-01-02\u00a0", "2020-01-02", "trim"),
    ("2020-1-2", "2020-01-02", "date"),
    ("2020/01/02", "2020-01-02", "date"),
    ("2020.01.02", "2020-01-02", "date"),
    ("13/02/2020", "2020-02-13", "date"),
    ("02/13/2020", "2020-02-13", "date"),
    ("05/05/2020", "2020-05-05", "date"),
    ("13. 2. 2020", "2020-02-13", "date"),
    ("13 2 2020", "2020-02-13", "date"),
    ("13.2.20", "2020-02-13", "date"),
    ("13.2.69", "1969-02-13", "date"),
    ("3 March 2020", "2020-03-03", "date"),
    ("3rd of March 2020", "2020-03-03", "date"),
    ("Mar 3, 2020", "2020-03-03", "date"),
    ("MARCH 3rd 2020", "2020-03-03", "date"),
    ("3-Mar-20", "2020-03-03", "date"),
    ("3-sept-1999", "1999-09-03", "date"),
    ("2020-Mar-03", "2020-03-03", "date"),
    ("Tue, 3 Mar 2020", "2020-03-03", "date"),
    ("20200303", "2020-03-03", "date"),
    ("2020-02-03T23:23:03", "2020-02-03", "date"),
    ("2020-02-03T23:23:03-09:00", "2020-02-03", "date"),
    ("31/12/1999 23:59", "1999-12-31", "date"),
    ("01/02/2020", None, "unreadable"),
    ("1/2/20", None, "unreadable"),
    ("2020-02-30", None, "unreadable"),
    ("31/02/2020", None, "unreadable"),
    ("13/13/2020", None, "unreadable"),
    ("13/2-2020", None, "unreadable"),
    ("0000-01-01", None, "unreadable"),
    ("infinity", None, "unreadable"),
    ("epoch", None, "unreadable"),
    ("1583193600", None, "unreadable"),
    ("43893", None, "unreadable"),
    ("2020-01-02x", None, "unreadable"),
    ("Mar 2020", None, "unreadable"),
    ("3 Marchy 2020", None, "unreadable"),
    ("N/A", None, "null_token"),
    ("--", None, "null_token"),
    (" \u00a0", None, "trim"),
    (None, None, None),
]


def test_dates_without_a_known_order() -> None:
    assert read_all([case[0] for case in DATES], "date") == DATES


@pytest.mark.parametrize("order", [DAY, MONTH, UNKNOWN])
def test_unambiguous_dates_do_not_depend_on_the_order(order: DateOrder) -> None:
    unambiguous = [case for case in DATES if case[1]]
    assert read_all([case[0] for case in unambiguous], "date", groups=groups(order)) == unambiguous


@pytest.mark.parametrize(
    ("file", "value", "operator"),
    [
        (0, "2020-02-01", "date"),
        (1, "2020-01-02", "date"),
        (2, None, "unreadable"),
        (7, "2020-02-01", "date"),  # a file not named follows the first group
    ],
)
def test_ambiguous_dates_follow_the_order_of_their_file(file: int, value: str | None, operator: str) -> None:
    texts = ["1/2/2020", "01/02/2020", "01-02-2020", "1/2/20", "1 2 2020"]
    found = read_all(texts, "date", groups=groups(DAY, MONTH, UNKNOWN), file=file)
    assert found == [(text, value, operator) for text in texts]


@pytest.mark.parametrize("order", [None, DAY, MONTH, UNKNOWN])
@pytest.mark.parametrize(("dotted", "value"), [(DAY, "2020-02-01"), (MONTH, "2020-01-02"), (UNKNOWN, None)])
def test_dates_with_points_have_an_order_of_their_own(
    order: DateOrder | None, dotted: DateOrder, value: str | None
) -> None:
    texts = ["1.2.2020", "01.02.20", "1. 2. 2020", "1.2.2020 10:00"]
    found = read_all(texts, "date", groups=groups(order) if order else (), dotted_order=dotted)
    assert [case[1] for case in found] == [value] * 4
    assert read("13.2.2020", "date", dotted_order=dotted)[0] == "2020-02-13"


def test_the_order_of_the_first_group_holds_for_files_not_named() -> None:
    mixed = (FormatGroup(file_ids=(4,), date_order=MONTH), FormatGroup(file_ids=(5,), date_order=DAY))
    assert read("1/2/2020 10:00", "timestamp", groups=mixed, file=9)[0] == "2020-01-02 10:00:00"
    assert read("1/2/2020 10:00", "timestamp", groups=mixed, file=5)[0] == "2020-02-01 10:00:00"


def test_timestamps() -> None:
    cases: list[Case] = [
        ("2020-03-25 23:33:19", "2020-03-25 23:33:19", None),
        ("2020-02-03T23:23:03", "2020-02-03 23:23:03", None),
        ("2020-02-03 23:23:03.25", "2020-02-03 23:23:03.25", None),
        ("2020-02-03 23:23", "2020-02-03 23:23:00", "timestamp"),
        ("1/22/2020 17:00", "2020-01-22 17:00:00", "timestamp"),
        ("3/22/20 23:45", "2020-03-22 23:45:00", "timestamp"),
        ("2/3/2020 5:07 pm", "2020-02-03 17:07:00", "timestamp"),
        ("2/3/2020 12:07 A.M.", "2020-02-03 00:07:00", "timestamp"),
        ("2/3/2020 12:07pm", "2020-02-03 12:07:00", "timestamp"),
        ("Mar 3, 2020 at 5 pm", "2020-03-03 17:00:00", "timestamp"),
        ("Tue, 03 Mar 2020 10:11:12 GMT", "2020-03-03 10:11:12", "timestamp"),
        ("2020-02-03T23:23:03Z", "2020-02-03 23:23:03", "timestamp"),
        ("2020-02-03T23:23:03.5Z", "2020-02-03 23:23:03.5", "timestamp"),
        ("2020-02-03 23:23:03+02:00", "2020-02-03 21:23:03", "timestamp"),
        ("2020-02-03 23:23:03-0130", "2020-02-04 00:53:03", "timestamp"),
        ("2020-02-03 23:23+02", "2020-02-03 21:23:00", "timestamp"),
        ("2020-1-5 1:00:00+02", "2020-01-04 23:00:00", "timestamp"),
        ("2020-02-03", "2020-02-03 00:00:00", "timestamp"),
        ("20200203T101112Z", "2020-02-03 10:11:12", "timestamp"),
        ("20200203101112", "2020-02-03 10:11:12", "timestamp"),
        ("20200203T10:11:12", "2020-02-03 10:11:12", "timestamp"),
        ("20200203 10:11:12", "2020-02-03 10:11:12", "timestamp"),
        ("2020-02-03 23:61:00", None, "unreadable"),
        ("2/3/2020 13:00 am", None, "unreadable"),
        ("2/3/2020 25:00", None, "unreadable"),
        ("Mar 3, 2020 17", None, "unreadable"),
        ("2020-02-03 10:00 Europe/Berlin", None, "unreadable"),
    ]
    assert read_all([case[0] for case in cases], "timestamp", groups=groups(MONTH)) == cases


def test_timestamps_with_a_zone_use_the_default_zone_of_the_contract() -> None:
    zoned = {"timezone": True, "default_timezone": "America/New_York"}
    assert read("2020-07-03 23:23:03", "timestamp", options=zoned)[0] == "2020-07-04 03:23:03Z"
    assert read("2020-07-03 23:23:03+02:00", "timestamp", options=zoned)[0] == "2020-07-03 21:23:03Z"
    assert read("2020-07-03T23:23:03Z", "timestamp", options=zoned)[0] == "2020-07-03 23:23:03Z"
    assert read("2020-07-03 23:23:03", "timestamp", options={"timezone": True})[0] == "2020-07-03 23:23:03Z"


def test_an_offset_moves_a_plain_timestamp_to_the_default_zone() -> None:
    berlin = {"default_timezone": "Europe/Berlin"}
    assert read("2020-07-03 23:23:03", "timestamp", options=berlin)[0] == "2020-07-03 23:23:03"
    assert read("2020-07-03 23:23:03Z", "timestamp", options=berlin)[0] == "2020-07-04 01:23:03"


def test_epochs_are_read_only_when_the_contract_says_so() -> None:
    assert read("1583193600", "timestamp") == (None, "unreadable")
    assert read("1583193600.5", "timestamp", pattern="epoch_s")[0] == "2020-03-03 00:00:00.5"
    assert read("1583193600500", "timestamp", pattern="epoch_ms")[0] == "2020-03-03 00:00:00.5"
    assert read("2020-01-01", "timestamp", pattern="epoch_s")[0] == "2020-01-01 00:00:00"


def test_the_pattern_of_the_contract_comes_first() -> None:
    assert read("2020-03-04", "date", pattern="%Y-%d-%m")[0] == "2020-04-03"
    assert read("03/04/20", "date", pattern="%y/%m/%d")[0] == "2003-04-20"
    assert read("3/4/2020", "date", pattern="%d/%m/%Y")[0] == "2020-04-03"
    assert read("3.4.2020", "date", pattern="%m.%d.%Y", dotted_order=UNKNOWN) == (None, "unreadable")
    assert read("3.4.2020", "date", pattern="%m.%d.%Y", dotted_order=MONTH)[0] == "2020-03-04"
    assert read("3-4-2020", "date", pattern="%d/%m/%Y")[0] == "2020-04-03"
    assert read("3/4/2020", "date", pattern="%d/%m/%Y", groups=groups(UNKNOWN)) == (None, "unreadable")
    assert read("2020-01-01 10:00:00+02:00", "timestamp", pattern="%Y-%m-%d %H:%M:%S%z")[0] == "2020-01-01 08:00:00"


def test_times() -> None:
    cases: list[Case] = [
        ("07:10:00", "07:10:00", None),
        ("07:10:00.5", "07:10:00.5", None),
        ("7:10 a.m.", "07:10:00", "time"),
        ("12:05 p.m.", "12:05:00", "time"),
        ("12:05 AM", "00:05:00", "time"),
        ("7 pm", "19:00:00", "time"),
        ("23:59", "23:59:00", "time"),
        ("24:00", None, "unreadable"),
        ("7", None, "unreadable"),
        ("7:60", None, "unreadable"),
        ("garbage", None, "unreadable"),
        ("14h05", None, "unreadable"),
        ("9:5", None, "unreadable"),
        ("24:00:00", None, "unreadable"),
        ("13:00 PM", None, "unreadable"),
        ("13 pm", None, "unreadable"),
        ("0:30 pm", None, "unreadable"),
        ("10:00+02:00", None, "unreadable"),
        ("10:00:00-01", None, "unreadable"),
        ("10:00 +0030", None, "unreadable"),
        ("10:00Z", "10:00:00", "time"),
        ("10:00:00+00:00", "10:00:00", "time"),
        ("tbd", None, "null_token"),
    ]
    assert read_all([case[0] for case in cases], "time") == cases


CLOCK = re.compile(r"(\d\d?)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)? ?([ap]m)? ?(?:z|[-+]00(?::?00)?)?")


def clock(text: str) -> str | None:
    """Read a time of day without the engine; None where it is none."""
    match = CLOCK.fullmatch(text)
    if not match or not (match[2] or match[5]):
        return None
    hour, half = int(match[1]), match[5]
    if (half == "pm" and not 1 <= hour <= 12) or (half == "am" and hour > 12):
        return None
    hour = hour % 12 + 12 * (half == "pm") if half else hour
    try:
        return dt.time(hour, int(match[2] or 0), int(match[3] or 0)).isoformat()
    except ValueError:
        return None


PARTS = (
    "0",
    "7",
    "09",
    "12",
    "13",
    "23",
    "24",
    ":00",
    ":05",
    ":60",
    ":5",
    " ",
    "am",
    "pm",
    "z",
    "+00",
    "-02:00",
    "h",
    "x",
)


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.lists(st.sampled_from(PARTS), max_size=5).map("".join), min_size=1, max_size=60))
@pytest.mark.parametrize("pattern", [None, "%H:%M:%S", "%H:%M%z"])
def test_a_time_is_what_a_clock_shows_or_nothing(pattern: str | None, texts: list[str]) -> None:
    texts = [text.strip() for text in texts if not (pattern and re.search(r":\d(?!\d)", text))]
    if texts:
        assert [case[1] for case in read_all(texts, "time", pattern=pattern)] == [clock(text) for text in texts]


def test_booleans() -> None:
    cases: list[Case] = [
        ("true", "true", None),
        ("TRUE", "true", "boolean"),
        ("Ja", "true", "boolean"),
        ("oui", "true", "boolean"),
        ("1", "true", "boolean"),
        ("n", "false", "boolean"),
        ("OFF", "false", "boolean"),
        ("Nein ", "false", "boolean"),
        (" false", "false", "trim"),
        ("2", None, "unreadable"),
        ("maybe", None, "unreadable"),
        ("NA", None, "null_token"),
    ]
    assert read_all([case[0] for case in cases], "boolean") == cases


def test_text() -> None:
    cases: list[Case] = [
        ("Düsseldorf am Rhein", "Düsseldorf am Rhein", None),
        ("n/a", "n/a", None),
        (" a  b ", "a b", "trim"),
        ("a\u00a0b", "a b", "trim"),
        ("a\tb\r\nc", "a b\nc", "trim"),
        ("a\n\nb", "a\n\nb", None),
        ("\n a \n", "a", "trim"),
        (" \u2003", None, "trim"),
        ("e\u0301te", "\u00e9te", "unicode"),
        ("a\u200bb", "ab", "unicode"),
        ("\ufeffx", "x", "unicode"),
        ("a\x07b", "ab", "unicode"),
        ("a\u200db", "a\u200db", None),
        (None, None, None),
    ]
    assert read_all([case[0] for case in cases], "string") == cases


def test_text_that_is_never_repaired_keeps_its_inner_blanks() -> None:
    cases: list[Case] = [
        (" a  b ", "a  b", "trim"),
        ("a  b", "a  b", None),
        ("a\tb\r\n c", "a\tb\r\n c", None),
        ("a\u00a0b\u2003", "a\u00a0b", "trim"),
        ("\r\n a\n\nb \n", "a\n\nb", "trim"),
        (" \n\u00a0", None, "trim"),
        ("e\u0301  te", "\u00e9  te", "unicode"),
        ("a\x00  b\x07", "a  b", "unicode"),
        ("ab", "ab", None),
        (None, None, None),
    ]
    assert read_all([case[0] for case in cases], "string", repair=RepairScope.NEVER) == cases


def test_json() -> None:
    objects: list[Case] = [
        ('{"a":  1}', '{"a":  1}', None),
        (' {"a": 1}\n', '{"a": 1}', "trim"),
        ("[1]", None, "unreadable"),
        ("{a", None, "unreadable"),
        ("null", None, "null_token"),
    ]
    assert read_all([case[0] for case in objects], "object") == objects
    assert read_all(["[1]", "1;2"], "array") == [("[1]", "[1]", None), ("1;2", None, "unreadable")]
