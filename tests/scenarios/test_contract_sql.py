"""SQL that stands in a contract, tables that hang on each other, and sources given in several ways."""

import gzip
import time
from pathlib import Path
from typing import Any

import pytest

from graphs.session import resume

ROWS = "id,v,amount\n1,a,10\n2,b,20\n3,c,30\n"

ATTACKS = [
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select id from t; drop table stage.t",
    "copy t to '/tmp/stolen.csv'",
    "attach '/tmp/other.duckdb' as other",
    "select getenv('HOME') as id",
    "select * from duckdb_settings()",
    "insert into stage.t select * from stage.t",
    "select id from stage.t",
    "select _row as id from live.t",
    "select id from ops.receipts",
    "with t as (delete from t returning *) select * from t",
    "pragma database_list",
    "select id from t union all select * from read_text('/etc/hostname')",
    "install httpfs",
    "select nextval('x') as id from t",
    "select (select max(sql) from sqlite_master) as id",
    "select id from t) to '/tmp/stolen.csv'; --",
]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    (tmp_path / "t.csv").write_text(ROWS)
    return tmp_path / "t.csv"


def base(s: Any, **table: Any) -> Any:
    columns = s.column("id", "integer", primaryKey=True), s.column("v"), s.column("amount", "integer")
    return s.table("t", *columns, **table)


def derived(s: Any, sql: str, *columns: Any, name: str = "d", **fields: Any) -> Any:
    columns = columns or (s.column("id", "integer", primaryKey=True),)
    return s.table(name, *columns, settings={"transformLogic": sql}, **fields)


@pytest.mark.parametrize("sql", ATTACKS)
def test_an_attack_in_a_derived_table_publishes_nothing(play: Any, schema: Any, rows: Path, sql: str) -> None:
    played = play(schema.contract(base(schema), derived(schema, sql)), rows, fails=True)
    assert played.status in ("failed", "setup"), played.problem
    assert played.problem
    assert played.published() == []
    assert not Path("/tmp/stolen.csv").exists()  # noqa: S108  where the attack writes to


@pytest.mark.parametrize("sql", ATTACKS)
def test_an_attack_in_a_rule_is_an_error_and_publishes_nothing(play: Any, schema: Any, rows: Path, sql: str) -> None:
    quality = [{"type": "sql", "query": sql, "mustBeGreaterThan": -1}]
    played = play(schema.contract(base(schema, quality=quality)), rows, fails=True, partial=True)
    assert played.published() == []
    assert played.status == "not_met"
    assert played.check("t.quality[0]")["result"] == "error"
    assert not Path("/tmp/stolen.csv").exists()  # noqa: S108  where the attack writes to


@pytest.mark.parametrize("place", ["rule", "table", "column"])
def test_sql_that_cannot_be_used_ends_the_run_before_any_data_is_read(
    play: Any, schema: Any, rows: Path, place: str
) -> None:
    wrong = {"type": "sql", "query": "select count(*) from t where nothing = 1", "mustBe": 0}
    tables = [base(schema, quality=[wrong] if place == "rule" else [])]
    if place == "table":
        tables.append(derived(schema, "select nothing as id from t"))
    if place == "column":
        tables[0]["properties"].append(schema.column("x", transformLogic="nothing + 1"))
    named = {"rule": "t.quality[0]", "table": "d.transformLogic", "column": "t.x.transformLogic"}[place]
    played = play(schema.contract(*tables), rows)
    assert (played.status, played.published()) == ("failed", [])
    assert played.problem.startswith(f"SQL of the contract cannot be used: {named}: ")
    assert "nothing" in played.problem
    assert played.told["sources"]["records"] == 0
    assert played.told["plan"] is None
    assert resume(played.home, played.run_id)["problem"] == played.problem, "the same contract ends the same way"


def test_sql_of_a_rule_that_does_not_block_ends_nothing(play: Any, schema: Any, rows: Path) -> None:
    wrong = {"type": "sql", "query": "select count(*) from t where nothing = 1", "mustBe": 0, "severity": "warning"}
    played = play(schema.contract(base(schema, quality=[wrong])), rows)
    assert played.status == "published", played.problem
    assert any("t.quality[0]" in warning for warning in played.told["warnings"])


@pytest.mark.parametrize(
    "sql", ["(select max(id) from t)", "read_text('/etc/passwd')", "id; drop table stage.t", "1) as x, (2", "sum(id)"]
)
def test_an_attack_in_a_derived_column_publishes_nothing(play: Any, schema: Any, rows: Path, sql: str) -> None:
    table = base(schema)
    table["properties"].append(schema.column("x", transformLogic=sql))
    played = play(schema.contract(table), rows, fails=True)
    assert played.status in ("failed", "setup"), played.problem
    assert played.published() == []


@pytest.mark.parametrize("place", ["rule", "table"])
def test_sql_without_end_is_stopped(play: Any, schema: Any, tmp_path: Path, place: str) -> None:
    (tmp_path / "t.csv").write_text("id,v,amount\n" + "".join(f"{n},a,{n}\n" for n in range(5000)))
    endless = "select count(*) as id from t a, t b, t c, t d where (a.id * b.id + c.id * d.id) % 7 = 3"
    quality = [{"type": "sql", "query": endless, "mustBe": 0}]
    tables = [base(schema, quality=quality)] if place == "rule" else [base(schema), derived(schema, endless)]
    started = time.monotonic()
    played = play(schema.contract(*tables), tmp_path / "t.csv", context={"sql_seconds": 1.0, "attempts": 1})
    assert time.monotonic() - started < 120  # it would take days
    assert played.published() == []
    assert played.status == ("not_met" if place == "rule" else "failed")
    told = played.problem if place == "table" else played.check("t.quality[0]")["detail"]
    assert "longer than 1 s" in told


def test_sql_rules_see_the_staged_rows(play: Any, schema: Any, rows: Path) -> None:
    quality = [
        {"type": "sql", "query": "select sum(amount) from t", "mustBe": 60},
        {"type": "sql", "query": "select count(*) from ${table} where amount > 15", "mustBe": 2, "unit": "rows"},
        {"type": "sql", "query": "select count(*) from t", "mustBe": 4, "severity": "warning"},
    ]
    played = play(schema.contract(base(schema, quality=quality)), rows)
    assert played.status == "published", played.problem
    assert [played.check(f"t.quality[{n}]")["result"] for n in range(3)] == ["passed", "passed", "warning"]


def test_a_derived_column_reads_other_columns_and_its_origin(play: Any, schema: Any, rows: Path) -> None:
    table = base(schema)
    table["properties"] += [
        schema.column("twice", "integer", transformLogic="amount * 2"),
        schema.column("four", "integer", transformLogic="twice * 2"),
        schema.column("origin", transformLogic="_file || ':' || _line"),
    ]
    played = play(schema.contract(table), rows)
    assert played.rows("t", "id, twice, four, origin") == [
        (1, 20, 40, "t.csv:2"),
        (2, 40, 80, "t.csv:3"),
        (3, 60, 120, "t.csv:4"),
    ]


def test_a_derived_table_filters_and_its_bad_rows_are_set_aside(play: Any, schema: Any, rows: Path) -> None:
    amount = schema.column("amount", "integer", logicalTypeOptions={"maximum": 25})
    table = derived(
        schema, "select id, amount from t where id > 1", schema.column("id", "integer", primaryKey=True), amount
    )
    played = play(schema.contract(base(schema), table), rows)
    assert played.rows("d") == [(2, 20)]
    assert played.tables["d"]["rows_in"] == {"t": 3}
    assert (played.tables["d"]["rows_read"], played.tables["d"]["rows_quarantined"]) == (2, 1)
    assert played.side("quarantine", "d", "id, _rule") == [("3", "d.amount.maximum")]
    played.assert_balanced()


def test_a_chain_of_bosses_is_kept_and_one_without_end_is_not(play: Any, schema: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,boss\n1,\n2,1\n3,2\n4,9\n5,4\n6,5\n7,7\n")
    boss = schema.column("boss", "integer", relationships=[{"to": "t.id"}])
    table = schema.table("t", schema.column("id", "integer", primaryKey=True), boss)
    played = play(schema.contract(table), tmp_path / "t.csv")
    assert played.status == "published", played.problem
    assert played.rows("t", "id") == [(1,), (2,), (3,), (7,)]
    assert [line for _, line, _ in played.quarantine("t")] == [5, 6, 7]


@pytest.mark.parametrize(("stray", "left"), [(False, {1, 2, 3}), (True, {1, 3})])
def test_tables_that_refer_to_each_other(play: Any, schema: Any, tmp_path: Path, stray: bool, left: set[int]) -> None:  # noqa: FBT001
    (tmp_path / "a.csv").write_text("id,b\n1,1\n2," + ("8" if stray else "2") + "\n3,3\n")
    (tmp_path / "b.csv").write_text("id,a\n1,1\n2,2\n3,3\n")
    tables = [
        schema.table(
            name,
            schema.column("id", "integer", primaryKey=True),
            schema.column(other, "integer", relationships=[{"to": f"{other}.id"}]),
        )
        for name, other in (("a", "b"), ("b", "a"))
    ]
    played = play(schema.contract(*tables), tmp_path / "a.csv", tmp_path / "b.csv")
    assert played.status == "published", played.problem
    for name in ("a", "b"):
        assert {row[0] for row in played.rows(name, "id")} == left
    played.assert_balanced()


def test_a_relationship_out_of_the_contract_cannot_be_checked(play: Any, schema: Any, rows: Path) -> None:
    table = base(schema, relationships=[{"from": "t.id", "to": "elsewhere.id"}])
    played = play(schema.contract(table), rows)
    assert (played.status, played.published()) == ("not_met", [])
    assert played.check("t.relationships[0]")["result"] == "error"
    assert "elsewhere" in played.problem


def test_folders_globs_and_gzip_are_one_table(play: Any, schema: Any, tmp_path: Path) -> None:
    for name, number in (("one/deep/t_1.csv", 1), ("two/t_1.csv", 2), ("three/t_3.csv.gz", 3), ("three/other.csv", 9)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = f"id,v,amount\n{number},a,{number}\n".encode()
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    table = base(schema, settings={"sources": ["t_*"]})
    sources = (tmp_path / "one", tmp_path / "two", tmp_path / "three" / "t_*.gz")
    played = play(schema.contract(table), *sources)
    assert played.rows("t", "id") == [(1,), (2,), (3,)]
    assert len({name for name, _ in played.places("t")["published"]}) == 3
    whole = play(schema.contract(table), tmp_path / "**" / "t_*", out=tmp_path / "whole")
    assert whole.rows("t", "id") == [(1,), (2,), (3,)]


def test_two_contracts_share_a_destination(play: Any, schema: Any, rows: Path, tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("id,v,amount\n7,z,70\n")
    play(schema.contract(base(schema)), rows)
    before = (tmp_path / "out" / "t.parquet").read_bytes()
    other = base(schema) | {"name": "u"}
    assert play(schema.contract(other), tmp_path / "u.csv").published() == ["t", "u"]
    assert (tmp_path / "out" / "t.parquet").read_bytes() == before
    rows.write_text(ROWS + "4,d,40\n")
    assert len(play(schema.contract(base(schema)), rows).rows("t")) == 4
    assert sorted(path.name for path in (tmp_path / "out" / "_runs").glob("r*")) == ["r1", "r2", "r3"]
