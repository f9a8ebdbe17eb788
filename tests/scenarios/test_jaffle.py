"""The example shop of dbt: what Millwright publishes equals what dbt's own models gave."""

from pathlib import Path
from typing import Any

import duckdb
import pytest


@pytest.mark.shared_data
def test_the_marts_equal_those_of_dbt(play: Any, examples: Path, shared_data: Path) -> None:
    played = play(examples / "jaffle_shop" / "contract.odcs.yaml", shared_data / "jaffle_shop" / "seeds")
    assert played.status == "published"
    played.assert_balanced()
    for table in ("customers", "orders", "stg_customers", "stg_orders", "stg_payments"):
        expected = shared_data / "jaffle_shop" / "expected" / f"{table}.csv"
        with duckdb.connect() as connection:
            connection.execute(f"create view published as from '{played.out / table}.parquet'")
            header = expected.read_text().splitlines()[0].split(",")
            types = dict(connection.execute("select column_name, column_type from (describe published)").fetchall())
            assert sorted(types) == sorted(header)
            casts = ", ".join(f"cast({name} as {types[name]}) as {name}" for name in header)
            connection.execute(
                f"create view expected as select {casts} from read_csv('{expected}', all_varchar = true)"
            )
            published = f"select {', '.join(header)} from published"
            missing = connection.execute(f"from expected except all {published}").fetchall()
            invented = connection.execute(f"{published} except all from expected").fetchall()
        assert (table, missing, invented) == (table, [], [])
    assert [played.tables[name]["rows_read"] for name in ("stg_customers", "stg_orders", "raw_payments")] == [
        100,
        99,
        113,
    ]
    assert all(not played.quarantine(name) for name in played.tables)
