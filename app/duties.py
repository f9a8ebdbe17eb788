"""The duties that whoever runs for long performs beside its work: `millwright work`, the server."""

from pathlib import Path

from app.settings import Settings
from graphs.retention import CheckpointRetention
from tools.alerts.duties import duties
from tools.database.shared import database_of
from tools.operation.rounds import Duty


def duties_of(settings: Settings, home: Path) -> tuple[Duty, ...]:
    """Return the duties of a home folder."""
    return (
        CheckpointRetention(home, settings.operation.retention_checkpoints_days),
        *duties(database_of(home), settings.operation),
    )
