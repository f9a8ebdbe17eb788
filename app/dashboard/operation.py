"""What the operation database says, for pages; where it cannot be reached the pages say so instead of failing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from app.dashboard.run_views import home
from state.alerts import Alert, Transition
from state.errors import SetupError
from state.operation_agents import AgentFault, RegisteredAgent
from state.production import ProductionReport
from tools.agents.faults import faults
from tools.agents.registry import agents, drain, retire
from tools.alerts.book import acknowledge, history, open_alerts, silence
from tools.database.database import Database
from tools.database.shared import database_of
from tools.metrics.exposition import exposition
from tools.metrics.report import production_report

Result = TypeVar("Result")

_HISTORY = timedelta(days=7)
_SILENCE = timedelta(hours=2)
_MOST = 50


class Told(NamedTuple):
    """What is shown, or why it cannot be."""

    alerts: tuple[Alert, ...] = ()
    moves: tuple[Transition, ...] = ()
    agents: tuple[RegisteredAgent, ...] = ()
    faults: tuple[AgentFault, ...] = ()
    report: ProductionReport | None = None
    problem: str = ""


def alerts_now() -> Told:
    """Return the alerts that are open."""
    return _told(lambda database, _now: Told(alerts=open_alerts(database)))


def alerts_of_late() -> Told:
    """Return the alerts that are open, and what became of others in the last days."""
    return _told(
        lambda database, now: Told(alerts=open_alerts(database), moves=tuple(history(database, now - _HISTORY))[:_MOST])
    )


def agents_now() -> Told:
    """Return the agents and the last faults."""

    def look(database: Database, now: datetime) -> Told:
        return Told(agents=agents(database), faults=faults(database, since=now - _HISTORY)[:_MOST])

    return _told(look)


def report_now() -> Told:
    """Return the production report of the last day."""
    return _told(lambda database, now: Told(report=production_report(database, now)))


def metrics_now() -> bytes:
    """Return all metrics as exposition text."""
    return exposition(database_of(home()), datetime.now(UTC))


def change_alert(alert_id: str, rule: str, verb: str, by: str) -> None:
    """Acknowledge an alert, or silence its rule for two hours; SetupError where that cannot be."""
    now = datetime.now(UTC)
    database = database_of(home())
    if verb == "acknowledge":
        acknowledge(database, alert_id, by=by, note="on the dashboard", now=now)
    elif verb == "silence":
        silence(database, rule, ends=now + _SILENCE, by=by, note="on the dashboard", now=now)
    else:
        raise SetupError(f"nothing is done by {verb!r}", hint="acknowledge, silence")


def change_agent(agent_id: str, verb: str, by: str) -> None:
    """Drain or retire an agent; SetupError where that cannot be."""
    change = {"drain": drain, "retire": retire}.get(verb)
    if change is None:
        raise SetupError(f"nothing is done by {verb!r}", hint="drain, retire")
    change(database_of(home()), agent_id, datetime.now(UTC), by=by, reason="on the dashboard")


def _told(look: Callable[[Database, datetime], Told]) -> Told:
    try:
        return look(database_of(home()), datetime.now(UTC))
    except SetupError as error:
        return Told(problem=error.line())
