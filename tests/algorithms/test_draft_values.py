"""Rules on one column: when they are written, and when there is too little to write them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.draft_support import ENOUGH, most_exceptions, rarely_broken
from algorithms.draft_values import bounds, closed_list, lengths, presence
from state.contract import LogicalType
from state.draft import ColumnFacts, Half, ValueCount


def facts(**given: Any) -> ColumnFacts:
    rows = given.get("rows", 400)
    half = Half(rows=rows // 2, filled=rows // 2)
    base: dict[str, Any] = {
        "name": "value", "logical_type": LogicalType.STRING, "rows": rows, "filled": rows, "unread": 0,
        "distinct": 4, "everywhere": True, "halves": (half, half),
    }  # fmt: skip
    return ColumnFacts(**{**base, **given})


def listed(**counts: int) -> ColumnFacts:
    found = tuple(ValueCount(value=name.replace("_", " "), rows=rows, early=rows // 2) for name, rows in counts.items())
    return facts(rows=sum(counts.values()), filled=sum(counts.values()), counts=found, distinct=len(counts))


def values_of(column: ColumnFacts) -> list[str] | None:
    proposal = closed_list(column)
    return proposal.quality[0][0]["arguments"]["validValues"] if proposal else None


def test_a_saturated_list_is_closed() -> None:
    assert values_of(listed(placed=100, shipped=90, returned=60)) == ["placed", "returned", "shipped"]


def test_rare_spellings_are_left_out_and_told() -> None:
    column = listed(Germany=100, France=90, Belgium=60, Germny=4, FRANCE=3)
    assert values_of(column) == ["Belgium", "France", "Germany"]
    proposal = closed_list(column)
    assert proposal is not None
    assert "'Germny' (4)" in proposal.remarks[0]


def test_a_rare_value_that_is_no_spelling_keeps_the_list_open() -> None:
    assert values_of(listed(placed=100, shipped=90, lost=2)) is None


def test_among_misspelt_values_a_rare_one_is_taken_for_an_error() -> None:
    column = listed(Germany=150, France=150, Belgium=150, Germny=4, Xanadu=2)
    assert values_of(column) == ["Belgium", "France", "Germany"]


def test_codes_that_differ_in_a_digit_are_no_spellings() -> None:
    assert values_of(listed(**{"code-1": 100, "code-2": 90, "code-3": 2})) is None


def test_a_value_of_one_half_only_keeps_the_list_open() -> None:
    late = ValueCount(value="new", rows=50, early=0)
    column = listed(placed=100, shipped=90)
    assert values_of(column.model_copy(update={"counts": (*column.counts, late), "rows": 240, "filled": 240})) is None


@pytest.mark.parametrize("rows", [ENOUGH - 1, ENOUGH])
def test_required_needs_enough_rows(rows: int) -> None:
    proposal = presence(facts(rows=rows))
    assert ("required" in proposal.fields) == (rows >= ENOUGH)
    assert proposal.remarks or proposal.notes


def test_empty_cells_get_a_threshold_above_what_either_half_has() -> None:
    halves = (Half(rows=200, filled=190), Half(rows=200, filled=150))
    rule, _ = presence(facts(filled=340, halves=halves)).quality[0]
    assert rule["metric"] == "nullValues"
    assert rule["mustBeLessOrEqualTo"] > 25


def numbers(*quantiles: float, **given: Any) -> ColumnFacts:
    half = Half(rows=200, filled=200, low=quantiles[0], high=quantiles[-1])
    base: dict[str, Any] = {"logical_type": LogicalType.NUMBER, "quantiles": quantiles, "halves": (half, half)}
    return facts(**{**base, **given})


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(0.01, 1e6))
def test_bounds_hold_for_what_they_were_drafted_from(low: float, span: float) -> None:
    quantiles = tuple(low + span * share for share in (0, 0.01, 0.25, 0.5, 0.75, 0.99, 1))
    options = bounds(numbers(*quantiles), identifies=False).options
    assert options.get("minimum", low) <= quantiles[0]
    assert options.get("maximum", quantiles[-1]) >= quantiles[-1]


def test_a_quantity_is_not_negative_and_a_thousandfold_is_out_of_range() -> None:
    options = bounds(numbers(1.0, 2.0, 100.0, 200.0, 300.0, 390.0, 400.0), identifies=False).options
    assert options["minimum"] == 0
    assert 400 < options["maximum"] < 200_000


def test_what_grows_has_no_maximum() -> None:
    halves = (Half(rows=200, filled=200, low=1, high=100), Half(rows=200, filled=200, low=101, high=900))
    growing = numbers(1.0, 2.0, 50.0, 100.0, 500.0, 890.0, 900.0, halves=halves)
    assert "maximum" not in bounds(growing, identifies=False).options


def test_identifiers_have_no_maximum() -> None:
    assert bounds(numbers(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0), identifies=True).options == {"minimum": 0}


def test_texts_of_one_length_have_that_length() -> None:
    assert lengths(facts(distinct=100, lengths=(8, 8)), patterned=False).options == {"minLength": 8, "maxLength": 8}
    assert lengths(facts(distinct=10, lengths=(8, 8)), patterned=False).options == {}


def test_the_rule_of_three() -> None:
    assert most_exceptions(300) == pytest.approx(0.01)
    assert most_exceptions(0) == 1.0
    assert rarely_broken(1, 100)
    assert not rarely_broken(2, 100)
