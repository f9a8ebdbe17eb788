"""The 70 real daily reports through the whole crew, and reports as they looked later."""

import csv
from pathlib import Path
from typing import Any

import pytest

from evals.covid19 import Covid19
from state.run import RunStatus

LATER = {"Incidence_Rate": "12.5", "Case-Fatality_Ratio": "2.75"}
"""Two columns that the reports got in May 2020."""


@pytest.mark.shared_data
def test_the_reports_are_published_and_agree_with_the_official_series(tmp_path: Path, shared_data: Path) -> None:
    suite = Covid19()
    (task,) = suite.tasks(shared_data / "covid19", None)
    suite.solve(task, tmp_path)
    scores, _ = suite.score(task, tmp_path)
    assert {score.name: score.n for score in scores} == {
        "country-days equal": 13_160,
        "country-days with cases equal": 5_237,
    }
    assert scores[0].value >= 0.964
    assert scores[1].value >= 0.92


@pytest.mark.shared_data
def test_every_line_is_booked_and_three_column_lists_are_mapped(play: Any, examples: Path, shared_data: Path) -> None:
    played = play(examples / "covid19" / "contract.odcs.yaml", shared_data / "covid19")
    assert played.status == RunStatus.PUBLISHED.value, played.problem
    played.assert_balanced()
    told = played.told
    assert (told["sources"]["files"], told["sources"]["lines"], told["sources"]["records"]) == (70, 40_940, 40_870)
    assert told["sources"]["rejects"] == 0
    assert sorted(len(variant["columns"]) for variant in told["sources"]["variants"].values()) == [6, 8, 12]
    assert sum(variant["header_forms"] for variant in told["sources"]["variants"].values()) == 9
    assert played.check("daily_reports.drift")["result"] == "passed"
    assert told["tables"]["daily_reports"]["rows_read"] == 40_870
    places = [place for found in played.places("daily_reports").values() for place in found]
    assert len(places) == len(set(places)) == 40_870


@pytest.mark.shared_data
def test_columns_of_later_reports_are_a_warning(play: Any, examples: Path, shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "later").mkdir()
    last = max((shared_data / "covid19").glob("*.csv"), key=lambda path: path.name)
    with last.open(encoding="utf-8-sig", newline="") as handle:
        header, *records = list(csv.reader(handle))
    for name, more in (("03-30-2020.csv", {}), ("04-01-2020.csv", LATER)):
        with (tmp_path / "later" / name).open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerows([[*header, *more], *([*record, *more.values()] for record in records)])
    played = play(examples / "covid19" / "contract.odcs.yaml", tmp_path / "later")
    assert played.status == RunStatus.PUBLISHED.value, played.problem
    played.assert_balanced()
    drift = played.check("daily_reports.drift")
    assert drift["result"] == "warning"
    assert drift["count"] == 2
    assert all(name in drift["detail"] for name in LATER)
    assert played.rows("daily_reports", "report_date, count(*)" + " over ()")[0][1] > 2 * len(records) * 0.95
