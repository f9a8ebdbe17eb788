"""The decision log as a person meets it: verified and replayed, told in text, as a page and as JSON; revoking."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from graphs.session import run
from state.run import RunContext
from tools.decision_log.reading import log_folder

COUNTRIES = ("Spain", "France", "Germany", "Italy")
CONTRACT = f"""
apiVersion: v3.1.0
kind: DataContract
id: told-orders
name: shop
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - {{name: order_id, logicalType: integer, primaryKey: true, primaryKeyPosition: 1, required: true}}
      - name: country
        logicalType: string
        quality:
          - {{type: library, metric: invalidValues, mustBe: 0, arguments: {{validValues: [{", ".join(COUNTRIES)}]}}}}
"""

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after a run that adopted a version and a mapping; the contract lies beside it."""
    folder = tmp_path_factory.mktemp("decisions")
    (folder / "contract.yaml").write_text(CONTRACT)
    rows = "".join(f"{number},{COUNTRIES[number % 4]}\n" for number in range(1, 100))
    (folder / "orders.csv").write_text(f"order_id,Herkunft\n{rows}")
    context = RunContext(home=str(folder / "home"))
    output = run(folder / "contract.yaml", [str(folder / "orders.csv")], folder / "out", run_id="r1", context=context)
    assert output["status"] == "published"
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copy"))


@pytest.fixture
def call(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    monkeypatch.setenv("MILLWRIGHT_HOME", str(folder / "home"))

    def called(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["millwright", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code: Any = ended.value.code
        return code or 0, captured.out, captured.err

    return called


def test_the_log_is_verified_and_replayed(call: Call, folder: Path) -> None:
    for given in (folder / "contract.yaml", "told-orders"):
        code, out, _ = call("explain", "--decisions", given)
        assert code == 0
        assert "every digest and every signature holds, and the copies agree" in out
        assert "contract version 1.0.0" in out
        assert "orders: Herkunft → country" in out
        assert "Accepted by names: " in out


def test_the_log_as_json_has_every_entry_and_what_is_in_force(call: Call) -> None:
    code, out, _ = call("explain", "--decisions", "told-orders", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["holds"] is True
    assert [entry["index"] for entry in told["entries"]] == [1, 2]
    assert told["in_force"]["names"] == {"orders": {"country": {"Herkunft": "r1"}}}


def test_the_log_as_a_page(call: Call) -> None:
    code, out, _ = call("explain", "--decisions", "told-orders", "--html")
    assert code == 0
    page = Path(out.strip()).read_text()
    assert "Herkunft → country" in page


def test_a_changed_copy_is_named_with_its_first_broken_entry(call: Call, folder: Path) -> None:
    path = log_folder(folder / "home", "told-orders") / "values.jsonl"
    path.write_bytes(path.read_bytes().replace(b"Herkunft", b"Herkunfz"))
    code, out, _ = call("explain", "--decisions", "told-orders")
    assert code == 1
    assert "in the copy of values, entry 2 does not hold" in " ".join(out.split())
    code, out, _ = call("explain", "--decisions", "told-orders", "--json")
    told = json.loads(out)
    assert (code, told["holds"], told["fault"]["copy_of"]) == (1, False, "values")


def test_an_entry_is_revoked_once_and_only_where_there_is_one(call: Call) -> None:
    code, out, _ = call("revoke", "told-orders", "2", "--reason", "it is the shipper's")
    assert (code, out) == (0, "entry 2 is revoked by entry 3\n")
    code, _, error = call("revoke", "told-orders", "2", "--reason", "again")
    assert code == 2
    assert "revoked already" in error
    code, out, _ = call("revoke", "told-orders", "9", "--reason", "nothing")
    assert code == 1
    assert "not revoked: 0 of 5" in out
    assert "there is no entry 9" in out
    code, out, _ = call("explain", "--decisions", "told-orders")
    assert "(revoked)" in out
    assert "it is the shipper's" in " ".join(out.split())  # however wide the terminal is


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain",), "give a run, or --decisions"),
        (("explain", "r1", "--decisions", "told-orders"), "give a run, or --decisions"),
        (("explain", "--decisions", "nobodys"), "there is no decision log of 'nobodys'"),
        (("revoke", "nobodys", "1", "--reason", "x"), "there is no decision log of 'nobodys'"),
    ],
)
def test_wrong_use_is_told_in_one_line(call: Call, arguments: tuple[str, ...], said: str) -> None:
    code, _, error = call(*arguments)
    assert code == 2
    assert said in error
    assert "Traceback" not in error
