"""Thresholds: which figure meets which operator, exactly, and what cannot be compared."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from tools.checks.threshold import allows_none, compare, fault, in_words


@pytest.mark.parametrize(
    ("measured", "operator", "threshold", "met"),
    [
        (Decimal("0.30"), "mustBe", 0.3, True),
        (0.1 + 0.2, "mustBe", 0.3, False),
        (5, "mustBe", 5.0, True),
        (5, "mustBe", "5", True),
        (5.0, "mustBe", "5", True),
        (True, "mustBe", 1, True),
        (True, "mustBe", "true", True),
        ("a", "mustBe", "a", True),
        ("a", "mustNotBe", "a", False),
        ("1", "mustBe", 1, True),
        (dt.date(2020, 1, 2), "mustBe", "2020-01-02", True),
        (2**70 + 1, "mustBeGreaterThan", 2**70, True),
        (float("inf"), "mustBeGreaterThan", 1, True),
        (1, "mustBeBetween", (1.0, 1.0), True),
        (1, "mustNotBeBetween", (1.0, 2.0), False),
        (float("nan"), "mustBeLessThan", 1, None),
        ("1", "mustBeLessThan", 2, None),
        (None, "mustNotBe", 2, None),
    ],
)
def test_a_figure_is_compared_exactly(measured: Any, operator: str, threshold: Any, met: Any) -> None:
    comparison = compare(measured, operator, threshold)

    assert comparison.met is met
    assert bool(comparison.reason) is (met is None)


@pytest.mark.parametrize(
    ("operator", "threshold", "unit", "none"),
    [
        ("mustBe", 0, "rows", True),
        ("mustBe", 0.0, "percent", True),
        ("mustBe", 1, "rows", False),
        ("mustBe", False, "rows", False),
        ("mustBeLessOrEqualTo", 0, "rows", True),
        ("mustBeLessThan", 1, "rows", True),
        ("mustBeLessThan", 1, "percent", False),
        ("mustBeLessThan", 0, "rows", False),
        ("mustBeBetween", (0.0, 0.0), "rows", False),
        (None, 0, "rows", False),
    ],
)
def test_which_comparisons_allow_no_violation(operator: str, threshold: Any, unit: str, none: bool) -> None:  # noqa: FBT001
    assert allows_none(operator, threshold, unit) is none


def test_comparisons_have_words_and_faults_are_named() -> None:
    assert in_words("mustNotBeBetween", (1.0, 2.5)) == "not between 1 and 2.5"
    assert in_words("mustBe", threshold=True) == "true"
    assert fault("mustBe", "x") is None
    assert "tuple" not in (fault("mustBeLessThan", (1.0, 2.0)) or "")
    assert "cannot be applied" in (fault("mustBeLessThan", (1.0, 2.0)) or "")
