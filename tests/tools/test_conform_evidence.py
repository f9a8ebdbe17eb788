import csv
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from algorithms.formats import decide_format
from state.contract import Column, LogicalType, Table, TypeOptions
from state.formats import FormatEvidence, ValueFormat
from state.sources import LINE_BITS
from tools.conform.evidence import LandedColumn, gather_format_evidence
from tools.conform.read import read_expression

COVID = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "covid19"
CONNECTION = duckdb.connect()
CONNECTION.execute("create schema land")


def gather(
    files: Sequence[Sequence[str | None]], column: Column, file_ids: tuple[int, ...] | None = None
) -> FormatEvidence:
    """Land the texts of each file as one relation and gather the evidence."""
    rows = [
        (file_id << LINE_BITS | line, text) for file_id, texts in enumerate(files) for line, text in enumerate(texts)
    ]
    CONNECTION.execute("create or replace table land.v001 (_row bigint, c0 varchar)")
    CONNECTION.execute(
        "insert into land.v001 select * from (select unnest(?::bigint[]), unnest(?::varchar[]))",
        [[row for row, _ in rows], [text for _, text in rows]],
    )
    table = Table(name="t", columns=(column,))
    source = LandedColumn(relation="land.v001", field=0, file_ids=file_ids)
    return gather_format_evidence(CONNECTION, table, [(column, [source])])[0]


def read_files(
    files: Sequence[Sequence[str | None]], logical_type: str = "date", **options: Any
) -> tuple[list[list[Any]], ValueFormat]:
    """Gather, decide and read: the values by file, and the format."""
    column = Column(name="c", logical_type=LogicalType(logical_type), options=TypeOptions(**options))
    value_format = decide_format(gather(files, column))
    sql = read_expression(value_format, column, "c0", f"(_row >> {LINE_BITS})")
    values: list[list[Any]] = [[] for _ in files]
    for file_id, value in CONNECTION.execute(
        f"select _row >> {LINE_BITS}, {sql.value} from land.v001 order by _row"
    ).fetchall():
        values[file_id].append(value)
    return values, value_format


DATES = st.lists(st.dates(dt.date(1970, 1, 1), dt.date(2068, 12, 31)), min_size=1, max_size=15)
TELLING = dt.date(2001, 12, 31)
DAY_ONE = dt.datetime(1, 1, 1)  # noqa: DTZ001  plain timestamps have no zone
STYLES = {
    "day first": lambda d, mark, year: f"{d.day}{mark}{d.month}{mark}{year}",
    "day first, padded": lambda d, mark, year: f"{d:%d}{mark}{d:%m}{mark}{year}",
    "month first": lambda d, mark, year: f"{d.month}{mark}{d.day}{mark}{year}",
    "month first, padded": lambda d, mark, year: f"{d:%m}{mark}{d:%d}{mark}{year}",
    "day, name": lambda d, _, year: f"{d.day} {d:%B} {year}",
    "day, short name": lambda d, _, year: f"{d:%d}-{d:%b}-{year}",
}
TIMES = {
    "": lambda _: dt.time(),
    " %H:%M": lambda t: t.replace(second=0, microsecond=0),
    " %H:%M:%S": lambda t: t.replace(microsecond=0),
    " %I:%M:%S %p": lambda t: t.replace(microsecond=0),
    "T%H:%M:%S.%f": lambda t: t,
}


@settings(max_examples=60, deadline=None)
@given(
    dates=DATES, style=st.sampled_from(sorted(STYLES)), mark=st.sampled_from("/-. "), long=st.booleans(), data=st.data()
)
def test_dates_written_in_any_style_are_read_back(
    dates: list[dt.date], style: str, mark: str, *, long: bool, data: st.DataObject
) -> None:
    time = data.draw(st.times())
    pattern = data.draw(st.sampled_from(sorted(TIMES)))
    texts = [
        STYLES[style](date, mark, f"{date:%Y}" if long else f"{date:%y}") + time.strftime(pattern)
        for date in [*dates, TELLING]
    ]
    moments = [dt.datetime.combine(date, TIMES[pattern](time)) for date in [*dates, TELLING]]
    assert read_files([texts], "timestamp")[0] == [moments]
    assert read_files([texts], "date")[0] == [[*dates, TELLING]]


@settings(max_examples=40, deadline=None)
@given(moments=st.lists(st.datetimes(DAY_ONE), min_size=1, max_size=15), mark=st.sampled_from("T "))
def test_iso_timestamps_are_read_back(moments: list[dt.datetime], mark: str) -> None:
    assert read_files([[moment.isoformat(sep=mark) for moment in moments]], "timestamp")[0] == [moments]


@settings(max_examples=40, deadline=None)
@given(
    moments=st.lists(st.datetimes(DAY_ONE.replace(year=1900), DAY_ONE.replace(year=2100)), min_size=1, max_size=9),
    offset=st.integers(-14 * 60, 14 * 60),
)
def test_offsets_are_applied(moments: list[dt.datetime], offset: int) -> None:
    zone = dt.timezone(dt.timedelta(minutes=offset))
    texts = [moment.replace(tzinfo=dt.UTC).astimezone(zone).isoformat() for moment in moments]
    assert read_files([texts], "timestamp")[0] == [moments]


@settings(max_examples=40, deadline=None)
@given(
    dates=st.lists(
        st.builds(dt.date, st.integers(1990, 2030), st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=9
    )
)
@example(dates=[dt.date(1990, 1, 1), dt.date(1990, 1, 3), dt.date(1990, 3, 12)])
def test_dates_that_nothing_decides_are_not_read(dates: list[dt.date]) -> None:
    """At most one date reads the same both ways: two would be a range that may decide."""
    assume(len({date for date in dates if date.day == date.month}) < 2)
    values, _ = read_files([[f"{date:%d/%m/%Y}" for date in dates]])
    assert all(value is None for value, date in zip(values[0], dates, strict=True) if date.day != date.month)
    assert all(value == date for value, date in zip(values[0], dates, strict=True) if date.day == date.month)


def test_two_files_with_opposite_orders() -> None:
    values, value_format = read_files([["13/02/2020", "03/04/2020"], ["02/13/2020", "03/04/2020"]])
    assert [column[1] for column in values] == [dt.date(2020, 4, 3), dt.date(2020, 3, 4)]
    assert {group.evidence for group in value_format.groups} == {
        "file 0: 1 values read only day-first, 0 only month-first, 1 both ways",
        "file 1: 0 values read only day-first, 1 only month-first, 1 both ways",
    }


def test_conflicting_values_in_one_file() -> None:
    values, _ = read_files([["13/02/2020", "02/13/2020", "03/04/2020", "05/05/2020"]])
    assert values == [[dt.date(2020, 2, 13), dt.date(2020, 2, 13), None, dt.date(2020, 5, 5)]]


def test_dates_with_points_do_not_decide_those_with_slashes() -> None:
    values, value_format = read_files(
        [["25.08.2024", "03/04/2024", "3.4.2024"], ["08/25/2024", "03/04/2024", "3.4.24"]]
    )
    march, april = dt.date(2024, 3, 4), dt.date(2024, 4, 3)
    assert [column[1:] for column in values] == [[march, april], [march, april]]
    assert value_format.confidence == 0.95
    assert read_files([["25.08.2024", "03/04/2024"]])[0][0][1] is None
    assert read_files([["13/02/2024", "12.31.2024", "3.4.2024"]])[0][0][2] == march
    assert read_files([["31.12.2024", "12.31.2024", "3.4.2024"]])[0][0][2] is None
    assert read_files([["3.4.2024"]])[0][0] == [april]
    assert read_files([["3.4.2024"]], format="MM.dd.yyyy")[0][0] == [march]


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["2020-01-01 10:00+02:00", "2020-01-01T10:00:00"], "1 values have an offset, 1 have none and are read as {}"),
        (["20200101T101112Z", "2020-01-01T10:00:00", "2020-01-02"], "1 values have an offset, 1 have none and are"),
        (["2020-01-01 10:00+02:00", "2020-01-02"], ""),
        (["2020-01-01 10:00", "2020-01-02-05"], ""),
    ],
)
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_offsets_in_some_values_are_told(texts: list[str], told: str, zone: str | None) -> None:
    evidence = read_files([texts], "timestamp", default_timezone=zone)[1].evidence
    assert evidence.startswith(told.format(zone or "UTC"))
    assert bool(evidence) == bool(told)


def test_a_file_without_telling_values_follows_the_others_that_agree() -> None:
    assert read_files([["13/02/2020"], ["03/04/2020"]])[0][1] == [dt.date(2020, 4, 3)]
    assert read_files([["13/02/2020"], ["02/13/2020"], ["03/04/2020"]])[0][2] == [None]


def test_the_range_of_the_unambiguous_dates_decides() -> None:
    assert read_files([["2020-03-01", "2020-03-31", "03/04/2020"]])[0][0][2] == dt.date(2020, 3, 4)
    assert read_files([["2020-03-01", "2020-12-31", "03/04/2020"]])[0][0][2] is None


def test_the_bounds_of_the_contract_decide() -> None:
    assert read_files([["03/04/2020"]], minimum="2020-04-01")[0] == [[dt.date(2020, 4, 3)]]
    assert read_files([["03/04/2020"]], maximum="2020-03-31")[0] == [[dt.date(2020, 3, 4)]]
    assert read_files([["03/04/2020"]], minimum="2020-01-01")[0] == [[None]]
    assert read_files([["03/04/2020", "13/04/2020"]], maximum="2020-03-31")[0] == [[None, dt.date(2020, 4, 13)]]


def test_the_format_of_the_contract_decides() -> None:
    assert read_files([["03/04/2020"]], format="dd/MM/yyyy")[0] == [[dt.date(2020, 4, 3)]]
    assert read_files([["03/04/2020", "13/04/2020"]], format="MM/dd/yyyy")[0] == [[None, dt.date(2020, 4, 13)]]


def test_counts_are_of_rows_and_by_file() -> None:
    column = Column(name="c", logical_type=LogicalType.DATE)
    evidence = gather([["13/02/20 10:00", "13/02/20 11:00", None], ["1/2/2020", "3/3/2020", "2/31/2020"]], column)
    assert (evidence.rows, evidence.filled) == (6, 5)
    assert evidence.day_first_only == {0: 2}
    assert evidence.month_first_only == {}
    assert evidence.ambiguous == {1: 1}
    assert evidence.shapes["99/99/99 99:99"] == 2


def test_without_range_or_bounds_nothing_is_plausible() -> None:
    evidence = gather([["1/2/2020"]], Column(name="c", logical_type=LogicalType.DATE))
    assert evidence.ambiguous == {0: 1}
    assert evidence.day_first_plausible == evidence.month_first_plausible == {}
    assert evidence.day_first_in_bounds == evidence.month_first_in_bounds == {}


def test_only_the_given_files_count() -> None:
    column = Column(name="c", logical_type=LogicalType.DATE)
    files = [["13/02/2020"], ["02/13/2020"], ["14/02/2020"], ["02/14/2020"]]
    evidence = gather(files, column, file_ids=(0, 1, 3))
    assert (evidence.rows, evidence.day_first_only, evidence.month_first_only) == (3, {0: 1}, {1: 1, 3: 1})
    assert gather(files, column, file_ids=()).rows == 0


@pytest.mark.parametrize("logical_type", list(LogicalType))
def test_a_column_without_values_has_evidence_of_nothing(logical_type: LogicalType) -> None:
    evidence = gather([[None, None]], Column(name="c", logical_type=logical_type))
    assert (evidence.rows, evidence.filled, evidence.samples) == (2, 0, ())
    assert decide_format(evidence).logical_type is logical_type


@pytest.mark.parametrize("logical_type", list(LogicalType))
@pytest.mark.parametrize("options", [{}, {"minimum": "2020-01-01"}, {"format": "epoch_s"}])
def test_a_file_without_rows_has_evidence_of_nothing(logical_type: LogicalType, options: dict[str, Any]) -> None:
    evidence = gather([[]], Column(name="c", logical_type=logical_type, options=TypeOptions(**options)))
    assert (evidence.rows, evidence.filled, evidence.samples, evidence.percent) == (0, 0, (), 0)
    assert decide_format(evidence).confidence == 1.0


def test_evidence_stays_small() -> None:
    texts = [f"{number * 7919} {'u' * (number % 97)}{number}" for number in range(5_000)]
    evidence = gather([texts], Column(name="c", logical_type=LogicalType.NUMBER))
    assert len(evidence.shapes) <= 200
    assert len(evidence.units) <= 50
    assert len(evidence.model_dump_json()) < 40_000


@pytest.mark.shared_data
def test_every_last_update_of_the_covid_reports_is_read() -> None:
    if not COVID.is_dir():
        pytest.skip(f"the daily reports are not at {COVID}")
    files = []
    for path in sorted(COVID.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            names = [name for name in rows.fieldnames or () if name.replace("_", " ") == "Last Update"]
            files.append([row[names[0]] or None for row in rows])
    values, value_format = read_files(files, "timestamp")
    assert [group.date_order.value for group in value_format.groups if group.date_order] == ["month_first"]
    reports = [DAY_ONE.replace(year=2020, day=22) + dt.timedelta(days=day) for day in range(len(files))]
    for report, found in zip(reports, values, strict=True):
        assert None not in found
        assert all(value <= report + dt.timedelta(days=2) for value in found)
        assert max(found) >= report - dt.timedelta(days=3)


@pytest.mark.parametrize(("places", "ambiguous"), [(2, 0), (3, 2), (4, 0)])
def test_a_canonical_number_whose_point_may_stand_for_groups_is_told(places: int, ambiguous: int) -> None:
    digits = "2345"[:places]
    column = Column(name="c", logical_type=LogicalType.NUMBER, physical_type=f"decimal(18,{places})")
    evidence = gather([[f"1.{digits}", f"12.{digits}", None, f"0.{digits}"], [f"1234.{digits}"]], column)
    assert (evidence.filled, evidence.odd, evidence.point_ambiguous) == (4, 0, ambiguous)
    assert evidence.decimal_point == 4 - ambiguous


def test_canonical_dates_bound_what_is_plausible() -> None:
    column = Column(name="c", logical_type=LogicalType.DATE)
    evidence = gather([["2024-03-02", "2024-03-05", "2024-03-29", "03/04/2024"]], column)
    assert (evidence.odd, evidence.ambiguous) == (1, {0: 1})
    assert (evidence.day_first_plausible, evidence.month_first_plausible) == ({0: 0}, {0: 1})


MONTHS = [dt.date(2018 + month // 12, 1 + month % 12, 1) for month in range(2, 26)]


def slashed(dates: Sequence[dt.date], pattern: str = "%d/%m/%Y") -> list[str]:
    return [date.strftime(pattern) for date in dates]


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%Y"])
@pytest.mark.parametrize("known", ["%Y-%m-%d", "%Y%m%d", "%d %b %Y"])
def test_the_day_of_the_month_that_all_other_dates_have_decides(pattern: str, known: str) -> None:
    values, _ = read_files([slashed(MONTHS[:5], known), slashed(MONTHS[5:8], pattern)])
    assert values == [MONTHS[:5], MONTHS[5:8]]


def test_other_dates_of_different_days_do_not_decide() -> None:
    known = ["2018-01-01", "2018-04-01", "2018-05-01", "2018-06-02", "2019-12-31"]
    assert read_files([known, ["01/07/2018", "01/08/2018"]])[0][1] == [None, None]
    assert read_files([[known[0], "2019-12-01"], ["01/07/2018", "01/08/2018"]])[0][1] == [
        None,
        None,
    ]  # too few to be no chance


def test_the_days_of_all_canonical_dates_are_looked_at() -> None:
    """Neither the first nor the last of them is the one that is another day."""
    known = ["2018-01-01", *(date.isoformat() for date in MONTHS)]
    known[10] = "2018-11-04"
    assert read_files([known, ["01/07/2018", "01/08/2018"]])[0][1] == [None, None]
    moments = [f"{text} 10:00:00" for text in known]
    assert read_files([moments, ["01/07/2018 09:00:00"]], "timestamp")[0][1] == [None]


def test_dates_that_read_the_same_both_ways_are_no_other_dates() -> None:
    """Days of January in several years: what reads both ways is always the first, and that says nothing."""
    dates = ["01/01/2018", "01/01/2019", "01/01/2020", "01/01/2021", "01/03/2018", "01/07/2019", "01/09/2019"]
    assert read_files([dates])[0][0][4:] == [None, None, None]


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%Y"])
@pytest.mark.parametrize("every", [1, 3])
def test_equal_steps_over_the_turn_of_the_year_decide(pattern: str, every: int) -> None:
    dates = MONTHS[::every] * 3
    assert read_files([slashed(dates, pattern)])[0] == [dates]


def test_steps_that_both_readings_have_do_not_decide() -> None:
    """Firsts of the months of one year, or days of January: both are equal steps."""
    dates = [date for date in MONTHS if date.year == 2018]
    assert set(read_files([slashed(dates)])[0][0]) == {None}


def test_uneven_or_few_dates_do_not_decide() -> None:
    uneven = [date for place, date in enumerate(MONTHS) if place not in (3, 4, 11)]
    assert {None} < set(read_files([slashed(uneven)])[0][0])  # only 01/01 is read, it is the same both ways
    assert read_files([slashed(MONTHS[8:13])])[0][0].count(None) == 4


@given(dates=st.lists(st.dates(dt.date(2018, 1, 1), dt.date(2024, 12, 31)), min_size=6, max_size=30))
@settings(max_examples=40, deadline=None)
def test_dates_without_rhythm_stay_undecided(dates: list[dt.date]) -> None:
    early = [date.replace(day=1 + date.day % 12) for date in dates]
    for pattern in ("%d/%m/%Y", "%m/%d/%Y"):
        values = read_files([slashed(early, pattern)])[0][0]
        assert all(value in (None, date) for value, date in zip(values, early, strict=True))


def test_a_file_that_goes_on_after_all_others_is_not_read_back_into_their_range() -> None:
    """Days of May and June, after files of January to April; the other order would make them days of January."""
    known = [f"2018-{month:02}-{day:02}" for month in (1, 2, 3, 4) for day in (1, 9, 30) if month != 2 or day < 30]
    assert read_files([known, ["01/05/2018", "01/06/2018"]])[0][1] == [None, None]
    straddling = ["02/04/2018", "02/06/2018"]  # with the day first, one among the others and one after them
    assert read_files([known, straddling])[0][1] == [dt.date(2018, 2, 4), dt.date(2018, 2, 6)]
    own = [*known, "02/06/2018"]  # a file that has dates in the range itself
    assert read_files([own])[0][0][-1] == dt.date(2018, 2, 6)
