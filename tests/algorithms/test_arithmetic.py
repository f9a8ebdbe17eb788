"""Arithmetic gives what Python gives, and nothing else can be said in it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.arithmetic import NoValueError, calculate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1250 - 17) / 1250 * 100", 98.64),
        ("2 ^ 10", 1024),
        ("-7 // 2", -4),
        ("7 % 3", 1),
        ("round(mean(3, 4, 8), 2)", 5.0),
        ("max(1, sum(2, 3))", 5),
        ("sqrt(2) < 1.5", True),
        ("1e3", 1000.0),
    ],
)
def test_expressions_have_their_value(expression: str, value: float) -> None:
    assert calculate(expression) == pytest.approx(value)


@pytest.mark.parametrize(
    "expression",
    [
        "", "1 +", "1 / 0", "9 ** 9 ** 9", "10 ** 10000", "exp(1000)", "sqrt(-1)", "(-8) ** 0.5", "'a' * 3", "x + 1",
        "__import__('os')", "(1).real", "[1, 2]", "lambda: 1", "min()", "sum(1, key=2)", "1 if 1 else 2", "1 << 99999",
        "True + 1", "f'{1}'", "print(1)", "1 < 2 < 3", "(" * 300 + "1" + ")" * 300, "+" * 600 + "1", "-" * 100 + "1",
        "1e308 * 10", "mean(1e400)",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_a_reason(expression: str) -> None:
    with pytest.raises(NoValueError) as refused:
        calculate(expression)
    assert str(refused.value)


numbers = st.integers(-(10**6), 10**6)


@given(numbers, numbers, st.sampled_from("+-*"))
def test_it_agrees_with_the_language(left: int, right: int, sign: str) -> None:
    expression = f"({left}) {sign} ({right})"
    assert calculate(expression) == eval(expression)  # noqa: S307  two numbers and a sign


@given(st.text(max_size=60))
def test_any_text_has_a_value_or_is_refused(text: str) -> None:
    try:
        value = calculate(text)
    except NoValueError:
        return
    assert math.isfinite(value)
