from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.dates import pattern_order, strptime_pattern
from algorithms.formats import decide_format
from state.contract import LogicalType
from state.formats import DateOrder, FormatEvidence

D, M, U = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST, DateOrder.UNKNOWN


def orders(**counts: Any) -> dict[int, DateOrder | None]:
    answer = decide_format(
        FormatEvidence(table="t", column="c", logical_type=LogicalType.DATE, rows=100, filled=100, **counts)
    )
    return {file_id: group.date_order for group in answer.groups for file_id in group.file_ids}


CASES = {
    "no date depends on the order": ({}, {}),
    "the file itself": ({"day_first_only": {0: 1}, "ambiguous": {0: 5}}, {0: D}),
    "two files with opposite orders": (
        {"day_first_only": {0: 9}, "month_first_only": {1: 9}, "ambiguous": {0: 5, 1: 5}},
        {0: D, 1: M},
    ),
    "conflict within one file": ({"day_first_only": {0: 9}, "month_first_only": {0: 1}}, {0: U}),
    "the other files agree": ({"month_first_only": {0: 9, 1: 1}, "ambiguous": {2: 5}}, {0: M, 1: M, 2: M}),
    "the other files disagree": (
        {"month_first_only": {0: 9}, "day_first_only": {1: 9}, "ambiguous": {2: 5}},
        {0: M, 1: D, 2: U},
    ),
    "nothing tells": ({"ambiguous": {0: 5}}, {0: U}),
    "one reading is plausible": (
        {"ambiguous": {0: 5}, "day_first_plausible": {0: 5}, "month_first_plausible": {0: 4}},
        {0: D},
    ),
    "both readings are plausible": (
        {"ambiguous": {0: 5}, "day_first_plausible": {0: 5}, "month_first_plausible": {0: 5}},
        {0: U},
    ),
    "no reading is plausible": (
        {"ambiguous": {0: 5}, "day_first_plausible": {0: 4}, "month_first_plausible": {0: 0}},
        {0: U},
    ),
    "the file decides before plausibility": (
        {
            "day_first_only": {0: 1},
            "ambiguous": {0: 5},
            "day_first_plausible": {0: 0},
            "month_first_plausible": {0: 5},
        },
        {0: D},
    ),
    "the contract's format": ({"ambiguous": {0: 5}, "pattern": "MM/dd/yyyy"}, {0: M}),
    "the contract's format before other files": (
        {"ambiguous": {0: 5}, "month_first_only": {1: 5}, "pattern": "dd/MM/yyyy"},
        {0: D, 1: U},
    ),
    "the contract's format settles a conflict": (
        {"day_first_only": {0: 9}, "month_first_only": {0: 1}, "pattern": "dd.MM.yyyy"},
        {0: D},
    ),
    "a format with the year first tells nothing": ({"ambiguous": {0: 5}, "pattern": "yyyy-MM-dd"}, {0: U}),
    "the contract's bounds": (
        {"ambiguous": {0: 5}, "day_first_in_bounds": {0: 2}, "month_first_in_bounds": {0: 5}},
        {0: M},
    ),
    "the contract's bounds against the file": (
        {
            "ambiguous": {0: 5},
            "day_first_only": {0: 3},
            "day_first_in_bounds": {0: 2},
            "month_first_in_bounds": {0: 5},
        },
        {0: U},
    ),
}


@pytest.mark.parametrize(("counts", "expected"), CASES.values(), ids=CASES.keys())
def test_order_of_each_file(counts: dict[str, Any], expected: dict[int, DateOrder]) -> None:
    assert orders(**counts) == expected


def test_evidence_is_told_in_words() -> None:
    answer = decide_format(
        FormatEvidence(
            table="t", column="c", logical_type=LogicalType.DATE, rows=50, filled=50, month_first_only={3: 41}
        )
    )
    assert answer.groups[0].evidence == "file 3: 0 values read only day-first, 41 only month-first, 0 both ways"


def test_unread_values_are_told() -> None:
    answer = decide_format(
        FormatEvidence(table="t", column="c", logical_type=LogicalType.DATE, rows=50, filled=50, ambiguous={3: 41})
    )
    assert "41 values read both ways" in answer.evidence
    assert answer.confidence <= 0.5


COUNTS = st.dictionaries(st.integers(0, 3), st.integers(1, 9), max_size=4)


@given(day=COUNTS, month=COUNTS, both=COUNTS)
def test_a_file_is_never_read_against_its_own_values(
    day: dict[int, int], month: dict[int, int], both: dict[int, int]
) -> None:
    ruled = orders(day_first_only=day, month_first_only=month, ambiguous=both)
    assert set(ruled) == {*day, *month, *both}
    for file_id, order in ruled.items():
        if file_id in day and file_id in month:
            assert order is U
        elif file_id in day:
            assert order is D
        elif file_id in month:
            assert order is M


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("yyyy-MM-dd", "%Y-%m-%d"),
        ("dd/MM/yyyy HH:mm:ss", "%d/%m/%Y %H:%M:%S"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "%Y-%m-%dT%H:%M:%S.%f%z"),
        ("d MMM yy", "%d %b %y"),
        ("EEEE, MMMM d, uuuu h:mm a", "%A, %B %d, %Y %I:%M %p"),
        ("yyyy 'o''clock'", "%Y o'clock"),
        ("yyyyMMdd", "%Y%m%d"),
        ("100%", "100%%"),
        ("epoch_ms", "epoch_ms"),
        ("unix", "epoch_s"),
        ("YYYY-ww", None),
        ("i32", None),
    ],
)
def test_patterns_of_the_jdk(pattern: str, expected: str | None) -> None:
    assert strptime_pattern(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "order"),
    [("%d/%m/%Y", D), ("%m-%d-%y", M), ("%Y-%m-%d", None), ("%d %b %Y", None), (None, None), ("epoch_s", None)],
)
def test_order_of_a_pattern(pattern: str | None, order: DateOrder | None) -> None:
    assert pattern_order(pattern) is order
