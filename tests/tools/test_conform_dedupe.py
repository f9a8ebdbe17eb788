import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.contract import Column, Keep, KeepPolicy, LogicalType, Table
from tools.conform.dedupe import dedupe_statements

COLUMNS = (
    Column(name="k", logical_type=LogicalType.INTEGER, key_position=1),
    Column(name="when", logical_type=LogicalType.INTEGER),
    Column(name="v"),
)
Content = tuple[int | None, int | None, str | None]
CONNECTION = duckdb.connect()
CONNECTION.execute(
    "create schema stage; create schema ops; create table ops.quarantine "
    "(table_name varchar, _row bigint, rule varchar, reason varchar); "
    "create table ops.merged (table_name varchar, _row bigint, kept_row bigint); "
    'create table stage."a t" (_row bigint, k bigint, "when" bigint, v varchar)'
)


def dedupe(
    rows: Sequence[Content], keep: Keep | None = None, gone: Sequence[int] = (), columns: tuple[Column, ...] = COLUMNS
) -> tuple[dict[int, int], dict[int, str]]:
    """Stage rows 1, 2, ...; return what was merged into what, and what was quarantined why."""
    CONNECTION.execute('truncate stage."a t"; truncate ops.quarantine; truncate ops.merged')
    CONNECTION.execute("insert into ops.merged values ('other', 1, 2), ('a t', 98, 99)")
    CONNECTION.execute(
        "insert into ops.quarantine values ('other', 1, 'other.primaryKey', ''), ('a t', 97, 'a t.primaryKey', '')"
    )
    for row in gone:
        CONNECTION.execute("insert into ops.quarantine values ('a t', ?, 'a t.v', 'before')", [row])
    for number, row in enumerate(rows, start=1):
        CONNECTION.execute('insert into stage."a t" values (?, ?, ?, ?)', [number, *row])
    table = Table(name="a t", columns=columns, keep=keep)
    found: list[Any] = []
    for _ in range(2):  # the second time changes nothing
        for statement in dedupe_statements(table, len(rows)):
            CONNECTION.execute(statement)
        found.append(
            (
                dict(CONNECTION.execute("select _row, kept_row from ops.merged where table_name = 'a t'").fetchall()),
                dict(
                    CONNECTION.execute(
                        "select _row, reason from ops.quarantine where table_name = 'a t' and rule = 'a t.primaryKey'"
                    ).fetchall()
                ),
            )
        )
    assert found[0] == found[1]
    assert CONNECTION.execute("select count(*) from ops.merged where table_name = 'other'").fetchall() == [(1,)]
    assert CONNECTION.execute("select count(*) from ops.quarantine where rule = 'a t.v'").fetchall() == [(len(gone),)]
    return found[0]


FIRST, LAST, REJECT = (Keep(policy=policy) for policy in (KeepPolicy.FIRST, KeepPolicy.LAST, KeepPolicy.REJECT))
LATEST = Keep(policy=KeepPolicy.LATEST, column="when")


@pytest.mark.parametrize("keep", [None, FIRST, LAST, LATEST, REJECT])
def test_identical_rows_are_merged_into_the_first(keep: Keep | None) -> None:
    assert dedupe([(1, 5, None), (2, 5, None), (1, 5, None), (1, 5, None)], keep) == ({3: 1, 4: 1}, {})


@pytest.mark.parametrize("keep", [None, REJECT])
def test_all_rows_of_a_clashing_key_are_quarantined(keep: Keep | None) -> None:
    merged, quarantined = dedupe([(1, 5, "a"), (1, 5, "b"), (2, 1, "a"), (1, 5, "a"), (2, 1, "a")], keep)
    assert merged == {5: 3}
    assert set(quarantined) == {1, 2, 4}
    assert quarantined[1] == "one row with the key k was expected, found 3 that differ in v"


def test_a_null_differs_from_a_value() -> None:
    merged, quarantined = dedupe([(1, 5, None), (1, 5, "a"), (2, None, "a"), (2, None, "a")])
    assert merged == {4: 3}
    assert set(quarantined) == {1, 2}
    assert quarantined[2].endswith("differ in v")


@pytest.mark.parametrize(
    ("keep", "merged"),
    [(FIRST, {2: 1, 3: 1}), (LAST, {1: 3, 2: 3}), (LATEST, {1: 2, 3: 2})],
)
def test_the_policy_names_the_winner(keep: Keep, merged: dict[int, int]) -> None:
    assert dedupe([(1, 5, "a"), (1, 7, "b"), (1, 6, "c")], keep) == (merged, {})


def test_latest_takes_nulls_last_and_none_of_several_that_are_equally_late() -> None:
    assert dedupe([(1, None, "a"), (1, 7, "b"), (1, 7, "b"), (1, None, "d")], LATEST) == ({1: 2, 3: 2, 4: 2}, {})
    assert dedupe([(1, 5, "a"), (1, 5, "c"), (1, 7, "b")], LATEST) == ({1: 3, 2: 3}, {})
    merged, quarantined = dedupe([(1, 5, "a"), (1, 7, "b"), (1, 7, "c"), (2, None, "a"), (2, None, "b")], LATEST)
    assert merged == {}
    assert set(quarantined) == {1, 2, 3, 4, 5}
    assert quarantined[4] == "one row with the key k was expected, found 2 that differ in v; none is the latest by when"


@pytest.mark.parametrize("keep", [None, Keep(policy=KeepPolicy.LATEST, column="c2")])
def test_hundreds_of_columns_take_no_longer_than_seconds(keep: Keep | None) -> None:
    names = [f"c{index}" for index in range(400)]
    fields = ", ".join(f"if(i = 41 and {index} in (3, 399), 'x', 'v') as {name}" for index, name in enumerate(names))
    CONNECTION.execute(
        f"create or replace table stage.wide as select i as _row, i % 40 as k, {fields} from range(49) r(i)"
    )
    columns = (COLUMNS[0], *(Column(name=name) for name in names))
    started = time.process_time()
    for statement in dedupe_statements(Table(name="wide", columns=columns, keep=keep), 2):
        CONNECTION.execute(statement)
    assert time.process_time() - started < 10
    assert CONNECTION.execute("select count(*) from ops.merged where table_name = 'wide'").fetchall() == [(8,)]
    reasons = CONNECTION.execute("select _row, reason from ops.quarantine where table_name = 'wide'").fetchall()
    assert [row for row, _ in reasons] == [1, 41]
    assert all("differ in c3, c399" in reason for _, reason in reasons)


def test_a_winner_that_is_a_copy_is_kept_at_its_first_place() -> None:
    assert dedupe([(1, 5, "a"), (1, 5, "b"), (1, 5, "a")], LAST) == ({2: 1, 3: 1}, {})


def test_rows_without_a_whole_key_are_left_alone() -> None:
    assert dedupe([(None, 5, "a"), (None, 5, "a")]) == ({}, {})


def test_quarantined_rows_neither_lose_nor_win() -> None:
    assert dedupe([(1, 9, "a"), (1, 5, "b"), (1, 6, "c")], LATEST, gone=[1]) == ({2: 3}, {})
    assert dedupe([(1, 9, "a"), (1, 5, "b")], gone=[1]) == ({}, {})


def test_without_a_key_nothing_is_merged() -> None:
    columns = tuple(column.model_copy(update={"key_position": None}) for column in COLUMNS)
    assert dedupe_statements(Table(name="a t", columns=columns), 0) == ()


def test_a_key_of_two_columns() -> None:
    columns = (*COLUMNS[:2], COLUMNS[2].model_copy(update={"key_position": 2}))
    merged, quarantined = dedupe([(1, 5, "a"), (1, 5, "b"), (1, 5, "a"), (2, 5, "a"), (2, 6, "a")], columns=columns)
    assert merged == {3: 1}
    assert set(quarantined) == {4, 5}


def test_a_key_of_all_columns_never_clashes() -> None:
    columns = tuple(column.model_copy(update={"key_position": 3 - index}) for index, column in enumerate(COLUMNS))
    assert dedupe([(1, 5, "a"), (1, 5, "b"), (1, 5, "a")], columns=columns) == ({3: 1}, {})


ROWS = st.lists(
    st.tuples(st.none() | st.integers(1, 3), st.none() | st.integers(1, 3), st.none() | st.sampled_from("ab")),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, keep=st.sampled_from([None, FIRST, LAST, LATEST, REJECT]))
def test_exactly_one_row_of_a_key_stands_or_all_are_set_aside(rows: list[Content], keep: Keep | None) -> None:
    merged, quarantined = dedupe(rows, keep)
    assert not merged.keys() & quarantined.keys()
    keys: dict[int, list[int]] = defaultdict(list)
    for number, row in enumerate(rows, start=1):
        if row[0] is not None:
            keys[row[0]].append(number)
    assert not (merged.keys() | quarantined.keys()) - {row for members in keys.values() for row in members}
    for members in keys.values():
        standing = [row for row in members if row not in merged and row not in quarantined]
        contents = {rows[row - 1] for row in members}
        latest = max((content[1] or 0 for content in contents), default=0)
        equally_late = {content for content in contents if (content[1] or 0) == latest}
        if len(equally_late if keep == LATEST else contents) > 1 and keep in (None, REJECT, LATEST):
            assert standing == []
            assert not merged.keys() & set(members)
        else:
            assert len(standing) == 1
            assert {merged[row] for row in members if row in merged} <= set(standing)
