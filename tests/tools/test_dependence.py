"""How strongly columns hang together, counted on landed rows."""

import random
from collections.abc import Iterator, Sequence

import duckdb
import pytest

from state.mapping import SourceColumn
from tools.dependence import MOST_COLUMNS, with_dependence
from tools.profile import profile_landed


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def profiled(
    connection: duckdb.DuckDBPyConnection, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> dict[str, SourceColumn]:
    connection.execute(f"create table landed (_row bigint, {', '.join(f'c{n} varchar' for n in range(len(header)))})")
    marks = ", ".join("?" for _ in range(len(header) + 1))
    connection.executemany(f"insert into landed values ({marks})", [(n, *row) for n, row in enumerate(rows)])
    profile = profile_landed(connection, "landed", header, file_ids=None)
    return {column.name: column for column in with_dependence(connection, "landed", profile, file_ids=None)}


def test_a_dependency_is_found_and_chance_is_not(connection: duckdb.DuckDBPyConnection) -> None:
    rng = random.Random(1)  # noqa: S311  test data
    rows = [(f"t{town}", f"r{town // 4}", str(rng.randrange(9))) for town in (rng.randrange(40) for _ in range(800))]
    found = profiled(connection, ["town", "region", "noise"], rows)
    assert found["town"].depends["region"] == found["region"].depends["town"] == 1.0
    assert found["town"].depends.get("noise", 0.0) < 0.2
    assert found["noise"].depends.get("region", 0.0) < 0.2


def test_a_column_that_depends_on_nothing_was_counted_all_the_same(connection: duckdb.DuckDBPyConnection) -> None:
    found = profiled(connection, ["id", "same"], [(str(n), "x") for n in range(100)])
    assert found["id"].depends == {"id": 1.0}
    assert found["same"].depends == {"same": 1.0}


@pytest.mark.parametrize("width", [1, MOST_COLUMNS + 1])
def test_nothing_is_counted_of_one_column_or_too_many(connection: duckdb.DuckDBPyConnection, width: int) -> None:
    found = profiled(connection, [f"n{n}" for n in range(width)], [tuple("x" for _ in range(width))] * 3)
    assert all(column.depends == {} for column in found.values())
