"""What is done again and again about metrics: folding and forgetting what is old."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from state.operation import OperationSettings
from tools.alerts.book import forget
from tools.database.database import Database
from tools.metrics.store import fold


@dataclass(frozen=True)
class Prune:
    """Folds measurements into coarser histograms and forgets alerts, as the settings say."""

    database: Database
    settings: OperationSettings
    name: str = "prune"
    interval: float = 3600.0

    def perform(self, now: datetime) -> None:
        """Do it as of `now` (aware)."""
        raw = now - timedelta(hours=self.settings.retention_raw_hours)
        kept = now - timedelta(days=self.settings.retention_metrics_days)
        fold(self.database, hours_before=raw.timestamp(), lasting_before=kept.timestamp())
        forget(self.database, kept.timestamp())
