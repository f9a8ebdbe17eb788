"""Leave-one-out majorities against a plain count, row by row."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from algorithms.repair.factors import BLANK, factorise
from algorithms.repair.groups import joint_codes, leave_one_out

CELLS = st.lists(st.tuples(st.sampled_from(["a", "b", "", "c"]), st.sampled_from(["x", "y", "z", ""])), max_size=40)


@given(CELLS)
def test_the_majority_is_that_of_the_other_rows_of_the_group(cells: list[tuple[str, str]]) -> None:
    group, dependent = factorise({"g": [one for one, _ in cells], "d": [other for _, other in cells]})
    found = leave_one_out(group.codes, group.size, dependent)
    for row, (name, _) in enumerate(cells):
        others = Counter(
            other for place, (one, other) in enumerate(cells) if place != row and one == name and one and other
        )
        most = max(others.values(), default=0)
        assert found.support[row] == most
        assert found.total[row] == others.total()
        if most:
            assert others[dependent.values[found.predicted[row]]] == most
        else:
            assert found.predicted[row] == BLANK


@given(CELLS)
def test_joint_codes_tell_pairs_apart_and_blanks_from_both(cells: list[tuple[str, str]]) -> None:
    one, other = factorise({"g": [left for left, _ in cells], "d": [right for _, right in cells]})
    codes, size = joint_codes(one.codes, other.codes)
    pairs = {pair for pair in cells if all(pair)}
    assert size == len(pairs)
    known: dict[int, tuple[str, str]] = {}
    for code, pair in zip(codes, cells, strict=True):
        assert (code == BLANK) == (not all(pair))
        if code != BLANK:
            assert known.setdefault(int(code), pair) == pair


def test_a_group_with_two_parties_is_divided() -> None:
    group, dependent = factorise({"g": ["a"] * 8, "d": ["x"] * 4 + ["y"] * 4})
    assert leave_one_out(group.codes, group.size, dependent).divided.all()


def test_weights_decide() -> None:
    group, dependent = factorise({"g": ["a"] * 4, "d": ["x", "x", "y", "x"]})
    found = leave_one_out(group.codes, group.size, dependent, np.array([0.1, 0.1, 1.0, 0.1]))
    assert dependent.values[found.predicted[0]] == "y"
