"""Retention: checkpoints of runs that ended for good go after some days, and nothing else."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graphs.persistence import open_saver
from graphs.retention import CheckpointRetention
from graphs.session import resume, run
from state.errors import RunError
from state.run import RunContext, RunStatus
from tools.database.address import database_url
from tools.queue.registry import registered, write_status
from tools.records import read_record


def kept(home: Path, run_id: str) -> bool:
    async def there() -> bool:
        async with open_saver(home, database_url()) as saver:
            return await saver.aget_tuple({"configurable": {"thread_id": run_id}}) is not None

    return asyncio.run(there())


def test_checkpoints_go_when_they_are_due(
    small_job: Any, database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLWRIGHT_DATABASE_URL", database_address)
    home, now = small_job.home, datetime.now(UTC)
    run(small_job.contract, [str(small_job.sources)], small_job.out, run_id="r1", context=RunContext(home=str(home)))
    duty = CheckpointRetention(home, days=30)
    duty.perform(now + timedelta(days=29))
    assert kept(home, "r1")
    write_status(read_record(home, "r1"), RunStatus.BUDGET_SPENT, "", now)
    duty.perform(now + timedelta(days=31))
    assert kept(home, "r1"), "it can be resumed"
    write_status(read_record(home, "r1"), RunStatus.PUBLISHED, "", now)
    duty.perform(now + timedelta(days=31))
    assert not kept(home, "r1")
    assert registered(home)[0].swept_at == now + timedelta(days=31)
    with pytest.raises(RunError, match="checkpoints were deleted"):
        resume(home, "r1")
    assert (small_job.out / "readings.parquet").is_file()
