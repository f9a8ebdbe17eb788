"""Clocks, date orders, swaps, shifts, placeholders, garbled letters, sums: each on a few rows written by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.diagnosis.choice import is_settled
from algorithms.diagnosis.clocks import fit_clock
from algorithms.diagnosis.date_orders import fit_order
from algorithms.diagnosis.exchanges import fit_shift, fit_swap
from algorithms.diagnosis.fitting import learn_habit, penalty, shape_of
from algorithms.diagnosis.garbling import is_garbled, is_lost, likely_encodings
from algorithms.diagnosis.grains import fit_spans, fit_sums, is_label
from algorithms.diagnosis.placeholders import is_edge_day, is_repdigit, is_token, numbers_apart
from state.diagnosis import Cause, Hypothesis

DAY = 86_400.0
NAN = float("nan")


def office_hours(rows: int) -> np.ndarray:
    chance = np.random.default_rng(3)
    return np.arange(rows) * DAY / 4 // DAY * DAY + chance.uniform(8, 17, rows) * 3600


@pytest.mark.parametrize("hours", [2, -5, 5.5])
def test_a_file_with_another_clock_is_found_by_the_time_of_day(hours: float) -> None:
    moments, file = office_hours(600), np.repeat(np.arange(4), 150)
    moments[file == 1] += hours * 3600
    fit, rows = fit_clock(moments, file, {})
    assert fit.minutes == hours * 60
    assert rows.tolist() == (file == 1).tolist()


def test_around_the_clock_the_distance_to_another_time_tells() -> None:
    moments, file = np.arange(400) * 1200.0, np.repeat(np.arange(4), 100)
    received = moments + np.random.default_rng(1).uniform(20, 60, 400)
    moments[file == 3] += 3600
    fit, rows = fit_clock(moments, file, {"received": received})
    assert (fit.minutes, fit.witness) == (60, "received")
    assert rows.tolist() == (file == 3).tolist()


def test_of_two_times_in_a_row_the_one_that_moved_is_named() -> None:
    left, file = office_hours(600), np.repeat(np.arange(4), 150)
    came = left + np.random.default_rng(2).normal(7200, 900, 600)
    left[file == 2] += 2 * 3600
    fits = [fit_clock(left, file, {"came": came})[0], fit_clock(came, file, {"left": left})[0]]
    assert fits[0].minutes == 120
    assert fits[0].gain > fits[1].gain + 100


def test_a_series_tells_a_shift_by_both_borders_and_no_gap() -> None:
    moments, file = np.arange(400) * 3600.0, np.repeat(np.arange(4), 100)
    shifted, later = moments.copy(), moments.copy()
    shifted[file == 1] += 7200
    fit, rows = fit_clock(shifted, file, {})
    assert (fit.minutes, fit.witness) == (120, "order of the rows")
    assert rows.tolist() == (file == 1).tolist()
    later[file == 3] += 7200  # two hours are missing, or the clock was changed: nobody can tell
    assert fit_clock(later, file, {})[0].gain < 15


def test_in_an_only_file_what_came_first_is_right() -> None:
    moments, file = office_hours(600), np.zeros(600, np.int64)
    moments[200:] -= 6 * 3600
    fit, rows = fit_clock(moments, file, {})
    assert fit.minutes == -360
    assert abs(int(np.flatnonzero(rows)[0]) - 200) < 5
    assert rows[210:].all()


def test_dates_that_only_fit_exchanged() -> None:
    dates = np.arange("2023-03-01", "2023-04-01", dtype="datetime64[D]")
    given_days, other = [], []
    for date in dates.tolist():
        day, month = date.day, date.month
        exchanged = np.datetime64(f"2023-{day:02}-{month:02}").astype(float) if day <= 12 else NAN
        right = float(np.datetime64(date, "D").astype(float))
        given_days.append(exchanged if day <= 12 else right)
        other.append(right if day <= 12 else NAN)
    fit, rows = fit_order(np.array(given_days), np.array(other), np.zeros(31, np.int64), np.zeros(31, bool))
    assert fit.fitting > 0.9
    assert np.flatnonzero(rows).tolist() == [place for place in range(12) if place != 2]


def test_months_alone_say_nothing_about_their_order() -> None:
    given_days = np.array([float(np.datetime64(f"2023-{m:02}-01").astype(float)) for m in range(1, 13)])
    other = np.array([float(np.datetime64(f"2023-01-{m:02}").astype(float)) for m in range(1, 13)])
    _, rows = fit_order(given_days, other, np.zeros(12, np.int64), np.zeros(12, bool))
    assert not rows.any()


def test_swapped_columns_fit_each_other() -> None:
    costs = np.zeros((60, 2, 2))
    costs[:, 0, 1] = costs[:, 1, 0] = 4.0  # what stands in one does not fit the other
    costs[40:] = costs[40:, ::-1]  # but for the last rows, where it stands in the wrong one
    fit, rows = fit_swap(costs, np.full((60, 2), NAN), np.zeros(60, np.int64))
    assert (fit.first, fit.second) == (0, 1)
    assert np.flatnonzero(rows).tolist() == list(range(40, 60))


def test_what_fits_neither_way_is_no_swap() -> None:
    costs = np.zeros((60, 2, 2))
    costs[40:, 0, 0] = 6.0
    costs[40:, 0, 1] = 4.0
    fit, _ = fit_swap(costs, np.full((60, 2), NAN), np.zeros(60, np.int64))
    assert fit.first == -1


def test_ends_before_their_starts_are_a_swap() -> None:
    start = np.arange(60.0)
    values = np.stack([start, start + 3], axis=1)
    values[45:] = values[45:, ::-1]
    fit, rows = fit_swap(np.zeros((60, 2, 2)), values, np.zeros(60, np.int64))
    assert fit.witness == "order"
    assert np.flatnonzero(rows).tolist() == list(range(45, 60))


def test_an_end_that_a_clock_moved_before_its_start_is_no_swap() -> None:
    start = np.arange(300.0) * 60
    end = start + np.random.default_rng(1).uniform(20, 40, 300)
    end[200:] -= 300
    fit, _ = fit_swap(np.zeros((300, 2, 2)), np.stack([start, end], axis=1), np.zeros(300, np.int64))
    assert fit.first == -1


def test_a_shifted_row_is_mended_by_moving_it_back() -> None:
    width = 5
    costs = np.full((10, width, width), 4.0)
    for column in range(width):
        costs[:, column, column] = 0.0
    costs[7] = 4.0
    for column in range(width - 1):
        costs[7, column + 1, column] = 0.0  # the value of each column stands one place further on
    fit, rows = fit_shift(costs)
    assert fit.places == 1
    assert np.flatnonzero(rows).tolist() == [7]
    assert fit.explained == 1


def test_habits_judge_codes_lists_and_numbers() -> None:
    codes = learn_habit("c", {f"A-{n:03}": 1 for n in range(100)}, None)
    assert (codes.kind, penalty(codes, "A-999", float), penalty(codes, "Paris", float)) == ("code", 0, 4)
    closed = learn_habit("l", {"red": 50, "blue": 50}, None)
    assert (closed.kind, penalty(closed, "green", float)) == ("closed", 4)
    number = learn_habit("n", {"1": 1}, (100.0, 10.0, "number"))
    assert penalty(number, "105", float) == 0
    assert penalty(number, None, float) == 3
    assert shape_of("AB-12") == "a-99"


@pytest.mark.parametrize("written_in", ["utf-8", "cp850", "mac_roman"])
def test_garbled_words_are_known_and_brought_back(written_in: str) -> None:
    words = ["Müller", "Schäfer", "Jäger"]
    garbled = [word.encode(written_in).decode("cp1252", errors="backslashreplace") for word in words]
    assert all(map(is_garbled, garbled))
    assert not any(map(is_garbled, words))
    assert likely_encodings(garbled)[1:] == (written_in, 1.0)


@given(
    st.sampled_from(
        ["d’Or", "Łódź", "Ærø", "São Paulo", "naïve café", "Saint-Étienne", "“quoted”", "5 € – 7 €", "cost–benefit"]
    )
)
def test_words_of_many_tongues_are_not_garbled(text: str) -> None:
    assert not is_garbled(text)


def first_days(months: int, rows: int) -> np.ndarray:
    days = (np.datetime64("2018-01", "M") + np.arange(months)).astype("datetime64[D]").astype(np.int64)
    return np.repeat(days * DAY, rows)


def test_dates_by_month_are_no_weeks() -> None:
    moments = first_days(12, 24)
    fit, rows = fit_spans(moments, np.zeros(len(moments), np.int64))
    assert not fit.span
    assert not rows.any()


def test_weeks_among_months_are_the_odd_ones() -> None:
    months = first_days(12, 20)
    weeks = np.concatenate([first_days(2, 20) + days * DAY for days in (0, 7, 14, 21)])
    file = np.repeat([0, 1], [len(months), len(weeks)])
    fit, rows = fit_spans(np.concatenate((months, np.sort(weeks))), file)
    assert fit.span == "month"
    assert not rows[file == 0].any()
    assert rows[file == 1].mean() > 0.85


def test_a_cause_is_settled_when_none_that_is_open_could_take_its_place() -> None:
    double = Hypothesis(cause=Cause.DUPLICATED_LOAD, score=1.0, tested=True)
    assert is_settled(double, (Hypothesis(cause=Cause.BROKEN_KEY, score=0.9),))
    assert is_settled(double, (Hypothesis(cause=Cause.MIXED_GRANULARITY, score=0.6),))
    assert not is_settled(double, (Hypothesis(cause=Cause.MIXED_GRANULARITY, score=0.9),))
    assert not is_settled(double, (Hypothesis(cause=Cause.BROKEN_KEY, score=1.0),))


def test_lost_letters_are_lost() -> None:
    assert is_lost("M?ller")
    assert not is_lost("Really? Yes")


def test_placeholders() -> None:
    assert is_token(" N/A ")
    assert is_edge_day("9999-12-31 00:00:00")
    assert [is_repdigit(value) for value in (0.0, -1.0, 999.0, -9999.0, 990.0, 42.0)] == [True] * 4 + [True, False]
    values = np.concatenate((np.random.default_rng(1).normal(50, 5, 200), np.full(6, 999.0)))
    assert numbers_apart(values, {999.0: 6})
    assert not numbers_apart(np.arange(2000.0), {999.0: 3})


def test_zero_in_a_count_is_a_number() -> None:
    values = np.random.default_rng(1).poisson(1.5, 300).astype(float)
    assert not numbers_apart(values, {0.0: int((values == 0).sum())})


def test_sums_among_rows() -> None:
    values = np.array([1.0, 2, 3, 6, 4, 5, 9])
    labelled = np.array([False, False, False, True, False, False, True])
    assert fit_sums(values, labelled, np.zeros(7, np.int64)).matching == 1
    assert is_label("Grand Total")
    assert not is_label("Totalenergies")


def test_days_among_months() -> None:
    months = [np.datetime64(f"{year}-{month:02}-01") for year in (2020, 2021) for month in range(1, 13)]
    days = [np.datetime64("2022-01-01") + day for day in range(28)]
    moments = np.array([float(date.astype("datetime64[s]").astype(float)) for date in [*months, *days]])
    fit, rows = fit_spans(moments, np.array([0] * 24 + [1] * 28))
    assert fit.span == "month"
    assert rows[25:].all()  # the first of January may be either
    assert not rows[:24].any()
