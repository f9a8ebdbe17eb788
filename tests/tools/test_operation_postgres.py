"""Metrics and alerts on PostgreSQL do as on SQLite."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from evals.metrics.compared import differences, reported
from evals.metrics.meter import meter
from state.alerts import AlertSettings, AlertState
from state.operation import OperationSettings
from tools.alerts.book import acknowledge, forget, history, open_alerts, silence, silences
from tools.alerts.channels import Channels
from tools.alerts.duties import EvaluateAlerts
from tools.alerts.outbox import deliver
from tools.database.open import open_database
from tools.metrics.exposition import exposition
from tools.metrics.ingest import ingest
from tools.metrics.left import read_left
from tools.metrics.report import production_report
from tools.metrics.store import fold

SETTINGS = OperationSettings()


def test_metrics_and_alerts_on_postgresql(finished: Any, tmp_path: Path, postgres_url: str) -> None:
    folder = Path(finished.out) / "_runs" / "r1"
    left = read_left(folder, "r1", "published", now=0.0)
    now = datetime.fromtimestamp(left.ended, UTC) + timedelta(minutes=1)
    with open_database(tmp_path, postgres_url) as database:
        ingest(database, left, SETTINGS)
        ingest(database, left, SETTINGS)
        assert differences(reported(production_report(database, now)), meter([folder])) == []
        fold(database, hours_before=left.ended + 7200, lasting_before=0.0)
        ingest(database, left, SETTINGS)
        assert differences(reported(production_report(database, now)), meter([folder])) == []
        assert b'millwright_runs_total{status="published"} 1.0' in exposition(database, now)

        ingest(database, replace(left, run_id="r2", status="failed", fault="DiskFull"), SETTINGS)
        channels, sent = Channels({}), list[str]()
        told = AlertSettings()
        duty = EvaluateAlerts(database, SETTINGS, channels)
        threads = [threading.Thread(target=duty.perform, args=(now,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (alert,) = [each for each in open_alerts(database) if each.rule == "critical-errors"]
        assert alert.state is AlertState.FIRING
        held = acknowledge(database, alert.alert_id, by="ann", note="", now=now)
        assert held.state is AlertState.ACKNOWLEDGED
        silence(database, "latency", ends=now + timedelta(hours=1), by="ann", note="", now=now)
        assert len(silences(database, now)) == 1
        moves = [each for each in history(database, now - timedelta(days=1)) if each.rule == "critical-errors"]
        assert len(moves) == 3
        deliver(database, lambda channel, *_: sent.append(channel) or "", told, now)
        assert forget(database, (now + timedelta(days=40)).timestamp()) > 0
