"""What is kept of runs: no checkpoints where they are switched off, no conversations when their time is over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphs.session import run
from state.errors import SetupError
from state.operation import OperationSettings
from state.run import Approve, RunContext, RunStatus
from tools.conversation import FILE
from tools.operation.retention import MessageRetention

OFF = OperationSettings(persistence=False, metrics=False, monitoring=False)


def test_without_checkpoints_a_run_is_published_and_its_messages_go_when_their_time_is_over(job: Any) -> None:
    context = RunContext(home=str(job.home))
    left = job.out / "_runs" / "r1" / ".run.json.4711.tmp"  # of a process that was killed while it wrote
    left.parent.mkdir(parents=True)
    left.write_text("half")
    output = run(job.contract, [str(job.sources)], job.out, run_id="r1", context=context, operation=OFF)
    assert output["status"] is RunStatus.PUBLISHED
    assert not left.exists()
    assert not (job.home / "checkpoints.sqlite").exists()
    kept = job.out / "_runs" / "r1" / FILE
    assert kept.is_file()
    duty, now = MessageRetention(job.home, days=7.0), datetime.now(UTC)
    duty.perform(now + timedelta(days=6))
    assert kept.is_file()
    duty.perform(now + timedelta(days=8))
    assert not kept.exists()
    duty.perform(now + timedelta(days=9))


def test_a_run_that_would_ask_is_refused_without_checkpoints(job: Any) -> None:
    context = RunContext(home=str(job.home))
    with pytest.raises(SetupError, match="needs checkpoints"):
        run(job.contract, [str(job.sources)], job.out, approve=Approve.PLAN, context=context, operation=OFF)
