from typing import Any

import pytest

from algorithms.formats import NULL_TOKENS, decide_format
from algorithms.units import canonical_unit, stated_unit, unit_spellings
from state.contract import LogicalType
from state.formats import FormatEvidence


def evidence(logical_type: LogicalType = LogicalType.NUMBER, **counts: Any) -> FormatEvidence:
    filled = counts.pop("filled", 100)
    return FormatEvidence(table="t", column="c", logical_type=logical_type, rows=filled, filled=filled, **counts)


@pytest.mark.parametrize(
    ("counts", "decimal", "thousands"),
    [
        ({}, ".", None),
        ({"decimal_point": 5}, ".", ","),
        ({"decimal_comma": 5}, ",", "."),
        ({"decimal_comma": 5, "point_ambiguous": 90}, ",", "."),
        ({"decimal_point": 5, "separator_ambiguous": 90}, ".", ","),
        ({"decimal_point": 5, "decimal_comma": 5, "separator_ambiguous": 1}, "", None),
        ({"decimal_point": 9_990, "decimal_comma": 10}, ".", ","),
        ({"decimal_point": 980, "decimal_comma": 20}, "", None),
        ({"point_ambiguous": 5}, ".", None),
        ({"separator_ambiguous": 5}, ".", None),
        ({"separator_ambiguous": 5, "point_ambiguous": 5}, "", None),
    ],
)
def test_decimal_sign_of_a_number_column(counts: dict[str, int], decimal: str, thousands: str | None) -> None:
    answer = decide_format(evidence(**counts))
    assert (answer.decimal, answer.thousands) == (decimal, thousands)


@pytest.mark.parametrize(
    ("counts", "decimal", "thousands"),
    [
        ({"separator_ambiguous": 5}, ".", ","),
        ({"point_ambiguous": 5}, ",", "."),
        ({"separator_ambiguous": 5, "point_ambiguous": 5}, "", None),
        ({"decimal_point": 5, "separator_ambiguous": 1}, ".", ","),
    ],
)
def test_integers_group_their_digits_when_nothing_else_tells(
    counts: dict[str, int], decimal: str, thousands: str | None
) -> None:
    answer = decide_format(evidence(LogicalType.INTEGER, **counts))
    assert (answer.decimal, answer.thousands) == (decimal, thousands)


@pytest.mark.parametrize(
    ("units", "filled", "unit"),
    [
        ({}, 100, None),
        ({"oz": 3}, 100, "oz"),
        ({"oz": 3, "ounce": 2}, 100, "oz"),
        ({"oz": 300, "ounce": 2, "kg": 4}, 400, None),
        ({"mio €": 100}, 100, None),
        ({"x": 1}, 100, None),
        ({"pts": 60}, 100, "pts"),
        ({"k": 100}, 100, None),
        ({"mio": 100}, 100, None),
        ({"eur": 10, "$": 11}, 100, None),
        ({"oz": 5, "kg": 5}, 100, None),
    ],
)
def test_one_unit_is_stripped_and_only_a_unit(units: dict[str, int], filled: int, unit: str | None) -> None:
    assert decide_format(evidence(units=units, filled=filled)).unit == unit


def test_rows_with_another_unit_are_told() -> None:
    told = decide_format(evidence(units={"oz": 9, "kg": 2}, expected_unit="oz")).evidence
    assert told == "the contract states the unit 'oz'; 9 rows with the unit 'oz', 2 with another: not read"
    undecided = decide_format(evidence(units={"oz": 9, "kg": 2}))
    assert (undecided.evidence, undecided.confidence) == ("11 rows with a unit are not read: 'kg', 'oz'", 0.5)


@pytest.mark.parametrize(
    ("counts", "unit", "unread", "confidence"),
    [
        ({"expected_unit": "kg", "units": {"lb": 99}}, None, (), 0.5),
        ({"expected_unit": "kg", "units": {"lb": 99, "kgs": 1}}, "kg", (), 1.0),
        ({"header_units": {"kg": 5}, "header_unit_files": {"kg": (0,)}, "units": {"g": 5}}, None, (), 0.5),
        ({"header_units": {"kg": 5, "g": 50}, "header_unit_files": {"kg": (1,), "g": (0,), "": (2,)}},
         None, (0, 1, 2), 0.0),
        ({"expected_unit": "kg", "header_units": {"kg": 5, "g": 50}, "header_unit_files": {"kg": (1,), "g": (0, 3)}},
         None, (0, 3), 0.0),
        ({"expected_unit": "kg", "header_units": {"kg": 5}, "header_unit_files": {"kg": (1,), "": (0,)}},
         None, (), 1.0),
    ],
)  # fmt: skip
def test_contract_and_headers_say_the_unit(
    counts: dict[str, Any], unit: str | None, unread: tuple[int, ...], confidence: float
) -> None:
    answer = decide_format(evidence(**counts))
    assert (answer.unit, answer.unread_files, answer.confidence) == (unit, unread, confidence)


@pytest.mark.parametrize(
    ("name", "prose", "unit"),
    [
        ("weight_kg", "", "kg"),
        ("amount_eur", "", "€"),
        ("weightKg", "", "kg"),
        ("Weight (g)", "", "g"),
        ("weight [in grams]", "", "g"),
        ("weight", "Net weight in kilograms.", "kg"),
        ("weight", "Length in m, measured", "m"),
        ("price", "Price per kg in EUR", "€"),
        ("price", "EUR per kg", "€"),
        ("weight", "weight, kg", "kg"),
        ("weight", "in kg, not in lb", None),
        ("weight_kg", "weight, lbs", None),
        ("temp_min", "the lowest of a day in the second minute", None),
        ("kg", "", None),
        ("a", "how many, t or s", None),
        ("total", "", None),
    ],
)
def test_the_unit_that_a_contract_states(name: str, prose: str, unit: str | None) -> None:
    assert stated_unit((name,), prose) == unit


@pytest.mark.parametrize(
    ("counts", "factor"),
    [
        ({}, 1.0),
        ({"percent": 5}, 1.0),
        ({"percent": 5, "maximum": 1}, 0.01),
        ({"percent": 5, "maximum": 100}, 1.0),
        ({"percent": 5, "bare_numbers_up_to_one": 3}, 0.01),
        ({"percent": 5, "bare_numbers_up_to_one": 3, "bare_numbers_above_one": 1, "maximum": 100}, 1.0),
        ({"maximum": 1}, 1.0),
    ],
)
def test_percent_factor(counts: dict[str, int], factor: float) -> None:
    assert decide_format(evidence(**counts)).percent_factor == factor


def test_percents_among_numbers_on_both_sides_of_one_are_not_read() -> None:
    answer = decide_format(evidence(percent=5, bare_numbers_up_to_one=3, bare_numbers_above_one=1))
    assert (answer.percent_read, answer.confidence) == (False, 0.5)
    assert decide_format(evidence(percent=5, bare_numbers_above_one=1)).percent_read


def test_null_tokens_are_for_columns_that_are_no_text() -> None:
    assert decide_format(evidence(LogicalType.BOOLEAN)).null_tokens == NULL_TOKENS
    assert decide_format(evidence(LogicalType.STRING)).null_tokens == ()


def test_spellings_of_a_unit_include_it_and_lead_back_to_it() -> None:
    for unit in ("oz", "€", "kg", "pts"):
        assert unit in unit_spellings(unit)
        assert {canonical_unit(word) for word in unit_spellings(unit)} == {unit}
