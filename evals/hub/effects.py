"""The database of effects: one row for each time a message had its effect, so that a second time would be seen."""

import sqlite3
from pathlib import Path
from typing import NamedTuple

from state.messages import Message
from tools.hub.effects import TABLE, once

_PATIENCE = 120.0  # seconds that a writer waits for the others


class Effects(NamedTuple):
    """What the database says."""

    effects: int
    messages: int  # different ones
    total: int  # of their values

    def wrong(self, sent: int) -> int:
        """Return how many messages had no effect, plus how many effects were one too many."""
        return (sent - self.messages) + (self.effects - self.messages)


class EffectDatabase:
    """A connection to the database; killed processes lose nothing that was committed, as the system keeps it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = off")  # the machine does not stop, processes do
        self._connection.execute("create table if not exists effects (message_id text, value integer)")
        self._connection.execute(TABLE)

    def apply(self, message: Message, *, recording: bool = True) -> None:
        """Let a message have its effect, once; not recording its id is the planted bug."""
        if recording:
            once(self._connection, message.message_id, lambda: self._effect(message))
        else:
            self._effect(message)

    def read(self) -> Effects:
        """Return what is in the database."""
        sql = "select count(*), count(distinct message_id), coalesce(sum(value), 0) from effects"
        return Effects(*self._connection.execute(sql).fetchone())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _effect(self, message: Message) -> None:
        values = (message.message_id, int(message.content["value"]))
        self._connection.execute("insert into effects values (?, ?)", values)
