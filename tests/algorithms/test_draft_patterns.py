"""Patterns induced from texts: they hold for all of them, and damage breaks them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.draft_patterns import EMAIL, induce_pattern

CODES = [f"C{number:04}" for number in range(200)]


@pytest.mark.parametrize(
    ("texts", "pattern"),
    [
        (CODES, "^C[0-9]{4}$"),
        ([f"{number}" for number in range(10000, 10100)], "^[0-9]{5,}$"),
        ([f"AB-{number:02}/{number % 7}" for number in range(100)], r"^AB-[0-9]{2}\/[0-9]$"),
        ([f"user{number}@mail.example" for number in range(100)], EMAIL),
    ],
)
def test_the_form_is_found(texts: list[str], pattern: str) -> None:
    assert induce_pattern(texts) == pattern


@pytest.mark.parametrize(
    "texts",
    [CODES[:20], [f"word{'x' * number}" for number in range(50)], ["Ölçü" + code for code in CODES], [*CODES, "none"]],
    ids=["too few", "any length", "beyond ASCII", "one of another form"],
)
def test_nothing_is_written_where_nothing_is_sure(texts: list[str]) -> None:
    assert induce_pattern(texts) is None


def test_digits_of_a_code_do_not_grow() -> None:
    assert induce_pattern([f"{number}" for number in range(10000, 10100)], code=True) == "^[0-9]{5}$"


@pytest.mark.parametrize("damaged", ["C012", "C00123", "c0012", "CO012", " C0012", "0012"])
def test_damage_breaks_the_pattern(damaged: str) -> None:
    pattern = induce_pattern(CODES)
    assert pattern is not None
    assert not re.search(pattern, damaged)


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[A-Z]{2}-?[0-9]{1,3}[a-z]?", fullmatch=True), min_size=40, max_size=120))
def test_a_pattern_matches_all_it_was_induced_from(texts: list[str]) -> None:
    pattern = induce_pattern(texts)
    assert pattern is None or all(re.search(pattern, text) for text in texts)
