"""`millwright export` as a person uses it: quarantined rows into a spreadsheet, and back."""

import csv
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphs.session import run
from state.run import RunContext, RunStatus

HOSTILE = '=HYPERLINK("http://example.org")'


@pytest.fixture(scope="module")
def published(new_job: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A published run with quarantined rows, one of them hostile; whoever reads it leaves it as it is."""
    job = new_job(tmp_path_factory.mktemp("published"))
    source = job.sources / "customers.csv"
    source.write_text(source.read_text() + '5,"' + HOSTILE.replace('"', '""') + '",Nowhere\n')
    ended = run(job.contract, [job.sources], job.out, run_id="r1", context=RunContext(home=str(job.home)))
    assert ended["status"] is RunStatus.PUBLISHED
    return job


@pytest.fixture
def done(cli: Any, published: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The published run, at home of which the command line is."""
    monkeypatch.setenv("MILLWRIGHT_HOME", str(published.home))
    return published


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_quarantine_is_written_for_people(cli: Any, done: Any, tmp_path: Path) -> None:
    code, out, _ = cli("export", "r1", "--table", "customers", "--to", tmp_path / "fix.csv")
    assert code == 0
    assert out.startswith("2 rows of quarantine customers: ")
    found = {row["customer_id"]: row for row in rows(tmp_path / "fix.csv")}
    assert found["4"]["country"] == "Atlantis"
    assert found["5"]["name"] == f"'{HOSTILE}"
    assert found["5"]["_file"] == "customers.csv"
    assert cli("export", "r1", "--table", "customers", "--to", tmp_path / "fix.xlsx")[0] == 0
    with zipfile.ZipFile(tmp_path / "fix.xlsx") as book:
        assert "'=HYPERLINK" in book.read("xl/worksheets/sheet1.xml").decode()


def test_changes_and_published_tables_too(cli: Any, done: Any, tmp_path: Path) -> None:
    code, out, _ = cli("export", "r1", "--table", "orders", "--what", "changes", "--to", tmp_path / "c.csv", "--json")
    assert code == 0
    assert json.loads(out)["rows"] == len(rows(tmp_path / "c.csv")) > 0
    assert cli("export", "r1", "--table", "orders", "--what", "published", "--to", tmp_path / "p.csv")[0] == 0
    assert {row["order_id"] for row in rows(tmp_path / "p.csv")} == {"10", "11", "13"}


def test_a_table_that_was_changed_since_is_not_passed_off_as_the_runs(cli: Any, done: Any, tmp_path: Path) -> None:
    orders = done.out / "orders.parquet"
    kept = orders.read_bytes()
    orders.write_bytes((done.out / "customers.parquet").read_bytes())
    code, _, err = cli("export", "r1", "--table", "orders", "--what", "published", "--to", tmp_path / "p.csv")
    orders.write_bytes(kept)
    assert code == 2
    assert "not as run 'r1' published it" in err
    assert not (tmp_path / "p.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "r1", "--table", "nothing", "--to", "x.csv"), "tables: customers, orders, totals"),
        (("export", "r1", "--table", "../../r1/quarantine/orders", "--to", "x.csv"), "has written no quarantine"),
        (("export", "r1", "--table", "orders", "--to", "x.ods"), ".csv or .xlsx"),
        (("export", "r1", "--table", "orders", "--to", "missing/x.csv"), "make it first"),
        (("export", "r1", "--table", "orders", "--to", "x.csv", "--what", "all"), "quarantine, changes, published"),
        (("export", "none", "--table", "orders", "--to", "x.csv"), "there is no run"),
        (("export", "r1", "--table", "none", "--to", "x.csv", "--what", "published"), "has not published 'none'"),
    ],
)
def test_wrong_use_is_one_line_and_2(
    cli: Any, done: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = cli(*arguments)
    assert code == 2
    assert said in err
    assert len(err.splitlines()) == 1
    assert out == ""
    assert not list(tmp_path.glob("x.*"))


def test_an_existing_file_is_replaced_only_with_force(cli: Any, done: Any, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_text("mine")
    code, _, err = cli("export", "r1", "--table", "orders", "--to", target)
    assert code == 2
    assert "--force" in err
    assert target.read_text() == "mine"
    assert cli("export", "r1", "--table", "orders", "--to", target, "--force")[0] == 0
    assert target.read_text(encoding="utf-8-sig").startswith("order_id,")
