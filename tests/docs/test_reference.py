"""The reference against the code: nothing that is there is missing, and nothing is told that is not there."""

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

import state.errors
from state.errors import MillwrightError
from tools.contract.extensions import OF_COLUMN, OF_CONTRACT, OF_TABLE, PREFIX

from .pages import ROOT

REFERENCE = ROOT / "docs" / "reference"


def rows(page: str) -> list[list[str]]:
    """Return the cells of all tables of a page."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_generated_parts_are_those_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("draw_reference", ROOT / "docs" / "draw_reference.py")
    assert spec
    assert spec.loader
    drawing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawing)
    monkeypatch.setattr("sys.argv", ["draw_reference.py", "--check"])
    assert drawing.main() == 0, "python docs/draw_reference.py"


def test_properties_of_the_contract() -> None:
    told = {names(row[0])[0]: set(row[1].split(", ")) for row in rows("contract.md") if names(row[0])}
    homes = {"contract": OF_CONTRACT, "table": OF_TABLE, "column": OF_COLUMN}
    known: dict[str, set[str]] = {}
    for home, properties in homes.items():
        for name in properties:
            known.setdefault(PREFIX + name, set()).add(home)
    assert told == known


def test_keys_of_run_json(finished: Any) -> None:
    content = json.loads((finished.out / "_runs" / "r1" / "run.json").read_text())
    told = [name for row in rows("outputs.md") if len(row) == 2 for name in names(row[0])]
    side = {"quarantine", "merged", "changes", "proposals"}
    assert set(told) - side == set(content)
    assert set(content["tables"]["orders"]) == set(
        next(names(row[1]) for row in rows("outputs.md") if row[0] == "`tables`")
    )


def test_columns_of_side_tables(finished: Any) -> None:
    told = {names(row[0])[0]: names(row[1]) for row in rows("outputs.md") if len(row) == 2 and names(row[0])}
    for kind in ("merged", "changes"):
        (path, *_) = sorted((finished.out / "_runs" / "r1" / kind).glob("*.parquet"))
        assert columns(path) == told[kind]
    found = columns(finished.out / "_runs" / "r1" / "quarantine" / "orders.parquet")
    assert found[-len(told["quarantine"]) :] == told["quarantine"]


def columns(path: Path) -> list[str]:
    return [row[0] for row in duckdb.sql(f"describe from '{path}'").fetchall()]


def test_classes_of_errors() -> None:
    known = {
        name for name, each in vars(state.errors).items()
        if isinstance(each, type) and issubclass(each, MillwrightError) and each is not MillwrightError
    }  # fmt: skip
    assert {name for row in rows("errors.md") for name in names(row[0])} == known
