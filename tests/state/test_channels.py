from hypothesis import given
from hypothesis import strategies as st

from state.channels import merge_by_id

ENTRIES = st.dictionaries(st.text(max_size=5), st.integers())


@given(ENTRIES, ENTRIES)
def test_applying_an_update_twice_changes_nothing(left: dict[str, int], right: dict[str, int]) -> None:
    once = merge_by_id(left, right)
    assert merge_by_id(once, right) == once


@given(ENTRIES, ENTRIES, ENTRIES)
def test_updates_can_be_grouped(a: dict[str, int], b: dict[str, int], c: dict[str, int]) -> None:
    assert merge_by_id(merge_by_id(a, b), c) == merge_by_id(a, merge_by_id(b, c))


@given(ENTRIES, ENTRIES)
def test_no_id_is_lost_and_the_newer_entry_wins(left: dict[str, int], right: dict[str, int]) -> None:
    merged = merge_by_id(left, right)
    assert set(merged) == set(left) | set(right)
    assert all(merged[key] == value for key, value in right.items())


def test_a_channel_without_a_value_yet_is_empty() -> None:
    assert merge_by_id(None, {"a": 1}) == {"a": 1}
    assert merge_by_id({"a": 1}, None) == {"a": 1}
