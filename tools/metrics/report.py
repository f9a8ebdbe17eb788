"""The production report of a database, and what it tells beside measurements: queues, open alerts, channels."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import func, select

from algorithms.metrics.reporting import Beside, report_of
from state.alerts import Alert
from state.jobs import JobState
from state.production import OpenAlert, ProductionReport, ReportedFault
from tools.agents.faults import faults, recoveries
from tools.agents.registry import agents
from tools.alerts.book import open_alerts
from tools.alerts.outbox import channel_faults
from tools.database.database import Database
from tools.metrics.store import gather
from tools.queue.tables import JOBS

DAY = timedelta(hours=24)


def production_report(database: Database, now: datetime, since: timedelta = DAY) -> ProductionReport:
    """Return how the operation did in the time before `now` (aware)."""
    until = now.timestamp()
    begun = until - since.total_seconds()
    beside = Beside(
        queues=_queues(database),
        registry=Counter(agent.status.value for agent in agents(database)),
        faults=_faults(database, now - since),
        alerts=tuple(_shown(alert) for alert in open_alerts(database)),
        channel_faults=channel_faults(database),
    )
    return report_of(gather(database, begun, until), gather(database, until - 3600, until), begun, until, beside)


def _queues(database: Database) -> dict[str, int]:
    """Return how many runs are in the queue, by how they stand there; `waiting` is told though it be none."""
    counted = select(JOBS.c.state, func.count()).group_by(JOBS.c.state)
    rows = database.look(lambda connection: connection.execute(counted).all())
    states = {state: int(count) for state, count in rows}
    shown = {"waiting": JobState.QUEUED, "worked_on": JobState.LEASED, "set_aside": JobState.ASIDE}
    return {name: states.get(state.value, 0) for name, state in shown.items()}


def _faults(database: Database, since: datetime) -> tuple[ReportedFault, ...]:
    """Return the faults that were there since a time, each with what was done about it."""
    found = faults(database, since=since)
    done = recoveries(database, since=min(each.detected_at for each in found)) if found else ()
    actions = {each.fault_id: [one.action for one in reversed(done) if one.fault_id == each.fault_id] for each in found}
    return tuple(ReportedFault(fault=each, actions=tuple(actions[each.fault_id])) for each in found)


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
