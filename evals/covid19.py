"""Suite `covid19`: the daily reports of JHU CSSE through the whole crew, against the series JHU published later.

Answer: the published table `daily_reports`. Score: share of country-days on which the sum of confirmed cases equals
the official series, over all country-days and over those with cases; the days are those that there are reports of,
whatever was published of them. A resolved spelling is judged by the data as
well: wrong when the official series of that country fits better without its rows than with them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from algorithms.intervals import wilson
from evals.protocol import About, Score, Task, TaskResult
from graphs.session import run
from state.errors import SetupError, StepError
from state.run import RunContext, RunStatus
from tools.sql.quote import literal

_CONTRACT = Path(__file__).resolve().parent.parent / "examples" / "covid19" / "contract.odcs.yaml"
_DATA = Path("..") / "shared" / "data" / "covid19"
_RUN_ID = "covid19"

_DAYS = """
create table truth as
    select country, day, sum(confirmed) as confirmed
    from (unpivot (select * exclude ("Province/State", "Country/Region", "Lat", "Long"), "Country/Region" as country
                   from read_csv({truth}, header = true, all_varchar = true))
          on columns(* exclude country) into name day_text value confirmed_text) u,
    lateral (select strptime(u.day_text, '%-m/%-d/%y')::date as day, u.confirmed_text::bigint as confirmed) d
    where day in (select unnest({days}::date[]))
    group by all;
create table agreement as
    select t.country, t.day, t.confirmed as official, coalesce(p.confirmed, 0) as published
    from truth t left join (select country, report_date as day, sum(confirmed) as confirmed
                            from published group by all) p using (country, day);
"""

_SPELLINGS = """
with changed as (
    select before, row_id from read_parquet({changes})
    where "column" = 'country' and operator like 'resolve:%'),
rows_of as (
    select c.before, p.country, p.report_date as day, sum(p.confirmed) as part
    from changed c join keyed p on p.row_id = c.row_id group by all)
select before, country, count(*) as days,
    sum(abs(a.published - a.official)) as error_with,
    sum(abs(a.published - coalesce(r.part, 0) - a.official)) as error_without
from rows_of r join agreement a using (country, day) group by all order by before, country
"""


class Covid19:
    """The suite."""

    name = "covid19"
    description = "70 daily reports against the official series of confirmed cases"
    about = About(
        tasks="one: all daily reports",
        data="70 daily reports and the series published later",
        scorers="share of country-days that agree (Wilson), spellings right and wrong",
        time="10 s",
    )

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return the one task; `data` is the folder of daily reports, the truth lies in `<data>_truth`."""
        folder = (data or _DATA).absolute()
        truth = folder.parent / f"{folder.name}_truth" / "confirmed_global.csv"
        for needed in (folder, truth):
            if not needed.exists():
                raise SetupError("the suite's data is missing", where=str(needed), hint="give its folder with --data")
        inputs = {"reports": str(folder), "truth": str(truth), "contract": str((contract or _CONTRACT).absolute())}
        return (Task(task_id="daily_reports", inputs=inputs),)

    def solve(self, task: Task, out: Path) -> None:
        """Run the supervisor; StepError when it does not publish."""
        home = out / ".millwright"
        number = len(list((home / "runs").glob("*"))) + 1
        output = run(
            task.inputs["contract"],
            [task.inputs["reports"]],
            out,
            run_id=f"{_RUN_ID}-{number}",
            context=RunContext(home=str(home)),
        )
        if output["status"] is not RunStatus.PUBLISHED:
            raise StepError(f"the run ended {output['status'].value}: {output.get('problem', '')}", where=str(out))

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the agreement with the official series, and the spellings resolved, wrong and unresolved."""
        number = len(list((out / ".millwright" / "runs").glob("*")))
        side = out / "_runs" / f"{_RUN_ID}-{number}"
        with duckdb.connect() as connection:
            _load(
                connection,
                out / "daily_reports.parquet",
                Path(task.inputs["truth"]),
                _days(Path(task.inputs["reports"])),
            )
            scores = (
                _agreement(connection, "country-days equal", "true"),
                _agreement(connection, "country-days with cases equal", "official > 0"),
            )
            return scores, _spellings(connection, side)

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the scores of the one task."""
        return tuple(score for result in results for score in result.scores)


def agreement(published: Path, truth: Path, reports: Path) -> tuple[int, int]:
    """Return on how many country-days with cases the published table equals the series, and how many there are."""
    with duckdb.connect() as connection:
        _load(connection, published, truth, _days(reports))
        score = _agreement(connection, "", "official > 0")
    return round(score.value * score.n), score.n


def _days(reports: Path) -> list[str]:
    """Return the days of the reports, named MM-DD-YYYY.csv, as ISO dates."""
    names = (path.stem.split("-") for path in reports.glob("??-??-????.csv"))
    return sorted(f"{year}-{month}-{day}" for month, day, year in names)


def _load(connection: duckdb.DuckDBPyConnection, published: Path, truth: Path, days: Sequence[str]) -> None:
    connection.execute(f"create view published as from read_parquet({literal(str(published))})")
    listed = f"[{', '.join(literal(day) for day in days)}]"
    connection.execute(_DAYS.format(truth=literal(str(truth)), days=listed))
    connection.execute(
        "create view keyed as select *, 'report_date=' || report_date::varchar || ', place=' || place as row_id "
        "from published"
    )


def _agreement(connection: duckdb.DuckDBPyConnection, name: str, condition: str) -> Score:
    row = connection.execute(
        f"select count(*) filter (official = published), count(*) from agreement where {condition}"
    ).fetchone()
    equal, total = (int(row[0]), int(row[1])) if row else (0, 0)
    low, high = wilson(equal, total)
    value = equal / total if total else 0.0
    return Score(name=name, value=value, low=low, high=high, n=total, interval="Wilson 95 %")


def _spellings(connection: duckdb.DuckDBPyConnection, side: Path) -> dict[str, Any]:
    changes = literal(str(side / "changes" / "daily_reports.parquet"))
    verdicts: dict[str, list[str]] = {"resolved": [], "wrong": [], "unresolved": []}
    for before, country, days, with_rows, without in connection.execute(_SPELLINGS.format(changes=changes)).fetchall():
        fits = f"{before!r} -> {country!r} ({days} days, error {with_rows} with its rows, {without} without)"
        verdicts["wrong" if with_rows > without else "resolved"].append(fits)
    left = connection.execute(
        f"select country, count(*) from read_parquet({literal(str(side / 'quarantine' / 'daily_reports.parquet'))}) "
        "where _rule like '%country%' group by all order by 1"
    ).fetchall()
    verdicts["unresolved"] = [f"{country!r} ({rows} rows)" for country, rows in left]
    return verdicts
