"""Measurements in the database: taken once, gathered, folded, told as report and exposition, true to the files."""

import json
import re
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from algorithms.metrics import measuring
from evals.metrics.compared import differences, reported
from evals.metrics.meter import meter
from state.metrics import RunLeft
from state.operation import OperationSettings
from state.production import HealthStatus
from tools.database.database import Database
from tools.database.open import open_database
from tools.metrics.duties import Prune
from tools.metrics.exposition import PATH, exported_names, exposition
from tools.metrics.ingest import ingest
from tools.metrics.left import read_left
from tools.metrics.report import production_report
from tools.metrics.serving import metrics_server
from tools.metrics.store import fold, gather_ever

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = OperationSettings()
DAY = timedelta(days=1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


@pytest.fixture
def folder(finished: Any) -> Path:
    return Path(finished.out) / "_runs" / "r1"


@pytest.fixture
def left(folder: Path) -> RunLeft:
    return read_left(folder, "r1", "published", now=0.0)


def after(left: RunLeft, more: timedelta = timedelta(minutes=1)) -> datetime:
    return datetime.fromtimestamp(left.ended, UTC) + more


def test_counts_and_percentiles_are_those_of_an_outside_meter(database: Database, left: RunLeft, folder: Path) -> None:
    ingest(database, left, SETTINGS)
    ingest(database, left, SETTINGS)  # told again, it is taken once
    metered = meter([folder])
    assert len(metered) > 60
    assert differences(reported(production_report(database, after(left))), metered) == []
    fold(database, hours_before=left.ended + 7200, lasting_before=0.0)
    assert differences(reported(production_report(database, after(left))), metered) == []


@pytest.mark.parametrize(
    "bug",
    [
        lambda left: replace(left, events=left.events[:-12]),
        lambda left: replace(left, messages=left.messages[1:]),
        lambda left: replace(left, content={**left.content, "decisions": left.content["decisions"][1:]}),
    ],
)
def test_the_meter_finds_what_was_not_taken(database: Database, left: RunLeft, folder: Path, bug: Any) -> None:
    ingest(database, bug(left), SETTINGS)
    assert differences(reported(production_report(database, after(left))), meter([folder])) != []


def test_what_is_folded_is_not_taken_again_and_counters_never_shrink(database: Database, left: RunLeft) -> None:
    ingest(database, left, SETTINGS)
    totals = {key: (found.n, found.total) for key, found in gather_ever(database).items()}
    fold(database, hours_before=left.ended + 7200, lasting_before=0.0)
    ingest(database, left, SETTINGS)
    folded = {key: (found.n, found.total) for key, found in gather_ever(database).items()}
    fold(database, hours_before=left.ended + 7200, lasting_before=left.ended + 7200)
    lasting = {key: (found.n, found.total) for key, found in gather_ever(database).items()}
    assert production_report(database, after(left)).overview.runs == 0  # too old to be told by the hour
    for key, (n, total) in totals.items():
        for found in (folded, lasting):
            assert found[key][0] == n
            assert found[key][1] == pytest.approx(total)


def test_prune_keeps_what_the_settings_say(database: Database, left: RunLeft) -> None:
    ingest(database, left, SETTINGS)
    prune = Prune(database, SETTINGS)
    prune.perform(after(left))
    assert production_report(database, after(left), timedelta(seconds=90)).overview.runs == 1
    prune.perform(after(left, timedelta(hours=50)))
    assert production_report(database, after(left, timedelta(hours=50)), 3 * DAY).overview.runs == 1
    prune.perform(after(left, timedelta(days=31)))
    assert production_report(database, after(left, timedelta(days=31)), 40 * DAY).overview.runs == 0
    assert gather_ever(database)["runs", "published"].total == 1


def test_a_run_that_failed_counts_its_error_and_makes_the_operation_degraded(database: Database, left: RunLeft) -> None:
    for number in range(3):
        ingest(database, replace(left, run_id=f"good-{number}"), SETTINGS)
    ingest(database, replace(left, run_id="bad", status="failed", fault="DiskFull", content=None), SETTINGS)
    report = production_report(database, after(left))
    assert report.overview.by_status == {"failed": 1, "published": 3}
    assert report.errors.critical_last_hour == 1
    assert [(each.name, each.count) for each in report.errors.most_common] == [("DiskFull", 1)]
    assert report.health.status is HealthStatus.DEGRADED
    advised = {each.figure: each for each in report.recommendations}
    assert advised["critical_errors"].value == 1
    assert production_report(database, after(left, timedelta(hours=2)), DAY).errors.critical_last_hour == 0


def test_the_health_score_is_its_formula(database: Database, left: RunLeft) -> None:
    ingest(database, left, SETTINGS)
    health = production_report(database, after(left)).health
    assert len(health.parts) >= 5
    weights = sum(part.weight for part in health.parts)
    assert health.score == pytest.approx(sum(part.weight * part.score for part in health.parts) / weights)


def test_nothing_measured_is_told_as_nothing(database: Database) -> None:
    report = production_report(database, datetime.now(UTC))
    assert report.health.status is HealthStatus.HEALTHY
    assert report.performance.run_seconds.p50 is None
    assert report.coordination.delivered_share is None
    assert report.recommendations == ()


def test_half_a_line_after_a_kill_is_passed_over(tmp_path: Path, folder: Path) -> None:
    torn = shutil.copytree(folder, tmp_path / "torn")
    with (torn / "events.jsonl").open("a") as stream:
        stream.write('{"at": "2026-01-01T00:00:00+00:00", "ev\n[]\n')
    (torn / "run.json").write_text("{")
    left = read_left(torn, "r1", "failed", now=5.0)
    assert left.content is None
    assert len(left.events) == len((folder / "events.jsonl").read_text().splitlines())
    assert measuring.measure(left)
    assert read_left(tmp_path / "none", "r1", "failed", now=5.0).ended == 5.0


def test_exposition_tells_what_was_counted(database: Database, left: RunLeft) -> None:
    ingest(database, left, SETTINGS)
    text = exposition(database, after(left)).decode()
    read = left.content["tables"]["orders"]["rows_read"] + left.content["tables"]["customers"]["rows_read"]  # type: ignore[index]
    assert f'millwright_rows_total{{fate="read"}} {float(read)}' in text
    assert 'millwright_runs_total{status="published"} 1.0' in text
    buckets = re.findall(r'millwright_run_seconds_bucket\{le="([^"]+)",status="published"\} ([\d.]+)', text)
    counts = [float(count) for _, count in buckets]
    assert counts == sorted(counts)
    assert buckets[-1] == ("+Inf", "1.0")
    names = {line.partition("{")[0].partition(" ")[0] for line in text.splitlines() if not line.startswith("#")}
    assert names <= exported_names()


def test_every_query_of_the_dashboard_names_an_exported_metric() -> None:
    board = json.loads((ROOT / "examples" / "grafana" / "millwright.json").read_text())
    queries = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    named = {name for query in queries for name in re.findall(r"millwright_\w+", query)}
    assert len(queries) >= 12
    assert named <= exported_names(), named - exported_names()
    assert all(re.search(r"millwright_\w+", query) for query in queries)
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_the_metrics_are_served_on_their_own_path(database: Database, left: RunLeft) -> None:
    ingest(database, left, SETTINGS)
    with metrics_server(database, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        try:
            with urllib.request.urlopen(address + PATH, timeout=60) as answer:  # noqa: S310  loopback
                assert b"millwright_runs_total" in answer.read()
                assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(address + "/other", timeout=60)  # noqa: S310
        finally:
            server.shutdown()
            thread.join()
