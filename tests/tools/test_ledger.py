"""The ledger: an effect and its receipt are one; decisions keep their order and are recorded once."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.decisions import DecidedBy, Decision
from state.resolution import Ballot
from tools.ledger import (
    Receipt,
    find_receipt,
    once,
    read_decisions,
    receipt_statement,
    receipts_of,
    record_decisions,
    revise,
)
from tools.workspace import open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_workspace(tmp_path) as connection:
        connection.execute("create table done (what varchar)")
        yield connection


def done(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [row[0] for row in connection.execute("select what from done order by 1").fetchall()]


def decision(number: int, answer: str = "yes") -> Decision:
    return Decision(
        decision_id=f"d{number}",
        kind="k",
        subject=f"s{number}",
        answer=answer,
        method="m",
        confidence=0.5,
        decided_by=DecidedBy.EXPERT,
        votes=(Ballot(voter="v", choice=None, confidence=0.0, reason='it\'s "quoted" \u2028'),),
    )


def test_done_twice_runs_once(workspace: duckdb.DuckDBPyConnection) -> None:
    def effect() -> Receipt:
        workspace.execute("insert into done values ('a')")
        return {"rows": 1, "names": ["ü", "it's"]}

    first = once(workspace, "step", effect)
    assert once(workspace, "step", effect) == first == {"rows": 1, "names": ["ü", "it's"]}
    assert done(workspace) == ["a"]
    assert find_receipt(workspace, "step") == first
    assert find_receipt(workspace, "other") is None


@pytest.mark.parametrize("error", [ValueError, duckdb.IOException, KeyboardInterrupt])
def test_an_effect_that_raises_leaves_neither_effect_nor_receipt(
    workspace: duckdb.DuckDBPyConnection, error: type[BaseException]
) -> None:
    def effect() -> Receipt:
        workspace.execute("insert into done values ('half')")
        raise error("stop")

    with pytest.raises(error, match="stop"):
        once(workspace, "step", effect)
    assert done(workspace) == []
    assert find_receipt(workspace, "step") is None
    assert once(workspace, "step", lambda: {"tried": "again"}) == {"tried": "again"}


def test_a_statement_that_fails_leaves_neither(workspace: duckdb.DuckDBPyConnection) -> None:
    def effect() -> Receipt:
        workspace.execute("insert into done values ('half')")
        workspace.execute("select no_such_column from done")
        return {}

    with pytest.raises(duckdb.BinderException):
        once(workspace, "step", effect)
    assert done(workspace) == []


def test_a_receipt_that_cannot_be_written_takes_the_effect_back(workspace: duckdb.DuckDBPyConnection) -> None:
    def effect() -> Receipt:
        workspace.execute("insert into done values ('half')")
        return {"not": {"json"}}

    with pytest.raises(TypeError, match="set"):
        once(workspace, "step", effect)
    assert done(workspace) == []


def test_a_commit_that_fails_rises_as_what_it_is(workspace: duckdb.DuckDBPyConnection) -> None:
    """Rolling back what the failed commit has ended already would hide its error, and with it its class."""
    other = workspace.cursor()
    other.execute("create table marked (x integer primary key)")

    def effect() -> Receipt:
        workspace.execute("insert into done values ('half')")
        workspace.execute("insert into marked values (1)")
        other.execute("insert into marked values (1)")
        return {}

    with pytest.raises(duckdb.Error, match=r"PRIMARY KEY|[Cc]onflict"):
        once(workspace, "step", effect)
    assert done(workspace) == []
    assert find_receipt(workspace, "step") is None


def test_effect_and_receipt_survive_the_process_together(tmp_path: Path) -> None:
    with open_workspace(tmp_path) as connection:
        once(connection, "step", lambda: dict(connection.execute("create table made as select 1 as x") and {"x": 1}))
    with open_workspace(tmp_path) as connection:
        assert find_receipt(connection, "step") == {"x": 1}
        assert connection.execute("select x from made").fetchall() == [(1,)]


@given(key=st.text(), receipt=st.dictionaries(st.text(), st.text() | st.integers()))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_statement_for_another_process_writes_the_same(
    workspace: duckdb.DuckDBPyConnection, key: str, receipt: Receipt
) -> None:
    key, receipt = key.replace("\0", ""), json.loads(json.dumps(receipt))
    workspace.execute("delete from ops.receipts")
    workspace.execute(receipt_statement(key, receipt))
    assert find_receipt(workspace, key) == receipt


@given(batches=st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=6))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_decisions_keep_the_order_of_their_first_record(
    workspace: duckdb.DuckDBPyConnection, batches: list[list[int]]
) -> None:
    workspace.execute("delete from ops.decisions")
    for batch in batches:
        record_decisions(workspace, [decision(number) for number in batch])
        record_decisions(workspace, [decision(number, answer="changed") for number in batch])
    expected = dict.fromkeys(number for batch in batches for number in batch)
    assert read_decisions(workspace) == tuple(decision(number) for number in expected)


def test_decisions_of_an_effect_that_fails_are_not_recorded(workspace: duckdb.DuckDBPyConnection) -> None:
    def effect() -> Receipt:
        record_decisions(workspace, [decision(1)])
        raise duckdb.IOException("gone")

    with pytest.raises(duckdb.IOException):
        once(workspace, "step", effect)
    assert read_decisions(workspace) == ()


def test_a_receipt_is_revised_or_taken_away_with_the_effect_that_does_it(workspace: duckdb.DuckDBPyConnection) -> None:
    once(workspace, "map:t", lambda: {"n": 1})
    once(workspace, "map:u", lambda: {"n": 5})

    def effect() -> Receipt:
        revise(workspace, "map:t", {"n": 2})
        revise(workspace, "map:u", None)
        return {}

    once(workspace, "other", effect)
    assert receipts_of(workspace, "map:") == ({"n": 2},)
    assert find_receipt(workspace, "map:u") is None

    def fails() -> Receipt:
        revise(workspace, "map:t", {"n": 3})
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        once(workspace, "another", fails)
    assert find_receipt(workspace, "map:t") == {"n": 2}
