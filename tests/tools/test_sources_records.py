import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tools.sources.records import GARBAGE, MAX_SPAN, UNCLOSED, parse_line, parse_record
from tools.sources.swallowed import swallows_records

FIELD = st.text(alphabet=st.sampled_from('ab1 ,;"\n\r\t\x1fé'), max_size=8)


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("a,b\n", ["a", "b"]),
        ("a,\n", ["a", ""]),
        (",\r\n", ["", ""]),
        ("", [""]),
        ('"a,b",c\n', ["a,b", "c"]),
        ('"a ""b""",c\r', ['a "b"', "c"]),
        ('5" pipe,3\n', ['5" pipe', "3"]),
        ('ab"c"d,1\n', ['ab"c"d', "1"]),
        ('a, "b, c" ,d\n', ["a", "b, c", "d"]),
        ('"abc" ,1\n', ["abc", "1"]),
        ('a, "b\n', ["a", ' "b']),
        (" a , b \n", [" a ", " b "]),
        ('""\n', [""]),
    ],
)
def test_one_line(line: str, fields: list[str]) -> None:
    assert parse_line(line, ",", '"') == (fields, 1, "")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('a,"b\n', UNCLOSED),
        ('"', UNCLOSED),
        ('"a"b,1\n', GARBAGE),
        ('""a,1\n', GARBAGE),
        ('"a" "b",1\n', GARBAGE),
        ('"a"",1\n', UNCLOSED),
    ],
)
def test_what_cannot_be_cut_says_why(line: str, problem: str) -> None:
    assert parse_line(line, ",", '"') == ([], 1, problem)


@given(
    rows=st.lists(st.lists(FIELD, min_size=1, max_size=4), min_size=1, max_size=5),
    delimiter=st.sampled_from(",;\t\x1f"),
)
@example(rows=[[""]], delimiter=",")
def test_what_csv_writes_comes_back(rows: list[list[str]], delimiter: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    lines = list(io.StringIO(out.getvalue(), newline=""))
    read, at = [], 0
    while at < len(lines):
        record = parse_record(lambda k: lines[at + k] if at + k < len(lines) else None, delimiter, '"')  # noqa: B023
        assert not record.problem
        read.append(record.fields)
        at += record.span
    assert read == rows


def test_without_a_quote_sign_quotes_are_text() -> None:
    assert parse_line('"a,b"\n', ",", "").fields == ['"a', 'b"']


def test_a_field_may_span_lines_up_to_the_limit_and_no_more() -> None:
    def record(spanned: int) -> tuple[list[str], int, str]:
        lines = ['"x\n', *["y\n"] * (spanned - 2), 'z",1\n']
        return parse_record(lambda k: lines[k] if k < len(lines) else None, ",", '"')

    assert record(MAX_SPAN)[1:] == (MAX_SPAN, "")
    assert record(MAX_SPAN + 1)[1:] == (1, UNCLOSED)


def test_characters_beyond_the_first_line_are_bounded_but_the_first_line_is_not() -> None:
    huge = "x" * (5 << 20)
    assert parse_line(f'"{huge}",1\n', ",", '"').fields == [huge, "1"]
    lines = ['"a\n', huge + '",1\n']
    assert parse_record(lambda k: lines[k] if k < 2 else None, ",", '"').problem == UNCLOSED


KNOWN = ["1,apple,3.5", "2,pear,4.0"]


@pytest.mark.parametrize(
    ("inner", "known", "width", "swallowed"),
    [
        (["5,plum,1.5\n", "6,fig,2\n"], KNOWN, 3, True),
        (["5,plum,1.5\n"], KNOWN, 3, False),  # one line of three fields may be chance
        (["dear all, thanks, bye\n"] * 5, KNOWN, 3, False),  # three fields, but letters where numbers are due
        (["see you\n", "soon\n"], KNOWN, 3, False),
        (["5,plum,1.5\n"] * 8 + ["\n", "x\n"], KNOWN, 3, False),  # too few look like records
        (["5,plum,1.5\n"] * 19 + ["\n", "x\n"], KNOWN, 3, True),
        (["a\n"] * 50, ["b"], 1, False),
        ([], KNOWN, 3, False),
    ],
)
def test_stray_quotes_that_swallow_records(inner: list[str], known: list[str], width: int, swallowed: bool) -> None:  # noqa: FBT001
    assert swallows_records(inner, known, width, ",", '"') is swallowed
