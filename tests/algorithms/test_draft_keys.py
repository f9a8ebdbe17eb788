"""Keys and references: plausible by name and by what the rows show."""

import pytest

from algorithms.draft_keys import choose_key, choose_references, key_likeness, reference_names
from state.draft import InclusionFacts, KeyCandidate


def key(*columns: str, rows: int = 100, distinct: int = 100, **given: object) -> KeyCandidate:
    return KeyCandidate.model_validate({"columns": columns, "rows": rows, "distinct": distinct, **given})


@pytest.mark.parametrize(
    ("table", "column", "likeness"),
    [
        ("customers", "customer_id", 3),
        ("raw_orders", "id", 3),
        ("orders", "customer_id", 2),
        ("orders", "sku", 1),
        ("orders", "amount", 0),
    ],
)
def test_names_say_what_identifies(table: str, column: str, likeness: int) -> None:
    assert key_likeness(table, column) == likeness


def test_the_smallest_key_is_taken() -> None:
    wide = key("a", "b", expected_clashes=500.0)
    assert choose_key("orders", [wide, key("order_id")], 100) == key("order_id")


def test_several_columns_need_clashes_that_chance_would_make() -> None:
    assert choose_key("t", [key("a", "b", expected_clashes=500.0)], 100) is not None
    assert choose_key("t", [key("a", "b", expected_clashes=1.0)], 100) is None


def test_repeated_keys_need_an_explanation() -> None:
    assert choose_key("orders", [key("order_id", distinct=90)], 100) is None
    assert choose_key("orders", [key("order_id", distinct=90, identical=10)], 100) is not None
    assert choose_key("orders", [key("order_id", distinct=90, latest="changed")], 100) is not None
    assert choose_key("orders", [key("customer_id", distinct=90, identical=10)], 100) is None


def inclusion(column: str, to: str, **given: object) -> InclusionFacts:
    base = {"table": "orders", "filled": 100, "orphans": 0, "distinct": 50, "covered": 50, "keys": 80}
    return InclusionFacts.model_validate({**base, "column": column, "to_table": to, "to_column": "id", **given})


def test_names_say_what_refers() -> None:
    assert reference_names("orders", "customer_id", "customers", "id") == 2
    assert reference_names("orders", "user_id", "customers", "id") == 1
    assert reference_names("orders", "amount", "customers", "id") == 0


def test_a_named_reference_is_written_and_many_orphans_are_none() -> None:
    chosen, _ = choose_references([inclusion("customer_id", "customers")])
    assert [each.to_table for each in chosen] == ["customers"]
    assert choose_references([inclusion("customer_id", "customers", orphans=5)])[0] == []


def test_two_keys_that_fit_are_told_and_not_chosen_from() -> None:
    chosen, remarks = choose_references([inclusion("user_id", "customers"), inclusion("user_id", "people")])
    assert not chosen
    assert "customers.id and people.id" in remarks[0]


def test_references_do_not_run_in_circles() -> None:
    back = inclusion("user_id", "payments")
    there = InclusionFacts(
        table="payments", column="order_id", to_table="orders", to_column="id",
        filled=100, orphans=0, distinct=50, covered=50, keys=80,
    )  # fmt: skip
    chosen, _ = choose_references([there, back, inclusion("user_id", "customers")])
    assert {(each.table, each.to_table) for each in chosen} == {("payments", "orders"), ("orders", "customers")}
