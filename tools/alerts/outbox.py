"""The outbox: what channels are to be told is sent at least once, with backoff, and is never forgotten by a kill.

A notification is claimed for a while, sent, and marked as sent; who is killed between sending and marking lets it be
sent again, with the same key in its text.
"""

from datetime import datetime
from typing import NamedTuple, Protocol

from sqlalchemy import Connection, Row, select, update

from state.alerts import AlertSettings
from tools.alerts.tables import OUTBOX
from tools.database.database import Database

_CLAIM_SECONDS = 120.0
_LONGEST_WAIT = 3600.0
_MOST_AT_ONCE = 50


class Sender(Protocol):
    """Whoever tells a channel something."""

    def __call__(self, channel: str, title: str, body: str) -> str:
        """Tell it; return what went wrong, without any address, or nothing."""


class Delivered(NamedTuple):
    """What was sent and what was not."""

    sent: int
    failed: int


def deliver(database: Database, send: Sender, settings: AlertSettings, now: datetime) -> Delivered:
    """Send what is due."""
    sent = failed = 0
    while sent + failed < _MOST_AT_ONCE and (row := _claim(database, settings, now.timestamp())) is not None:
        fault = send(row.channel, row.title, f"{row.body}\nkey {row.key}")
        _note(database, row, fault, settings, now.timestamp())
        sent, failed = sent + (not fault), failed + bool(fault)
    return Delivered(sent, failed)


def channel_faults(database: Database) -> tuple[str, ...]:
    """Return which channels could not be told what, by their names; none of it shows an address."""
    wanted = (
        select(OUTBOX.c.channel, OUTBOX.c.fault, OUTBOX.c.attempts)
        .where(OUTBOX.c.sent_at.is_(None), OUTBOX.c.attempts > 0)
        .order_by(OUTBOX.c.queued_at)
    )
    rows = database.look(lambda connection: connection.execute(wanted).all())
    worst: dict[str, tuple[int, int, str]] = {}
    for row in rows:
        count, attempts, _ = worst.get(row.channel, (0, 0, ""))
        worst[row.channel] = count + 1, max(attempts, row.attempts), row.fault
    return tuple(
        f"channel {name!r}: {count} notifications not delivered after up to {attempts} attempts: {fault}"
        for name, (count, attempts, fault) in sorted(worst.items())
    )


def _claim(database: Database, settings: AlertSettings, now: float) -> Row[tuple[object, ...]] | None:
    """Return the next that is due, claimed for this process: nobody else sends it meanwhile.

    One at a time: a channel may take long to fail, and whoever waits for it holds no other back.
    """

    def work(connection: Connection) -> Row[tuple[object, ...]] | None:
        due = (
            OUTBOX.c.sent_at.is_(None),
            OUTBOX.c.due_at <= now,
            OUTBOX.c.claimed_until <= now,
            OUTBOX.c.attempts < settings.send_attempts,
        )
        rows = connection.execute(select(OUTBOX).where(*due).order_by(OUTBOX.c.due_at).limit(_MOST_AT_ONCE)).all()
        claim = update(OUTBOX).values(claimed_until=now + _CLAIM_SECONDS)
        return next(
            (row for row in rows if connection.execute(claim.where(OUTBOX.c.key == row.key, *due)).rowcount), None
        )

    return database.perform(work)


def _note(database: Database, row: Row[tuple[object, ...]], fault: str, settings: AlertSettings, now: float) -> None:
    """Write down that a notification was sent, or when it is tried again."""
    attempts = row.attempts + 1
    wait = min(_LONGEST_WAIT, settings.retry_seconds * 2 ** (attempts - 1))
    values: dict[str, object] = {"attempts": attempts, "fault": fault, "claimed_until": 0.0}
    values |= {"due_at": now + wait} if fault else {"sent_at": now}
    database.perform(
        lambda connection: connection.execute(update(OUTBOX).where(OUTBOX.c.key == row.key).values(values))
    )
