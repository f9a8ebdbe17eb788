"""Tables of the area `agents`. Times are seconds since the epoch; `document` holds the whole value as JSON.

Their migrations are `tools/database/migrations/versions/agents_*.py`.
"""

from sqlalchemy import Boolean, Column, Double, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

AGENTS = Table(
    "agents",
    METADATA,
    Column("agent_id", String(200), primary_key=True),
    Column("version", String(64), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("since", Double, nullable=False),
    Column("document", Text, nullable=False),
)

EVENTS = Table(
    "agent_events",
    METADATA,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    Column("agent_id", String(200), nullable=False),
    Column("version", String(64), nullable=False),
    Column("at", Double, nullable=False),
    Column("before", String(20)),
    Column("status", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", String(200), nullable=False),
    Index("agent_events_by_agent", "agent_id", "at"),
)

VERDICTS = Table(
    "health_verdicts",
    METADATA,
    Column("agent_id", String(200), primary_key=True),
    Column("aspect", String(20), primary_key=True),
    Column("at", Double, nullable=False),
    Column("finding", String(20), nullable=False),
    Column("document", Text, nullable=False),
)
"""The last verdict on every agent and aspect: what led to a fault is kept with it."""

FAULTS = Table(
    "agent_faults",
    METADATA,
    Column("fault_id", String(64), primary_key=True),
    Column("agent_id", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("detected_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("document", Text, nullable=False),
    Index("agent_faults_by_time", "detected_at"),
)

RECOVERIES = Table(
    "agent_recoveries",
    METADATA,
    Column("recovery_id", String(100), primary_key=True),
    Column("fault_id", String(64), nullable=False),
    Column("agent_id", String(200), nullable=False),
    Column("action", String(20), nullable=False),
    Column("at", Double, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Index("agent_recoveries_by_time", "at"),
)

ROLLOUTS = Table(
    "agent_rollouts",
    METADATA,
    Column("rollout_id", String(64), primary_key=True),
    Column("agent_id", String(200), nullable=False),
    Column("status", String(20), nullable=False),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("document", Text, nullable=False),
)

OUTCOMES = Table(
    "decision_outcomes",
    METADATA,
    Column("run_id", String(200), primary_key=True),
    Column("decision_id", String(64), primary_key=True),
    Column("agent_id", String(200), nullable=False),
    Column("version", String(64), nullable=False),
    Column("right", Boolean, nullable=False),
    Column("at", Double, nullable=False),
    Column("document", Text, nullable=False),
    Index("decision_outcomes_by_agent", "agent_id", "version", "at"),
)
