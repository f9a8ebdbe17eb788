"""`millwright status`, `metrics` and `alerts` as a person calls them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from state.metrics import Count, Measurement
from state.operation import OperationSettings
from tools.alerts.channels import Channels
from tools.alerts.duties import EvaluateAlerts
from tools.database.open import open_database
from tools.metrics.store import take


@pytest.fixture
def failed(job: Any) -> Path:
    """A home folder whose last runs failed, with the alert that follows."""
    with open_database(job.home) as database:
        now = datetime.now(UTC)
        for number in range(4):
            at = now.timestamp() - number
            told = (
                Measurement("run", at, Count.RUNS, "failed", 1),
                Measurement("critical", at, Count.CRITICAL, "DiskFull", 1),
            )
            take(database, f"r{number}", told, status="failed", ended=at, oldest=0.0, batch=10)
        EvaluateAlerts(database, OperationSettings(), Channels({})).perform(now)
    return Path(job.home)


def test_a_run_is_told_by_status_and_metrics(cli: Any, job: Any) -> None:
    code, out, _ = cli("run", job.contract, job.sources, "--out", job.out, "--run-id", "r1")
    assert code == 0
    code, out, _ = cli("status")
    assert code == 0
    assert "runs: 1 (1 published)" in out
    assert "health: healthy" in out
    code, out, _ = cli("status", "--json", "--since", "1h")
    assert code == 0
    content = json.loads((job.out / "_runs" / "r1" / "run.json").read_text())
    report = json.loads(out)
    assert report["quality"]["cells_changed"] == sum(table["cells_changed"] for table in content["tables"].values())
    code, out, _ = cli("metrics")
    assert 'millwright_runs_total{status="published"} 1.0' in out


def test_a_critical_operation_is_told_by_the_exit_code(cli: Any, failed: Path) -> None:
    code, out, _ = cli("status")
    assert code == 1
    assert "health: critical" in out
    assert "critical_errors is 4" in out
    assert "critical-errors-" in out


def test_alerts_are_listed_acknowledged_and_silenced(cli: Any, failed: Path) -> None:
    code, out, _ = cli("alerts", "--json")
    listed = json.loads(out)["alerts"]
    assert {alert["rule"] for alert in listed} == {"health", "critical-errors"}
    name = listed[0]["alert_id"]
    code, out, _ = cli("alerts", "--ack", name, "--by", "ann", "--note", "on it")
    assert (code, out) == (0, f"acknowledged {name} by ann\n")
    code, _, err = cli("alerts", "--ack", name, "--by", "ann")
    assert code == 2
    assert "cannot be acknowledged" in err
    code, out, _ = cli("alerts", "--silence", "latency", "--for", "2h", "--by", "ann")
    assert code == 0
    code, out, _ = cli("alerts")
    assert "acknowledged" in out
    assert "silent   latency until" in out
    code, out, _ = cli("alerts", "--history")
    assert "by ann (on it)" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("status", "--since", "soon"), "--since: 'soon' is no length of time"),
        (("alerts", "--silence", "latancy"), "did you mean 'latency'?"),
        (("alerts", "--ack", "none", "--by", "x"), "there is no open alert 'none'"),
        (("alerts", "--test"), "there is no channel to test"),
        (("alerts", "--end-silence", "x"), "there is no silence 'x'"),
    ],
)
def test_wrong_use_is_told_in_one_line(cli: Any, arguments: tuple[str, ...], told: str) -> None:
    code, _, err = cli(*arguments)
    assert code == 2
    assert told in err
    assert len(err.splitlines()) == 1


def test_channels_are_tested_and_their_addresses_not_shown(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLWRIGHT_CHANNELS", '{"team": "json://user:hidden@127.0.0.1:1/?cto=1&rto=1"}')
    code, out, err = cli("alerts", "--test")
    assert code == 1
    assert out == "team: it did not take the message\n"
    assert "hidden" not in out + err


def test_the_figures_of_rules_are_listed(cli: Any) -> None:
    code, out, _ = cli("alerts", "--figures")
    assert code == 0
    assert "quarantine_share" in out
