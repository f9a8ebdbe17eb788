"""Measurements in the database: taken once per run however often it is told, gathered, and folded when old."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, literal, select, update

from algorithms.metrics.histogram import bucket_of
from state.metrics import Gathered, Measurement, Series, Spread
from tools.database.database import Database
from tools.metrics.tables import COUNTED, FOLDING, HOURLY, LASTING, MEASUREMENTS, RUNS

_HOUR = 3600
_SPREADS = frozenset(Spread)
_MOST_LABEL = 120
_MOST_KEY = 300


def take(
    database: Database,
    run_id: str,
    measurements: Sequence[Measurement],
    *,
    status: str,
    ended: float,
    oldest: float,
    batch: int,
) -> int:
    """Put the measurements of a run in the place of those that were taken of it before; return how many are new rows.

    Those that were folded into histograms since are not taken again, nor any before `oldest`.
    """

    def work(connection: Connection) -> int:
        _lock(connection)
        folded = connection.scalar(select(RUNS.c.folded_until).where(RUNS.c.run_id == run_id))
        rows = [_row(run_id, each) for each in measurements if each.at >= max(folded or 0.0, oldest)]
        # Samples are of one session, not of the run: those of earlier sessions stay.
        told = MEASUREMENTS.c.run_id == run_id, MEASUREMENTS.c.key.not_like("sample:%")
        connection.execute(delete(MEASUREMENTS).where(*told))
        for start in range(0, len(rows), batch):
            connection.execute(insert(MEASUREMENTS), rows[start : start + batch])
        known = {"status": status, "ended": ended}
        if folded is None:
            connection.execute(insert(RUNS), [{"run_id": run_id, "folded_until": 0.0, **known}])
        else:
            connection.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(known))
        return len(rows)

    return database.perform(work)


def gather(database: Database, since: float, until: float) -> dict[tuple[str, str], Gathered]:
    """Return what was measured from `since` (of what is folded: from the beginning of its hour) to `until`."""

    def work(connection: Connection) -> dict[tuple[str, str], Gathered]:
        single = _single().where(MEASUREMENTS.c.at >= since, MEASUREMENTS.c.at <= until)
        folded = _folded(HOURLY).where(HOURLY.c.hour >= int(since // _HOUR), HOURLY.c.hour <= int(until // _HOUR))
        return _together([*connection.execute(single), *connection.execute(folded)])

    return database.look(work)


def gather_ever(database: Database) -> Series:
    """Return all that was ever measured; it never shrinks, as counters must not."""

    def work(connection: Connection) -> Series:
        lasting = select(
            LASTING.c.name, LASTING.c.label, LASTING.c.bucket, LASTING.c.count, LASTING.c.total, literal(0.0)
        )
        return _together([row for found in (_single(), _folded(HOURLY), lasting) for row in connection.execute(found)])

    return database.look(work)


def fold(database: Database, *, hours_before: float, lasting_before: float) -> tuple[int, int]:
    """Fold single measurements of hours before a time into these hours, and hours before a time into what lasts.

    Returns how many rows went from either. Nothing is lost or doubled when it is interrupted: it is one transaction.
    """

    def work(connection: Connection) -> tuple[int, int]:
        _lock(connection)
        hour, oldest = int(hours_before // _HOUR), int(lasting_before // _HOUR)
        old = connection.execute(_single(MEASUREMENTS.c.hour).where(MEASUREMENTS.c.hour < hour)).all()
        _add(connection, HOURLY, ("name", "label", "bucket", "hour"), old)
        single = connection.execute(delete(MEASUREMENTS).where(MEASUREMENTS.c.hour < hour)).rowcount
        connection.execute(update(RUNS).where(RUNS.c.folded_until < hour * _HOUR).values(folded_until=hour * _HOUR))
        aged = connection.execute(_folded(HOURLY).where(HOURLY.c.hour < oldest)).all()
        _add(connection, LASTING, ("name", "label", "bucket"), aged)
        hourly = connection.execute(delete(HOURLY).where(HOURLY.c.hour < oldest)).rowcount
        connection.execute(delete(RUNS).where(RUNS.c.ended < lasting_before))
        return single, hourly

    return database.perform(work)


def _lock(connection: Connection) -> None:
    """Be the only one that writes measurements until the transaction ends."""
    connection.execute(select(FOLDING.c.name).with_for_update()).all()


def _row(run_id: str, each: Measurement) -> dict[str, Any]:
    bucket = bucket_of(each.value) if each.name in _SPREADS else COUNTED
    return {
        "run_id": run_id,
        "key": each.key[:_MOST_KEY],
        "at": each.at,
        "hour": int(each.at // _HOUR),
        "name": each.name.value,
        "label": each.label[:_MOST_LABEL],
        "value": each.value,
        "bucket": bucket,
    }


def _single(*more: Any) -> Select[Any]:  # noqa: ANN401  columns
    table = MEASUREMENTS.c
    keys = (table.name, table.label, table.bucket, *more)
    return select(*keys[:3], func.count(), func.sum(table.value), func.max(table.at), *more).group_by(*keys)


def _folded(table: Any) -> Select[Any]:  # noqa: ANN401  a table of histograms by hour
    keys = (table.c.name, table.c.label, table.c.bucket)
    counts = (func.sum(table.c.count), func.sum(table.c.total), func.max(table.c.hour + 1) * float(_HOUR))
    return select(*keys, *counts).group_by(*keys)


def _together(rows: Iterable[Any]) -> dict[tuple[str, str], Gathered]:
    found: dict[tuple[str, str], Gathered] = {}
    for name, label, bucket, count, total, last in rows:
        gathered = found.setdefault((name, label), Gathered({}, 0.0, 0.0))
        gathered.counts[bucket] = gathered.counts.get(bucket, 0) + int(count)
        gathered.total += total
        gathered.last = max(gathered.last, last)
    return found


def _add(connection: Connection, table: Any, keys: Sequence[str], rows: Iterable[Any]) -> None:  # noqa: ANN401
    """Add counts and totals to the buckets of histograms."""
    for name, label, bucket, count, total, _last, *hour in rows:
        key = dict(zip(keys, (name, label, bucket, *hour), strict=True))
        where = [table.c[column] == value for column, value in key.items()]
        more = {"count": table.c.count + int(count), "total": table.c.total + total}
        if not connection.execute(update(table).where(*where).values(more)).rowcount:
            connection.execute(insert(table).values(**key, count=int(count), total=total))
