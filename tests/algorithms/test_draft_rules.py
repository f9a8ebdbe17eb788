"""Rules across columns: written when chance would break them and no row does."""

from typing import Any

from algorithms.draft_rules import repeated_rows, row_count, rule_proposals
from state.draft import PairFacts


def pair(**given: Any) -> PairFacts:
    base: dict[str, Any] = {
        "columns": ("start", "end"),
        "kind": "order",
        "rows": 100,
        "broken": 0,
        "broken_by_chance": 50,
        "telling": 100,
    }
    return PairFacts(**{**base, **given})


def names(*found: PairFacts) -> list[str]:
    return [rule["name"] for rule, _ in rule_proposals(found).quality]


def test_an_order_that_chance_would_break_is_a_rule() -> None:
    assert names(pair()) == ["start <= end"]


def test_no_rule_without_support() -> None:
    assert names(pair(broken=1), pair(rows=29, broken_by_chance=20), pair(broken_by_chance=5)) == []


def test_an_order_that_follows_from_others_is_left_out() -> None:
    found = [pair(columns=("a", "b")), pair(columns=("b", "c")), pair(columns=("a", "c"))]
    assert names(*found) == ["a <= b", "b <= c"]


def test_a_product_needs_rows_that_tell() -> None:
    columns = ("total", "price", "quantity")
    assert names(pair(columns=columns, kind="product")) == ["total = price * quantity"]
    assert names(pair(columns=columns, kind="product", telling=10)) == []


def test_names_are_quoted_in_sql() -> None:
    rule, _ = rule_proposals([pair(columns=('a"b', "c"))]).quality[0]
    assert rule["query"] == 'select count(*) from ${table} where "a""b" > "c"'


def test_the_least_row_count_allows_a_half_of_the_smallest_file() -> None:
    assert row_count([100, 300]).quality[0][0]["mustBeGreaterOrEqualTo"] == 50
    assert row_count([1000]).quality[0][0]["mustBeGreaterOrEqualTo"] == 200
    assert not row_count([10]).quality


def test_repeated_rows_get_a_limit_above_what_was_seen() -> None:
    rule, _ = repeated_rows(10, 1000, ["a", "b", "c"]).quality[0]
    assert rule["mustBeLessOrEqualTo"] == 4
