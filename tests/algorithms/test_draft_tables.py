"""Which files are one table, what it is called, and globs that find its files and no others."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.draft_tables import column_names, globs_for, group_units, stem_words, table_name
from state.draft import SourceUnit

NAMES = st.lists(
    st.from_regex(r"[a-z]{1,5}([_-]?[0-9\[\]*]{1,4}){0,2}\.(csv|tsv)", fullmatch=True), min_size=1, max_size=8
)


def unit(name: str, *columns: str, rows: int = 10, variant: str = "v001") -> SourceUnit:
    return SourceUnit(
        variant_id=variant,
        stem=stem_words(name),
        folder="drop",
        columns=columns,
        file_ids=(0,),
        names=(name,),
        rows=rows,
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("customers_2023-01-31.csv", ("customers",)),
        ("in/orders_2024_q1.tsv.gz", ("orders",)),
        ("03-31-2020.csv", ()),
        ("order_items.csv", ("order", "items")),
        ("Sales March 2024 part 3.csv", ("sales",)),
    ],
)
def test_dates_numbers_and_counters_are_no_words(name: str, words: tuple[str, ...]) -> None:
    assert stem_words(name) == words


def test_files_of_one_name_and_header_are_one_table() -> None:
    units = [
        unit("a_1.csv", "id", "name"),
        unit("a_2.csv", "id", "name", "city", variant="v002"),
        unit("b.csv", "id", "name"),
    ]
    groups = [{each.names[0] for each in group} for group, _ in group_units(units, lambda *_: 0.0)]
    assert groups == [{"a_1.csv", "a_2.csv"}, {"b.csv"}]


def test_renamed_columns_join_only_when_the_specialists_recognise_them() -> None:
    units = [unit("a_1.csv", "id", "name"), unit("a_2.csv", "number", "title", variant="v002")]
    assert len(group_units(units, lambda *_: 0.3)) == 2
    assert len(group_units(units, lambda *_: 1.0)) == 1


def test_names_of_tables() -> None:
    assert table_name([unit("orders_2024.csv", "id"), unit("orders_old_2023.csv", "id")], []) == "orders"
    assert table_name([unit("01-31-2020.csv", "id")], []) == "drop"
    assert table_name([unit("orders.csv", "id")], ["orders"]) == "orders_2"


def test_names_of_columns_are_usable_and_unique() -> None:
    names = column_names(["id", "ID", "Province/State", "", "2nd", "é"])
    assert names == ("id", "ID_2", "province_state", "column_4", "c_2_nd", "e")


@settings(deadline=None)
@given(NAMES, NAMES)
def test_globs_match_all_files_of_the_table_and_no_other(mine: list[str], others: list[str]) -> None:
    strangers = sorted(set(others) - set(mine))
    globs = globs_for(mine, strangers)
    assert all(any(fnmatchcase(name, glob) for glob in globs) for name in mine)
    assert not any(fnmatchcase(name, glob) for name in strangers for glob in globs)
