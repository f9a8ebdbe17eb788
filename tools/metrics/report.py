"""The production report of a database, and what it tells beside measurements: queues, open alerts, channels."""

from datetime import datetime, timedelta

from algorithms.metrics.reporting import Beside, report_of
from state.alerts import Alert
from state.production import OpenAlert, ProductionReport
from tools.alerts.book import open_alerts
from tools.alerts.outbox import channel_faults
from tools.database.database import Database
from tools.metrics.store import gather

DAY = timedelta(hours=24)


def production_report(database: Database, now: datetime, since: timedelta = DAY) -> ProductionReport:
    """Return how the operation did in the time before `now` (aware)."""
    until = now.timestamp()
    begun = until - since.total_seconds()
    beside = Beside(
        queues={},
        alerts=tuple(_shown(alert) for alert in open_alerts(database)),
        channel_faults=channel_faults(database),
    )
    return report_of(gather(database, begun, until), gather(database, until - 3600, until), begun, until, beside)


def _shown(alert: Alert) -> OpenAlert:
    return OpenAlert(
        alert_id=alert.alert_id,
        rule=alert.rule,
        state=alert.state.value,
        severity=alert.severity.value,
        since=alert.since,
        value=alert.value,
        threshold=alert.threshold,
    )
