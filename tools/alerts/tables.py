"""Tables of the area `alerts`: what is open, its history, what is to be told, silences, and readings for trends."""

from sqlalchemy import Column, Double, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

OPEN = Table(
    "alerts_open",
    METADATA,
    Column("rule", String(64), primary_key=True),  # one alert of a rule at a time
    Column("alert_id", String(100), nullable=False),
    Column("version", Integer, nullable=False),  # of two that move an alert at once, one begins anew
    Column("record", Text, nullable=False),
)

HISTORY = Table(
    "alerts_history",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("record", Text, nullable=False),
    Index("alerts_history_by_time", "at"),
)

OUTBOX = Table(
    "alerts_outbox",
    METADATA,
    Column("key", String(300), primary_key=True),  # alert, event, channel: each is told once
    Column("channel", String(100), nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("queued_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("claimed_until", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Double),
    Column("fault", Text, nullable=False),
)

SILENCES = Table(
    "alerts_silences",
    METADATA,
    Column("silence_id", String(100), primary_key=True),
    Column("ends", Double, nullable=False),
    Column("record", Text, nullable=False),
)

READINGS = Table(
    "alerts_readings",
    METADATA,
    Column("rule", String(64), primary_key=True),
    Column("at", Double, primary_key=True),
    Column("value", Double, nullable=False),
)
