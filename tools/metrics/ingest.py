"""Taking what a run left into the database when a session ends, however it ended.

It never fails a run: what cannot be taken becomes a warning in the run's event log. With the switch off nothing is done
and nothing is imported.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from algorithms.metrics.measuring import measure
from state.errors import AnswerError, ClaimLost, MillwrightError, RunDrained
from state.metrics import RunLeft, Sample
from state.operation import OperationSettings
from tools.metrics.left import read_left
from tools.outputs.event_log import EventLog
from tools.records import RunRecord

if TYPE_CHECKING:
    from tools.database.database import Database
    from tools.metrics.sampling import Sampler

PATIENCE = 2.0
"""Seconds that a run waits for a database that does not answer."""

_DAY = 86_400.0
_INTERRUPTED = "interrupted"
_FAILED = "failed"


class Measured:
    """A session whose figures are taken; whoever works on it sets `status`."""

    def __init__(self) -> None:
        self.status = ""


@contextmanager
def measured(record: RunRecord, settings: OperationSettings | None) -> Iterator[Measured]:
    """Take the figures of a session at the end of the block; without settings none are. Errors pass through."""
    session = Measured()
    if settings is None or not settings.metrics:
        yield session
        return
    with ExitStack() as stack:
        sampler = stack.enter_context(_sampled(record, settings)) if settings.monitoring else None
        try:
            yield session
        except (AnswerError, ClaimLost):  # nothing was done, or another worker has the run and tells of it
            raise
        except RunDrained:
            stack.close()
            _take(record, settings, _INTERRUPTED, "", sampler)
            raise
        except Exception as error:
            stack.close()
            _take(record, settings, _FAILED, type(error).__name__, sampler)
            raise
        except BaseException:  # the process is told to stop
            stack.close()
            _take(record, settings, _INTERRUPTED, "", sampler)
            raise
        stack.close()
        _take(record, settings, session.status, "", sampler)


def ingest(database: "Database", left: RunLeft, settings: OperationSettings) -> int:
    """Take what a run left, in place of what was taken of it before; return the number of measurements."""
    from tools.metrics.store import take  # noqa: PLC0415  SQLAlchemy takes a while, and metrics may be off

    oldest = left.ended - settings.retention_metrics_days * _DAY
    return take(
        database,
        left.run_id,
        measure(left),
        status=left.status,
        ended=left.ended,
        oldest=oldest,
        batch=settings.batch_size,
    )


@contextmanager
def _sampled(record: RunRecord, settings: OperationSettings) -> Iterator["Sampler"]:
    from tools.metrics.sampling import sampling  # noqa: PLC0415  psutil is for monitoring alone

    with sampling(record.context.run_folder(record.run_id), settings.sample_seconds) as sampler:
        yield sampler


def _take(record: RunRecord, settings: OperationSettings, status: str, fault: str, sampler: "Sampler | None") -> None:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    from tools.database.shared import database_of  # noqa: PLC0415

    folder = Path(record.request.out) / "_runs" / record.run_id
    samples: tuple[Sample, ...] = sampler.samples if sampler else ()
    try:
        now = datetime.now(UTC).timestamp()
        left = read_left(folder, record.run_id, status, now=now, fault=fault, samples=samples)
        ingest(replace(database_of(Path(record.context.home)), patience=PATIENCE), left, settings)
    except (MillwrightError, SQLAlchemyError, sqlite3.Error, OSError, ValueError, LookupError, TypeError) as error:
        _warn(folder, error)


def _warn(folder: Path, error: Exception) -> None:
    """Say in the run's event log what could not be taken; where that cannot be written there is nobody to tell."""
    known = error.line() if isinstance(error, MillwrightError) else type(error).__name__
    detail = f"metrics: the figures of this session are not taken: {known}"[:500]
    with suppress(MillwrightError, OSError), EventLog(folder / "events.jsonl") as log:
        log.append({"event": "warning", "event_id": f"warning:{detail}", "detail": detail})
