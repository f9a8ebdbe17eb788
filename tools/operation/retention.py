"""Retention of messages: what agents said to each other in a run is deleted some days after its end."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tools.conversation import FILE
from tools.queue.registry import ended_before


@dataclass(frozen=True, slots=True)
class MessageRetention:
    """Deletes the conversations of ended runs; run.json keeps their counts and digest.

    Attributes:
        home: the home folder, where no database is shared.
        days: days after the end of a run.

    """

    home: Path
    days: float
    interval: float = 3_600.0  # seconds
    name: str = "message retention"

    def perform(self, now: datetime) -> None:
        """Delete what is due; what cannot be deleted is left for the next time."""
        for run in ended_before(self.home, now - timedelta(days=self.days)):
            with suppress(OSError):
                (Path(run.out) / "_runs" / run.run_id / FILE).unlink(missing_ok=True)
