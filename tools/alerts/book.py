"""The book of alerts in the database: open ones, history, silences, and the acts of people.

An alert, its history and what is to be told of it change in one transaction, so that a kill in between loses nothing;
the key of a notification keeps it from being queued twice.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select, update

from algorithms.alerts.machine import Moved
from algorithms.alerts.machine import acknowledge as acknowledged
from state.alerts import Alert, Notification, Silence, Transition
from state.errors import SetupError
from tools.alerts.tables import HISTORY, OPEN, OUTBOX, READINGS, SILENCES
from tools.database.database import Database

_MOST_SHOWN = 1_000


class OvertakenError(RuntimeError):
    """Another process has moved the alert in the meantime; look again."""


def open_alerts(database: Database) -> tuple[Alert, ...]:
    """Return the alerts that are not resolved, the oldest first."""
    rows = database.look(lambda connection: connection.execute(select(OPEN.c.record)).scalars().all())
    return tuple(sorted(map(Alert.model_validate_json, rows), key=lambda alert: (alert.since, alert.rule)))


def silences(database: Database, now: datetime) -> tuple[Silence, ...]:
    """Return the silences that have not ended."""
    wanted = select(SILENCES.c.record).where(SILENCES.c.ends > now.timestamp()).order_by(SILENCES.c.ends)
    rows = database.look(lambda connection: connection.execute(wanted).scalars().all())
    return tuple(map(Silence.model_validate_json, rows))


def history(database: Database, since: datetime) -> tuple[Transition, ...]:
    """Return the moves of alerts since a time, the newest first, at most 1,000."""
    wanted = (
        select(HISTORY.c.record)
        .where(HISTORY.c.at >= since.timestamp())
        .order_by(HISTORY.c.at.desc(), HISTORY.c.number.desc())
        .limit(_MOST_SHOWN)
    )
    rows = database.look(lambda connection: connection.execute(wanted).scalars().all())
    return tuple(map(Transition.model_validate_json, rows))


def acknowledge(database: Database, alert_id: str, *, by: str, note: str, now: datetime) -> Alert:
    """Let somebody take care of an alert: it escalates no more. SetupError where there is none, or it does not fire."""

    def work(connection: Connection) -> Alert:
        found = connection.execute(select(OPEN).where(OPEN.c.alert_id == alert_id)).one_or_none()
        if found is None:
            raise SetupError(f"there is no open alert {alert_id!r}", hint="millwright alerts lists them")
        alert = Alert.model_validate_json(found.record)
        try:
            moved = acknowledged(alert, by, note, now.timestamp())
        except ValueError as error:
            raise SetupError(f"alert {alert_id!r} cannot be acknowledged: {error}") from None
        keep(connection, moved, found.version, now)
        return moved.alert or alert

    return _unless_overtaken(lambda: database.perform(work))


def silence(database: Database, rule: str, *, ends: datetime, by: str, note: str, now: datetime) -> Silence:
    """Let nobody be told of a rule (`*`: of any) until a time."""
    made = Silence(
        silence_id=uuid4().hex[:12], rule=rule, begins=now.timestamp(), ends=ends.timestamp(), by=by, note=note
    )
    row = {"silence_id": made.silence_id, "ends": made.ends, "record": made.model_dump_json()}
    database.perform(lambda connection: connection.execute(insert(SILENCES), [row]) and None)
    return made


def end_silence(database: Database, silence_id: str) -> bool:
    """End a silence; return whether there was one."""
    gone = delete(SILENCES).where(SILENCES.c.silence_id == silence_id)
    return database.perform(lambda connection: connection.execute(gone).rowcount > 0)


def keep(connection: Connection, moved: Moved, version: int, now: datetime) -> None:
    """Keep what became of an alert that had a version (0: it is new), within the caller's transaction.

    Raises OvertakenError, which takes the transaction back, where another process was faster.
    """
    alert = moved.alert
    if alert is None:
        return
    if version and alert.open:
        held = OPEN.c.rule == alert.rule, OPEN.c.version == version
        values = {"version": version + 1, "record": alert.model_dump_json()}
        done = connection.execute(update(OPEN).where(*held).values(values)).rowcount
    elif version:
        done = connection.execute(delete(OPEN).where(OPEN.c.rule == alert.rule, OPEN.c.version == version)).rowcount
    else:
        taken = connection.execute(select(OPEN.c.version).where(OPEN.c.rule == alert.rule)).one_or_none()
        row = {"rule": alert.rule, "alert_id": alert.alert_id, "version": 1, "record": alert.model_dump_json()}
        done = 0 if taken else 1
        if done and alert.open:
            connection.execute(insert(OPEN), [row])
    if not done:
        raise OvertakenError(alert.rule)
    _tell_history(connection, moved.transitions)
    _queue(connection, moved.notifications, now.timestamp())


def take_readings(connection: Connection, readings: dict[str, float], now: datetime) -> None:
    """Keep readings by rule for their trends; of one moment once."""
    at = now.timestamp()
    connection.execute(delete(READINGS).where(READINGS.c.at == at))
    if readings:
        connection.execute(
            insert(READINGS), [{"rule": rule, "at": at, "value": value} for rule, value in readings.items()]
        )


def read_readings(database: Database, rule: str, since: float) -> list[tuple[float, float]]:
    """Return the readings of a rule since a time: seconds and value, in the order of time."""
    wanted = select(READINGS.c.at, READINGS.c.value).where(READINGS.c.rule == rule, READINGS.c.at >= since)
    rows = database.look(lambda connection: connection.execute(wanted.order_by(READINGS.c.at)).all())
    return [(row.at, row.value) for row in rows]


def forget(database: Database, before: float) -> int:
    """Remove history, readings, ended silences and told notifications before a time; return how many rows."""

    def work(connection: Connection) -> int:
        old = (
            delete(HISTORY).where(HISTORY.c.at < before),
            delete(READINGS).where(READINGS.c.at < before),
            delete(SILENCES).where(SILENCES.c.ends < before),
            delete(OUTBOX).where(OUTBOX.c.queued_at < before),
        )
        return sum(connection.execute(each).rowcount for each in old)

    return database.perform(work)


def _tell_history(connection: Connection, transitions: Sequence[Transition]) -> None:
    if transitions:
        connection.execute(insert(HISTORY), [{"at": each.at, "record": each.model_dump_json()} for each in transitions])


def _queue(connection: Connection, notifications: Sequence[Notification], now: float) -> None:
    """Put notifications into the outbox; one whose key is there already is left out."""
    keys = [each.key for each in notifications]
    there = set(connection.execute(select(OUTBOX.c.key).where(OUTBOX.c.key.in_(keys))).scalars()) if keys else set()
    rows = [
        {
            "key": each.key,
            "channel": each.channel,
            "title": each.title,
            "body": each.body,
            "queued_at": now,
            "due_at": now,
            "claimed_until": 0.0,
            "attempts": 0,
            "fault": "",
        }
        for each in notifications
        if each.key not in there
    ]
    if rows:
        connection.execute(insert(OUTBOX), rows)


def _unless_overtaken(work: Callable[[], Alert]) -> Alert:
    """Do work again once when another process moved the alert at the same moment."""
    try:
        return work()
    except OvertakenError:
        return work()
