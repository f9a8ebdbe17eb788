"""Patterns of ECMA-262: the same verdict from the engine, from Python, and from the specification."""

import re

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.checks.ecma import PatternError, translate

CASES = [
    # pattern, texts with a match, texts without
    ("b", ["abc"], ["B", ""]),
    ("", ["", "x"], []),
    ("^a$", ["a"], ["a\n", "\na", "aa"]),
    ("a.b", ["a b", "aéb"], ["a\nb", "a\rb", "a\u2028b", "ab"]),
    (r"\d", ["5"], ["٣"]),
    (r"^\w+$", ["aZ_9"], ["é", "a b"]),
    (r"^\s$", ["\u00a0", "\ufeff", "\v", " "], ["\u200b", "x"]),
    (r"^\S$", ["x", "\u200b"], ["\u00a0"]),
    (r"^[\s\d]$", ["\u3000", "7"], ["x"]),
    (r"^[^\s\d]$", ["x", "é"], ["\u3000", "7"]),
    (r"^[\S]$", ["x"], [" "]),
    ("[]", [], ["", "a"]),
    ("^[^]$", ["\n", "a"], ["", "ab"]),
    (r"^[\]\-a^]$", ["]", "-", "a", "^"], ["b", "\\"]),
    ("^[-a]$", ["-", "a"], ["b"]),
    ("^[a-]$", ["-", "a"], ["b"]),
    (r"^[\w-.]$", ["-", ".", "a"], [","]),
    (r"^\u0041\x42\u{43}$", ["ABC"], ["abc"]),
    (r"^\cJ\t\0$", ["\n\t\0"], ["J"]),
    (r"^\a\e\z$", ["aez"], ["\x07"]),
    (r"^\/\_\-\"$", ['/_-"'], ["\\/"]),
    ("^a{2}$", ["aa"], ["a", "a{2}"]),
    ("^a{,2}$", ["a{,2}"], ["a", "aa"]),
    ("^a{$", ["a{"], ["a"]),
    ("^]}$", ["]}"], ["]"]),
    (r"\bcat\b", ["a cat", "écat"], ["cats"]),
    ("^(?<year>[0-9]{4})-(?:0|1)$", ["2020-1"], ["2020-2"]),
    ("^a+?b??$", ["aa", "ab"], ["b"]),
    ("(?i)^abc$", ["ABC", "abc"], ["abd"]),
    (r"^[\b]$", ["\b"], ["b"]),
    ("^[[:alpha:]]$", [":]", "a]"], ["b", "b]"]),
    (r"^a{1,1500}$", ["a", "a" * 1500], ["a" * 1501, ""]),
    (r"^(?=.*\d)(?!.*x).+$", ["a1"], ["a", "x1"]),
    (r"(?<=\$)\d+(?<!0)", ["$15"], ["15", "$0"]),
    (r"^(a)?\1b$", ["b", "aab"], ["ab"]),
    (r"^(?<q>['\"]).*\k<q>$", ["'a'"], ["'a\""]),
    (r"^[\p{L}\d]+$", ["é1"], ["-"]),
    (r"^\p{Script=Greek}+$", ["αβ"], ["ab"]),
]


def searches(pattern: str, text: str) -> set[bool]:
    """Return the verdicts of every dialect that can say the pattern: one element when they agree."""
    translation = translate(pattern)
    verdicts = set()
    if translation.re2 is not None:
        row = duckdb.execute("select regexp_matches(?, ?)", [text, translation.re2]).fetchone()
        verdicts.add(bool(row and row[0]))
    if translation.python is not None:
        verdicts.add(re.search(translation.python, text) is not None)
    return verdicts


@pytest.mark.parametrize(("pattern", "matching", "other"), CASES)
def test_a_pattern_means_what_the_specification_says(pattern: str, matching: list[str], other: list[str]) -> None:
    assert [text for text in matching if searches(pattern, text) != {True}] == []
    assert [text for text in other if searches(pattern, text) != {False}] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "a)",
        "[a",
        "[z-a]",
        "*a",
        "a**",
        "a++",
        "a{2}{3}",
        "a\\",
        "(?P<x>a)",
        "(?#c)",
        "(?<!a*)b",
        r"\2(a)",
        r"\u{110000}",
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        translate(pattern)


def test_what_neither_dialect_can_say_is_refused() -> None:
    with pytest.raises(PatternError, match="mixes"):
        translate(r"(?=\p{L})a")


ATOMS = st.sampled_from(["a", "b", ".", r"\w", r"\s", "[^a]", "[a-c-]", r"[\d_]", r"\.", "é", "\\u00e9", "-"])
TERMS = st.builds(lambda atom, times: atom + times, ATOMS, st.sampled_from(["", "*", "+", "?", "{2}", "{1,2}?"]))
SEQUENCES = st.lists(TERMS, min_size=1, max_size=4).map("".join)
PATTERNS = st.builds(
    lambda start, left, right, end: f"{start}(?:{left}|({right})){end}",
    st.sampled_from(["", "^"]),
    SEQUENCES,
    SEQUENCES,
    st.sampled_from(["", "$", r"\b"]),
)


@settings(max_examples=150, deadline=None)
@given(pattern=PATTERNS, text=st.text(alphabet="abcé .-_1\n\u00a0", max_size=6))
def test_the_engine_and_python_agree(pattern: str, text: str) -> None:
    assert len(searches(pattern, text)) == 1
