"""The suite `draft` on made-up sheets: faults are what they say, splits lose no row, figures add up."""

import csv
from pathlib import Path

import pytest

from evals.draft import _SCORES, _damaged, checked, write_draft
from evals.draft_data import Sheet, halves, read_sheet, write_sheet
from evals.draft_faults import FAULTS, Target
from tools.verification import reasons_not_met

KINDS = ("open", "paid", "sent")


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    rows = [
        (str(n), f"AB-{n % 97:04}", f"2024-0{1 + n % 9}-1{n % 10}", KINDS[n % 3], f"{(n * 37 % 900) + 50}.{n % 10}5")
        for n in range(300)
    ]
    return Sheet(name="orders.csv", header=("order_id", "part", "placed_on", "status", "amount"), rows=tuple(rows))


@pytest.mark.parametrize("seed", [1, None])
def test_halves_hold_every_row_once(sheet: Sheet, seed: int | None) -> None:
    first, second = halves(sheet, seed=seed)
    assert len(first.rows) == len(second.rows) == 150
    assert sorted([*first.rows, *second.rows]) == sorted(sheet.rows)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_changes_the_file_and_nothing_in_the_sheet(sheet: Sheet, fault: str, tmp_path: Path) -> None:
    before = sheet.model_dump_json()
    text = FAULTS[fault](Target(sheet, 1))
    assert text is not None
    assert text != write_sheet(sheet, tmp_path).read_text()
    assert text == FAULTS[fault](Target(sheet, 1))
    assert sheet.model_dump_json() == before


def test_a_sheet_is_written_as_it_is_read(sheet: Sheet, tmp_path: Path) -> None:
    path = write_sheet(sheet, tmp_path)
    assert read_sheet(path) == sheet
    assert len(list(csv.reader(path.read_text().splitlines()))) == 301


def test_faults_are_caught_by_a_draft_that_the_other_half_meets(sheet: Sheet, tmp_path: Path) -> None:
    first, second = halves(sheet, seed=1)
    contract = write_draft([str(write_sheet(first, tmp_path / "first"))], tmp_path / "c.yaml")
    before = checked(contract, [str(write_sheet(second, tmp_path / "second"))])
    assert reasons_not_met(before) == ()
    caught = {}
    for kind in (
        "shifted_columns",
        "unit_changed",
        "misspelt_category",
        "unreadable_dates",
        "broken_codes",
        "repeated_rows",
    ):
        text = FAULTS[kind](Target(second, 1))
        assert text is not None
        caught[kind] = _damaged("orders", kind, contract, before, second.name, text, tmp_path)["caught"]
    assert caught == dict.fromkeys(caught, True)


def test_an_undamaged_file_is_not_caught(sheet: Sheet, tmp_path: Path) -> None:
    contract = write_draft([str(write_sheet(sheet, tmp_path / "first"))], tmp_path / "c.yaml")
    path = write_sheet(sheet, tmp_path / "second")
    before = checked(contract, [str(path)])
    answer = _damaged("orders", "none", contract, before, sheet.name, path.read_text(), tmp_path)
    assert (answer["caught"], answer["told"]) == (False, False)


def test_figures() -> None:
    answers = [
        {"table": "t", "fault": "none", "caught": False, "told": False, "by": []},
        {"table": "t", "fault": "outliers", "caught": True, "told": True, "by": ["t.a.maximum"]},
        {"table": "t", "fault": "outliers", "caught": False, "told": True, "by": []},
    ]
    scores, details = _SCORES["faults"](answers)
    assert {score.name: (score.value, score.n) for score in scores} == {
        "all faults caught": (0.5, 2),
        "all faults caught or warned of": (1.0, 2),
        "tables without fault that do not pass": (0.0, 1),
        "caught: outliers": (0.5, 2),
    }
    assert details == {"not caught": ["outliers in t (1 of 3)"]}
