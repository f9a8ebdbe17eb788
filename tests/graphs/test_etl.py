"""ETL planned by a call of its own: what comes out is what the contract's run gives, and faults are one line."""

import copy
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from evals import draft_data
from graphs.etl import plan_etl, run_etl
from graphs.session import run
from state.errors import SetupError
from state.etl import TableSpec
from state.run import RunContext, RunStatus

ROOT = Path(__file__).resolve().parents[2]
SALES = "select day, sum(amount) as amount from orders group by day"
SCHEMA: dict[str, Any] = {
    "orders": {"columns": {"id": "integer", "amount": "decimal(10,2)", "day": {"type": "date", "required": True}},
               "key": ["id"]},
    "sales": {"columns": {"day": "date", "amount": "decimal(18,2)"}, "key": ["day"]},
}  # fmt: skip


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text("id,amount,day\n1,2.50,2024-01-01\n2,3.00,2024-01-02\n")
    (folder / "b.csv").write_text("id,day,amount\n3,2024-01-02,4.25\n")
    return folder


def published(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("*.parquet")}


def test_a_plan_has_order_dependencies_resources_and_probability_and_can_be_executed(
    orders: Path, tmp_path: Path
) -> None:
    context = RunContext(home=str(tmp_path / "home"), threads=1)
    plan = plan_etl({"orders": str(orders / "*.csv")}, SCHEMA, {"sales": SALES}, context=context)
    assert plan.order[-2:] == ("verify", "publish")
    assert all(
        plan.order.index(other) < plan.order.index(step) for step in plan.order for other in plan.dependencies[step]
    )
    assert "derive:sales" in plan.order
    assert plan.resources.threads == 1
    assert plan.resources.source_bytes == sum(path.stat().st_size for path in orders.iterdir())
    assert 0 < plan.resources.critical_seconds <= plan.resources.seconds
    assert 0 < plan.probability < 1
    assert not (tmp_path / "home").exists()
    ended = run_etl(plan, tmp_path / "out", run_id="r", context=context)
    assert ended["status"] is RunStatus.PUBLISHED
    assert sorted(published(tmp_path / "out")) == ["orders.parquet", "sales.parquet"]
    told = json.loads((tmp_path / "out" / "_runs" / "r" / "run.json").read_text())
    assert tuple(step["step_id"] for step in told["plan"]["steps"]) == plan.order


def without_sql(contract: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The contract without its tables' SQL, and that SQL as transformations."""
    document, found = yaml.safe_load(contract.read_text()), {}
    for table in document["schema"]:
        for setting in table.get("customProperties", ()):
            if setting["property"] == "millwright.transformLogic":
                found[table["name"]] = setting["value"]
        table["customProperties"] = [
            each for each in table.get("customProperties", ()) if "transform" not in each["property"]
        ]
    return document, found


@pytest.mark.parametrize("example", ["shop", pytest.param("jaffle_shop", marks=pytest.mark.shared_data)])
def test_the_tables_of_the_examples_come_out_of_sources_schema_and_transformations(
    example: str, tmp_path: Path, write_shop: Any
) -> None:
    sources = write_shop(tmp_path) if example == "shop" else ROOT.parent / "shared" / "data" / example / "seeds"
    if not sources.is_dir():
        pytest.skip("the shared benchmark data is not beside the project")
    contract = ROOT / "examples" / example / "contract.odcs.yaml"
    document, transformations = without_sql(contract)
    assert transformations
    (tmp_path / "schema.yaml").write_text(yaml.safe_dump(document))
    plan = plan_etl([str(sources)], tmp_path / "schema.yaml", transformations)
    context = RunContext(home=str(tmp_path / "home"))
    assert run_etl(plan, tmp_path / "etl", run_id="etl", context=context)["status"] is RunStatus.PUBLISHED
    run(contract, [str(sources)], tmp_path / "run", run_id="run", context=context)
    assert published(tmp_path / "etl") == published(tmp_path / "run") != {}


@pytest.fixture
def write_shop() -> Any:
    return lambda folder: draft_data.write_shop(folder / "shop", seed=5) / "input"


def test_two_tables_may_not_have_files_of_one_name(orders: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.csv").write_text("day,amount\n")
    with pytest.raises(SetupError, match="orders has a file of that name too"):
        plan_etl({"orders": str(orders), "sales": str(tmp_path / "more")}, SCHEMA)


def changed(**columns: object) -> dict[str, Any]:
    schema = copy.deepcopy(SCHEMA)
    schema["orders"]["columns"] |= columns
    return schema


@pytest.mark.parametrize(
    ("sources", "schema", "sql", "told"),
    [
        ({"orders": "nowhere/*.csv"}, SCHEMA, {"sales": SALES}, ("no such file", "sources.orders: nowhere/*.csv")),
        ({"orders": "IN"}, changed(price="money"), {"sales": SALES}, ("the type 'money' is not known", "orders.price")),
        ({"orders": "IN"}, SCHEMA, {"sales": "select 1 from customers"}, ("customers", "transformations.sales")),
        ({"orders": "IN"}, SCHEMA, {"profit": SALES}, ("no such table", "transformations.profit")),
        ({"orders": "IN"}, SCHEMA, {"sales": SALES, "orders.total": "1"}, ("no column 'total'", "orders.total")),
        ({"orders": "IN"}, SCHEMA, {}, ("neither sources nor a transformation", "sales")),
        ({"orders": "IN", "sales": "IN"}, SCHEMA, {"sales": SALES}, ("it has sources and is made by SQL", "sales")),
        ({"customers": "IN"}, SCHEMA, {"sales": SALES}, ("no such table", "sources.customers")),
        ({}, SCHEMA, {"sales": SALES, "orders": "select * from sales"}, ("in a circle", "orders <- sales <- orders")),
        ({"orders": "IN"}, {"orders": {"columns": {"id": "integer"}, "key": ["nr"]}}, {}, ("'nr'", "orders.key")),
        ({"orders": "IN"}, {"orders": {"colums": {}}}, {}, ("orders.", "see state/etl.py")),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_in_one_line(
    orders: Path, sources: Any, schema: Any, sql: Any, told: tuple[str, str]
) -> None:
    given = {table: str(orders) if text == "IN" else text for table, text in sources.items()}
    with pytest.raises(SetupError) as caught:
        plan_etl(given, schema, sql)
    line = caught.value.line()
    assert "\n" not in line
    assert all(text in line for text in told), line


def test_a_typed_schema_says_what_one_of_plain_python_says(orders: Path) -> None:
    typed = {name: TableSpec.model_validate(spec) for name, spec in SCHEMA.items()}
    given = {"orders": [str(orders / "a.csv"), str(orders / "b.csv")]}
    one, other = plan_etl(given, typed, {"sales": SALES}), plan_etl(given, SCHEMA, {"sales": SALES})
    assert one.plan.plan_id == other.plan.plan_id
    assert (one.order, one.dependencies, one.resources, one.probability) == (
        *(other.order, other.dependencies, other.resources),
        other.probability,
    )


def test_columns_are_made_by_expressions(orders: Path, tmp_path: Path) -> None:
    plan = plan_etl(
        {"orders": str(orders)},
        changed(gross="decimal(12,2)") | {"sales": SCHEMA["sales"]},
        {"sales": SALES, "orders.gross": "amount * 2"},
    )
    run_etl(plan, tmp_path / "out", run_id="r", context=RunContext(home=str(tmp_path / "home")))
    rows = duckdb.connect().execute(f"select id, gross::varchar from '{tmp_path}/out/orders.parquet' order by 1")
    assert rows.fetchall() == [(1, "5.00"), (2, "6.00"), (3, "8.50")]
