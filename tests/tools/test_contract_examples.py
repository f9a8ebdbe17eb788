"""The examples: contracts that validate, and a generator whose truth holds."""

import csv
import gzip
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from algorithms.dag import topological_order
from state.contract import Contract
from tools.contract.order import references
from tools.contract.read import load_contract, require_contract

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no shared data at {DATA}")
ENCODINGS = {"customers_legacy.csv": "cp1252", "customers_partner.tsv": "utf-16"}
BROKEN = ("C0998,", "C0999;", "9001,", "05/04/2024;9002", "9003\t", "9004,")


def contract(name: str) -> Contract:
    return require_contract(ROOT / "examples" / name / "contract.odcs.yaml")[0]


def generate(out: Path, seed: int = 7) -> Path:
    script = ROOT / "examples" / "shop" / "generate.py"
    subprocess.run([sys.executable, str(script), str(out), "--seed", str(seed)], check=True, capture_output=True)
    return out


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("shop"))


def text_of(path: Path) -> str:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return raw.decode(ENCODINGS.get(path.name, "utf-8-sig"))


def records(path: Path) -> list[list[str]]:
    """Read a file without its header and the lines that are known to be broken."""
    lines = text_of(path).splitlines(keepends=True)
    sound = "".join(line for line in lines if not line.startswith(BROKEN))
    delimiter = "\t" if ".tsv" in path.name else ";" if ";" in sound.partition("\n")[0] else ","
    return list(csv.reader(sound.splitlines(keepends=True), delimiter=delimiter))[1:]


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/*/contract*.yaml")), ids=lambda path: path.parent.name)
def test_every_example_is_valid_without_any_fault(path: Path) -> None:
    loaded = load_contract(path)
    assert loaded.valid
    assert loaded.faults == ()


def test_the_generator_is_deterministic_and_the_seed_matters(shop: Path, tmp_path: Path) -> None:
    assert content(generate(tmp_path / "again")) == content(shop)
    assert content(generate(tmp_path / "other", seed=8)) != content(shop)


@pytest.mark.parametrize("table", ["customers", "orders"])
def test_the_books_agree_with_a_count_of_the_files(shop: Path, table: str) -> None:
    books = json.loads((shop / "truth" / "accounting.json").read_text())["tables"][table]
    files = sorted((shop / "input").glob(f"{table}*"))
    broken = sum(line.startswith(BROKEN) for path in files for line in text_of(path).splitlines())
    read = sum(len(records(path)) for path in files)
    with (shop / "truth" / f"{table}.csv").open(newline="") as stream:
        published = sum(1 for _ in csv.DictReader(stream))
    assert (books["rejects"], books["rows_read"], books["rows_published"]) == (broken, read + broken, published)
    assert books["rows_read"] == books["rows_published"] + books["rows_quarantined"] + books["rows_merged"]
    assert 0 < books["rows_quarantined"] < 0.05 * books["rows_read"]
    assert books["rows_merged"] > 0


def test_repeated_keys_are_what_is_merged(shop: Path) -> None:
    books = json.loads((shop / "truth" / "accounting.json").read_text())["tables"]
    for table, position in (("customers", {"customers_partner.tsv": 1}), ("orders", {"orders_2024_q2.csv": 1})):
        keys = Counter(
            row[position.get(path.name, 0)].strip()
            for path in (shop / "input").glob(f"{table}*")
            for row in records(path)
        )
        assert sum(count - 1 for count in keys.values()) == books[table]["rows_merged"]


def test_the_files_are_as_messy_as_promised(shop: Path) -> None:
    files = content(shop / "input")
    assert files["orders_2024_empty.csv"] == b""
    assert len(files["customers_new.csv"].splitlines()) == 1
    assert files["customers_partner.tsv"].startswith(b"\xff\xfe")
    assert gzip.decompress(files["customers_update.csv.gz"]).startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in files["orders_2024_q2.csv"]
    assert b"\xfc" in files["customers_legacy.csv"]
    assert files["orders_2024_q4.csv"].count(b'"') == 1
    assert files["orders_2024_q4.csv"].partition(b"\n")[0].count(b",ref") == 2
    assert b"ring twice\nthen wait" in files["orders_2024_q1.csv"]


def test_the_shop_truth_meets_the_contract_and_its_sql(shop: Path) -> None:
    agreed = contract("shop")
    with duckdb.connect() as connection:
        for name in ("customers", "orders"):
            connection.execute(
                f"create table {name} as select * from read_csv(?)", [str(shop / "truth" / f"{name}.csv")]
            )
        daily = agreed.table("daily_sales")
        connection.execute(f"create table daily_sales as {daily.transform_logic}")
        described = connection.execute("describe daily_sales").fetchall()
        assert [row[0] for row in described] == [column.name for column in daily.columns]
        for table in agreed.tables:
            for rule in table.rules:
                if rule.type == "sql":
                    row = connection.execute(rule.query or "").fetchone()
                    assert row is not None
                    assert row[0] == 0 if rule.operator == "mustBe" else row[0] < rule.threshold
        strangers = "select count(*) from orders where customer_id not in (select customer_id from customers)"
        assert connection.execute(strangers).fetchone() == (0,)
        countries = {row[0] for row in connection.execute("select distinct country from customers").fetchall()}
    assert countries <= set(agreed.table("customers").column("country").valid_values)


@pytest.mark.shared_data
@needs_data
def test_the_jaffle_shop_sql_makes_the_expected_tables() -> None:
    agreed, folder = contract("jaffle_shop"), DATA / "jaffle_shop"
    seeds = {
        "stg_customers": "select id as customer_id, first_name, last_name from '{}/raw_customers.csv'",
        "stg_orders": "select id as order_id, user_id as customer_id, order_date, status from '{}/raw_orders.csv'",
        "raw_payments": "select * from '{}/raw_payments.csv'",
    }
    with duckdb.connect() as connection:
        for name in topological_order(references(agreed)):
            logic = agreed.table(name).transform_logic or seeds[name].format(folder / "seeds")
            connection.execute(f"create table {name} as {logic}")
        for path in sorted((folder / "expected").glob("*.csv")):
            made = connection.execute(f"select * from {path.stem} order by 1").fetchall()
            assert made == connection.execute(f"select * from '{path}' order by 1").fetchall(), path.stem
            columns = [row[0] for row in connection.execute(f"describe {path.stem}").fetchall()]
            assert columns == [column.name for column in agreed.table(path.stem).columns]


@pytest.mark.shared_data
@needs_data
def test_the_covid19_contract_knows_the_official_names_and_no_other() -> None:
    with (DATA / "covid19_truth" / "confirmed_global.csv").open(newline="") as stream:
        official = {row["Country/Region"] for row in csv.DictReader(stream)}
    reports = contract("covid19").table("daily_reports")
    assert set(reports.column("country").valid_values) == official
    assert len(official) == 188
    assert all(column.aliases == () for column in reports.columns)


def test_the_covid19_key_tells_places_of_one_official_name_apart() -> None:
    reports = contract("covid19").table("daily_reports")
    day, place = (reports.column(name).transform_logic for name in ("report_date", "place"))
    rows = """(values
        ('in/03-07-2020.csv', null, null, 'France', 47.0, 2.0),
        ('03-07-2020.csv', null, null, 'France', 3.9, -53.1),
        ('02-01-2020.csv', null, 'Macau', 'China', null, null)
    ) as t(_file, admin2, province, country, latitude, longitude)"""
    with duckdb.connect() as connection:
        made = connection.execute(f"select cast({day} as varchar), {place} from {rows}").fetchall()
    assert made == [
        ("2020-03-07", "France (47.0 2.0)"),
        ("2020-03-07", "France (3.9 -53.1)"),
        ("2020-02-01", "Macau, China"),
    ]
