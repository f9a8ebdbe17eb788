"""The covid19 suite on made-up reports: the arithmetic of agreement, and the verdicts on spellings."""

import textwrap
from pathlib import Path
from typing import Any

import duckdb
import pytest

from evals.covid19 import Covid19
from evals.protocol import Task
from evals.runner import Running, run_suite

TRUTH = """
Province/State,Country/Region,Lat,Long,1/31/20,2/1/20,2/2/20,2/3/20
,Aland,1,1,9,10,0,99
North,Beria,2,2,9,3,4,99
South,Beria,2,3,9,2,1,99
,Ceria,3,3,9,0,0,99
"""
PUBLISHED = """
2020-02-01,a,Aland,10
2020-02-01,n,Beria,3
2020-02-01,s,Beria,2
2020-02-02,n,Beria,4
2020-02-02,x,Beria,7
2020-02-02,y,Beria,1
2020-02-02,e,Beria,0
2020-02-02,z,Elsewhere,50
"""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Reports of two days, the truth of four, and an answer that is right on four of six country-days."""
    reports, truth, out = tmp_path / "covid19", tmp_path / "covid19_truth", tmp_path / "out"
    for folder in (reports, truth, out):
        folder.mkdir()
    for day in ("02-01-2020", "02-02-2020"):
        (reports / f"{day}.csv").write_text("Province/State,Country/Region,Confirmed\n")
    (truth / "confirmed_global.csv").write_text(TRUTH.lstrip())
    publish(out, PUBLISHED)
    side(out, [], [])
    return tmp_path


def publish(out: Path, rows: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table t (report_date date, place varchar, country varchar, confirmed integer)")
        for row in rows.strip().splitlines():
            connection.execute("insert into t values (?, ?, ?, ?)", row.split(","))
        connection.execute(f"copy t to '{out}/daily_reports.parquet' (format parquet)")


def side(out: Path, changes: list[tuple[str, str, str, str]], quarantine: list[tuple[str, str]]) -> None:
    (out / ".millwright" / "runs" / "covid19-1").mkdir(parents=True, exist_ok=True)
    folder = out / "_runs" / "covid19-1"
    for name in ("changes", "quarantine"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(
            'create table c (row_id varchar, "column" varchar, before varchar, after varchar, operator varchar)'
        )
        for change in changes:
            connection.execute("insert into c values (?, ?, ?, 'as published', ?)", change)
        connection.execute("create table q (country varchar, _rule varchar)")
        for entry in quarantine:
            connection.execute("insert into q values (?, ?)", entry)
        connection.execute(f"copy c to '{folder}/changes/daily_reports.parquet' (format parquet)")
        connection.execute(f"copy q to '{folder}/quarantine/daily_reports.parquet' (format parquet)")


def score(made: Path) -> tuple[dict[str, tuple[float, int]], dict[str, Any]]:
    suite = Covid19()
    (task,) = suite.tasks(made / "covid19", None)
    scores, details = suite.score(task, made / "out")
    assert all(score.low <= score.value <= score.high for score in scores)
    return {score.name: (score.value, score.n) for score in scores}, details


def test_agreement_is_counted_over_country_days_of_the_reports(made: Path) -> None:
    figures, _ = score(made)
    # Aland 1 Feb right, 2 Feb missing but 0; Beria 1 Feb right, 2 Feb 12 instead of 5; Ceria 0 on both days.
    assert figures == {"country-days equal": (5 / 6, 6), "country-days with cases equal": (2 / 3, 3)}


def test_days_that_were_not_published_count_as_wrong(made: Path) -> None:
    publish(made / "out", "2020-02-01,a,Aland,10")
    figures, _ = score(made)
    assert figures == {"country-days equal": (4 / 6, 6), "country-days with cases equal": (1 / 3, 3)}


def test_nothing_published_is_scored_not_a_crash(made: Path) -> None:
    publish(made / "out", "")
    assert score(made)[0]["country-days with cases equal"] == (0.0, 3)
    (made / "covid19_truth" / "confirmed_global.csv").write_text(TRUTH.lstrip().splitlines()[0] + "\n,A,0,0,1,0,0,1\n")
    assert score(made)[0]["country-days with cases equal"] == (0.0, 0)


def test_a_spelling_is_right_when_the_series_fits_better_with_its_rows(made: Path) -> None:
    def change(day: int, place: str, before: str, operator: str = "resolve:edit", column: str = "country") -> Any:
        return (f"report_date=2020-02-0{day}, place={place}", column, before, operator)

    side(
        made / "out",
        [
            change(1, "a", "Åland"),  # 10 with it, as official; 0 without
            change(2, "x", "Siberia"),  # 12 with it, 5 without, as official
            change(2, "e", "Nothing"),  # no cases: it makes no difference
            change(2, "n", " Beria", "trim"),
            change(2, "y", "south", column="place"),
        ],
        [
            ("Atlantis", "daily_reports.country.validValues"),
            ("Atlantis", "a; b.country.c"),
            ("Mu", "confirmed.minimum"),
        ],
    )
    _, details = score(made)
    assert details == {
        "resolved": [
            "'Nothing' -> 'Beria' (1 days, error 7 with its rows, 7 without)",
            "'Åland' -> 'Aland' (1 days, error 0 with its rows, 10 without)",
        ],
        "wrong": ["'Siberia' -> 'Beria' (1 days, error 7 with its rows, 0 without)"],
        "unresolved": ["'Atlantis' (2 rows)"],
    }


def test_the_truth_is_not_read_before_the_answer_is_written(made: Path) -> None:
    (made / "covid19_truth" / "confirmed_global.csv").write_bytes(b"\xff not to be read")
    suite = Covid19()
    (task,) = suite.tasks(made / "covid19", None)
    assert "truth" in task.inputs
    assert "\xff" not in str(task)


SMALL = """
apiVersion: v3.1.0
kind: DataContract
id: reports
name: reports
version: 1.0.0
status: active
schema:
  - name: daily_reports
    customProperties:
      - {property: millwright.sources, value: ["*-2020.csv"]}
    properties:
      - {name: report_date, logicalType: date, primaryKey: true, primaryKeyPosition: 1, required: true,
         transformLogic: "strptime(regexp_extract(_file, '[0-9]{2}-[0-9]{2}-[0-9]{4}'), '%m-%d-%Y')::date"}
      - {name: place, logicalType: string, primaryKey: true, primaryKeyPosition: 2, required: true,
         transformLogic: "concat_ws('/', country, province)"}
      - name: country
        businessName: Country/Region
        logicalType: string
        required: true
        quality:
          - {metric: invalidValues, arguments: {validValues: [Aland, Beria, Ceria]}, mustBe: 0}
      - {name: province, businessName: Province/State, logicalType: string}
      - {name: confirmed, logicalType: integer}
"""


def test_the_whole_suite_on_a_small_job(made: Path) -> None:
    contract = made / "contract.yaml"
    contract.write_text(textwrap.dedent(SMALL).lstrip())
    header = "Province/State,Country/Region,Confirmed\n"
    (made / "covid19" / "02-01-2020.csv").write_text(header + ",Aland,10\nNorth,Beria,3\nSouth,Beria,2\n")
    (made / "covid19" / "02-02-2020.csv").write_text(header + ",Aland,1\nNorth,Beria,4\nSouth,BERIA,1\n")
    out = made / "fresh"

    for fresh in (False, True):  # again into the same folder: another run of the crew
        result = run_suite(Covid19(), data=made / "covid19", contract=contract, out=out, running=Running(fresh=fresh))

    (task,) = result.results
    assert task.solved, task.error
    assert [(score.value, score.n) for score in result.scores] == [(5 / 6, 6), (3 / 3, 3)]
    assert [len(task.details[name]) for name in ("resolved", "wrong", "unresolved")] == [1, 0, 0]
    assert len(list((out / "daily_reports" / ".millwright" / "runs").iterdir())) == 2


def test_a_run_that_does_not_publish_is_a_task_that_failed(made: Path) -> None:
    contract = made / "contract.yaml"
    contract.write_text(textwrap.dedent(SMALL).lstrip())
    result = run_suite(Covid19(), data=made / "covid19", contract=contract, out=made / "fresh")
    (task,) = result.results
    assert not task.solved
    assert "not_met" in task.error
    assert task.scores == ()
    assert Task(task_id="daily_reports", inputs={}).task_id == task.task_id
