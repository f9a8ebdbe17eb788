from typing import Any

import pytest

from algorithms.formats import NULL_TOKENS, decide_format
from algorithms.units import canonical_unit, unit_spellings
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
        ({"oz": 3, "ounce": 2, "kg": 4}, 100, "oz"),
        ({"x": 1}, 100, None),
        ({"pts": 60}, 100, "pts"),
        ({"k": 100}, 100, None),
        ({"mio": 100}, 100, None),
        ({"eur": 10, "$": 11}, 100, "$"),
        ({"oz": 5, "kg": 5}, 100, "kg"),
    ],
)
def test_one_unit_is_stripped_and_only_a_unit(units: dict[str, int], filled: int, unit: str | None) -> None:
    assert decide_format(evidence(units=units, filled=filled)).unit == unit


def test_rows_with_another_unit_are_told() -> None:
    assert "2 with another" in decide_format(evidence(units={"oz": 9, "kg": 2})).evidence


@pytest.mark.parametrize(
    ("counts", "factor"),
    [
        ({}, 1.0),
        ({"percent": 5}, 1.0),
        ({"percent": 5, "maximum": 1}, 0.01),
        ({"percent": 5, "maximum": 100}, 1.0),
        ({"percent": 5, "bare_numbers_up_to_one": 3}, 0.01),
        ({"percent": 5, "bare_numbers_up_to_one": 3, "bare_numbers_above_one": 1}, 1.0),
        ({"maximum": 1}, 1.0),
    ],
)
def test_percent_factor(counts: dict[str, int], factor: float) -> None:
    assert decide_format(evidence(**counts)).percent_factor == factor


def test_null_tokens_are_for_columns_that_are_no_text() -> None:
    assert decide_format(evidence(LogicalType.BOOLEAN)).null_tokens == NULL_TOKENS
    assert decide_format(evidence(LogicalType.STRING)).null_tokens == ()


def test_spellings_of_a_unit_include_it_and_lead_back_to_it() -> None:
    for unit in ("oz", "€", "kg", "pts"):
        assert unit in unit_spellings(unit)
        assert {canonical_unit(word) for word in unit_spellings(unit)} == {unit}
