"""Retention of checkpoints: those of runs that ended for good are deleted after some days; a duty of rounds."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from graphs.persistence import open_saver
from tools.database.address import database_url
from tools.queue.registry import note_swept, to_sweep


@dataclass(frozen=True, slots=True)
class CheckpointRetention:
    """Deletes checkpoints; a run that can be resumed keeps its own.

    Attributes:
        home: the home folder, where no database is shared.
        days: days after the end of a run.

    """

    home: Path
    days: float
    interval: float = 3_600.0  # seconds
    name: str = "checkpoint retention"

    def perform(self, now: datetime) -> None:
        """Delete what is due, one run after the other; stopped in between, the rest is deleted next time."""
        if due := to_sweep(self.home, now - timedelta(days=self.days)):
            asyncio.run(self._sweep(due, now))

    async def _sweep(self, due: tuple[str, ...], now: datetime) -> None:
        async with open_saver(self.home, database_url()) as saver:
            for run_id in due:
                await saver.adelete_thread(run_id)
                await asyncio.to_thread(note_swept, self.home, run_id, now)
