"""Sessions and their figures: taken however a session ends, once for each run, and never in the way of the run."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graphs.session import resume, run
from state.budget import BudgetLimits
from state.errors import SetupError
from state.operation import OperationSettings
from state.production import ProductionReport
from state.run import Approve, RunContext, RunStatus
from tools.database.open import open_database
from tools.metrics.report import production_report

SETTINGS = OperationSettings(sample_seconds=0.05)


def told(home: Path) -> ProductionReport:
    with open_database(home) as database:
        return production_report(database, datetime.now(UTC), timedelta(days=1))


def test_a_run_that_waits_and_goes_on_is_counted_once(job: Any) -> None:
    context = RunContext(home=str(job.home), budget=BudgetLimits(steps=8))
    output = run(
        job.contract,
        [str(job.sources)],
        job.out,
        run_id="r1",
        approve=Approve.PLAN,
        context=context,
        operation=SETTINGS,
    )
    assert output["status"] is RunStatus.WAITING
    assert told(job.home).overview.by_status == {}
    output = resume(job.home, "r1", answer={"reply": "accept"}, by="ann", operation=SETTINGS)
    assert output["status"] is RunStatus.BUDGET_SPENT
    assert told(job.home).overview.by_status == {"budget_spent": 1}
    output = resume(job.home, "r1", operation=SETTINGS)
    report = told(job.home)
    events = [json.loads(line) for line in (job.out / "_runs" / "r1" / "events.jsonl").read_text().splitlines()]
    assert report.overview.by_status == {output["status"].value: 1}
    assert sum(report.performance.attempts.values()) == sum(event["event"] == "step" for event in events)
    assert report.resources.memory_bytes.n >= 3  # of three sessions
    assert report.resources.memory_bytes.p50 is not None
    assert report.resources.memory_bytes.p50 > 2**24


def test_a_database_that_fails_costs_a_warning(job: Any) -> None:
    with open_database(job.home) as database, database.writing() as connection:
        connection.exec_driver_sql("drop table measurements")
    context = RunContext(home=str(job.home))
    output = run(job.contract, [str(job.sources)], job.out, run_id="r1", context=context, operation=SETTINGS)
    assert output["status"] is RunStatus.PUBLISHED
    lines = (job.out / "_runs" / "r1" / "events.jsonl").read_text().splitlines()
    warnings = [event["detail"] for event in map(json.loads, lines) if event["event"] == "warning"]
    assert any("metrics: the figures of this session are not taken" in warning for warning in warnings)


def test_an_error_that_ends_the_session_is_counted(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stop(*_: object) -> None:
        raise SetupError("planted")

    monkeypatch.setattr("graphs.session._drive", stop)
    with pytest.raises(SetupError, match="planted"):
        run(
            job.contract,
            [str(job.sources)],
            job.out,
            run_id="r1",
            context=RunContext(home=str(job.home)),
            operation=SETTINGS,
        )
    report = told(job.home)
    assert report.overview.by_status == {"failed": 1}
    assert [each.name for each in report.errors.most_common] == ["SetupError"]


def test_switched_off_nothing_is_imported_and_nothing_written(job: Any, tmp_path: Path) -> None:
    script = (
        "import sys; from graphs.session import run; from state.run import RunContext;"
        "from state.operation import OperationSettings;"
        f"run({str(job.contract)!r}, [{str(job.sources)!r}], {str(job.out)!r}, "
        f"context=RunContext(home={str(job.home)!r}), "
        "operation=OperationSettings(metrics=False));"
        "print(sorted({'tools.metrics.store', 'tools.metrics.sampling', 'apprise'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert told(job.home).overview.runs == 0


def test_outcomes_that_cannot_be_kept_are_told(small_job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphs.session.record_run", lambda *_: "the database is away")
    heard: list[Any] = []
    context = RunContext(home=str(small_job.home))
    output = run(
        small_job.contract, [str(small_job.sources)], small_job.out, run_id="r1", context=context, listener=heard.append
    )
    assert output["status"] is RunStatus.PUBLISHED
    lines = (small_job.out / "_runs" / "r1" / "events.jsonl").read_text().splitlines()
    for told_of in (heard, [json.loads(line) for line in lines]):
        warnings = [each["detail"] for each in told_of if each["event"] == "warning"]
        assert [each for each in warnings if "the database is away" in each]
