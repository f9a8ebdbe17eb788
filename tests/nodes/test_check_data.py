"""Data held against a contract as it is: nothing is repaired, and every file belongs to a table or is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from graphs.session import run
from nodes.check_data import check_files
from state.checks import CheckResult, Verdict
from state.errors import SetupError, SourceError
from state.run import RunContext
from tools.contract.read import require_contract

Check = Callable[..., dict[str, CheckResult]]


@pytest.fixture
def check(job: Any, tmp_path: Path) -> Check:
    def call(*data: Path, **context: Any) -> dict[str, CheckResult]:
        folder = tmp_path / f"check-{len(list(tmp_path.glob('check-*')))}"
        folder.mkdir()
        contract, _ = require_contract(job.contract)
        results = check_files(contract, [str(path) for path in data], folder, RunContext(**context))
        return {result.rule: result for result in results}

    return call


def parquet(path: Path, query: str) -> Path:
    with duckdb.connect() as connection:
        connection.execute(f"copy ({query}) to '{path}' (format parquet)")
    return path


def broken(results: dict[str, CheckResult]) -> dict[str, int]:
    return {rule: result.count for rule, result in results.items() if result.blocking}


def test_text_is_typed_but_nothing_is_repaired_merged_or_set_aside(job: Any, check: Check) -> None:
    results = check(job.sources)
    assert {result.table for result in results.values()} == {"customers", "orders"}
    counts = broken(results)
    assert counts["orders.amount.minimum"] == 1
    assert next(count for rule, count in counts.items() if "relationship" in rule) == 1
    listed = next(
        result for rule, result in results.items() if rule.startswith("customers.country") and result.blocking
    )
    assert listed.count == 3
    assert {where.value for where in listed.locators} == {"UK", "Korea, South", "Atlantis"}
    assert {(where.file, where.line) for where in listed.locators} == {("customers.csv", line) for line in (3, 4, 5)}
    keys = next(result for result in results.values() if result.table == "orders" and "rimaryKey" in result.rule)
    assert keys.result is Verdict.FAILED


def test_published_tables_pass_alone_and_together(job: Any, check: Check) -> None:
    run(job.contract, [str(job.sources)], job.out, run_id="r1", context=RunContext(home=str(job.home)))
    tables = sorted(job.out.glob("*.parquet"))
    assert len(tables) == 3
    together = check(*tables)
    assert broken(together) == {}
    assert {result.table for result in together.values()} == {"customers", "orders", "totals"}
    assert broken(check(job.out / "totals.parquet")) == {}


def test_a_derived_table_is_judged_as_it_is_and_not_made_again(job: Any, check: Check, tmp_path: Path) -> None:
    path = parquet(tmp_path / "totals.parquet", "select 'X' as country, 1 as orders, 2.5::decimal(12,2) as amount")
    assert broken(check(path)) == {}
    path = parquet(tmp_path / "totals.parquet", "select null::varchar as country, 1 as orders, 'x' as amount")
    found = broken(check(path))
    assert "totals.country.required" in found
    assert any(rule.startswith("totals.amount") for rule in found)


def test_a_derived_table_may_come_as_text(check: Check, tmp_path: Path) -> None:
    (tmp_path / "totals.csv").write_text("country,orders,amount\nX,1,2.5\n,1,2.5\n")
    found = check(tmp_path / "totals.csv")
    assert broken(found) == {"totals.country.required": 1, "totals.primaryKey": 1}
    assert [(where.file, where.line) for where in found["totals.country.required"].locators] == [("totals.csv", 3)]


def test_a_folder_of_parts_is_one_table(job: Any, check: Check, tmp_path: Path) -> None:
    folder = tmp_path / "customers.parquet"
    folder.mkdir()
    for number in (1, 2):
        parquet(folder / f"part-{number}.parquet", f"select {number} as customer_id, 'n' as name, 'Germany' as country")
    assert broken(check(folder)) == {}
    parquet(folder / "part-3.parquet", "select 1 as customer_id, 'n' as name, 'Mu' as country")
    assert len(broken(check(folder))) == 2
    assert broken(check(Path(f"{folder}/"))) == broken(check(folder))


@pytest.mark.parametrize("missing", ["name", "country"])
def test_a_missing_column_is_a_broken_rule(check: Check, tmp_path: Path, missing: str) -> None:
    columns = {"customer_id": "1", "name": "'n'", "country": "'Germany'"}
    fields = ", ".join(f"{value} as {name}" for name, value in columns.items() if name != missing)
    found = check(parquet(tmp_path / "customers.parquet", f"select {fields}"))
    assert any(rule.startswith(f"customers.{missing}") and result.blocking for rule, result in found.items())


def test_parquet_that_cannot_be_read_is_told_in_one_line(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "customers.parquet"
    with pytest.raises(SourceError, match="cannot be read as Parquet"):
        check(path)
    path.write_bytes(b"not parquet")
    with pytest.raises(SourceError, match="cannot be read as Parquet") as caught:
        check(path)
    assert caught.value.where == str(path)
    assert len(caught.value.line().splitlines()) == 1


def test_data_that_belongs_to_no_table_is_refused(job: Any, check: Check, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no such table .*customers, orders, totals"):
        check(parquet(tmp_path / "other.parquet", "select 1"))
    (tmp_path / "other.csv").write_text("p,q,r\nx,y,z\n")
    with pytest.raises(SetupError, match=r"other\.csv"):
        check(tmp_path / "other.csv")
    with pytest.raises(SetupError, match=r"nothing\.csv"):
        check(tmp_path / "nothing.csv")


def test_a_table_given_twice_is_refused(job: Any, check: Check, tmp_path: Path) -> None:
    query = "select 1 as customer_id, 'n' as name, 'Germany' as country"
    one = parquet(tmp_path / "customers.parquet", query)
    (tmp_path / "more").mkdir()
    other = parquet(tmp_path / "more" / "customers.parquet", query)
    for data in ((one, other), (one, job.sources / "customers.csv")):
        with pytest.raises(SourceError, match="customers: the table is given twice"):
            check(*data)
    assert broken(check(one, one)) == {}


def test_a_column_no_file_has_is_told(job: Any, check: Check) -> None:
    source = job.sources / "customers.csv"
    source.write_text("customer_id,name\n1,Ann\n")
    result = check(source)["customers.mapping"]
    assert result.result is Verdict.WARNING
    assert result.detail == "no file has a column for country: published as null"
