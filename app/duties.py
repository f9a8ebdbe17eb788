"""The duties of operation that a process performs beside its work: `millwright work`, `millwright watch`."""

from pathlib import Path

from app.settings import Settings
from graphs.health_rounds import operation_duties
from graphs.retention import CheckpointRetention
from state.health import HealthLimits
from tools.agents.registry import Fleet
from tools.alerts.duties import duties
from tools.database.shared import database_of
from tools.operation.retention import MessageRetention
from tools.operation.rounds import Duty


def duties_of(settings: Settings, home: Path) -> tuple[Duty, ...]:
    """Return the duties of a home folder: agents, trials of versions, alerts, metrics, checkpoints, messages.

    Raises SetupError where an alert rule names what is not there.
    """
    operation = settings.operation
    agents = operation_duties(
        settings.context(),
        interval=operation.health_interval,
        limits=HealthLimits(answer=operation.health_timeout, failures=operation.failure_threshold),
        fleet=Fleet(max_agents=operation.max_agents),
    )
    kept = (
        CheckpointRetention(home, operation.retention_checkpoints_days),
        MessageRetention(home, operation.retention_messages_days),
    )
    return (*(agents if operation.recovery else ()), *duties(database_of(home), operation), *kept)
