"""Registry of agents: cards, history, verdicts, faults, recoveries, rollouts and what their decisions came to."""

import sqlalchemy as sa
from alembic import op

revision = "agents_0001"
down_revision = None
branch_labels = ("agents",)
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _registry()
    _health()
    _rollouts()


def downgrade() -> None:
    """Drop the tables."""
    for name in (
        "decision_outcomes",
        "agent_rollouts",
        "agent_recoveries",
        "agent_faults",
        "health_verdicts",
        "agent_events",
        "agents",
    ):
        op.drop_table(name)


def _registry() -> None:
    op.create_table(
        "agents",
        sa.Column("agent_id", sa.String(200), primary_key=True),
        sa.Column("version", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "agent_events",
        sa.Column("event_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("agent_id", sa.String(200), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("before", sa.String(20)),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
    )
    op.create_index("agent_events_by_agent", "agent_events", ["agent_id", "at"])


def _health() -> None:
    op.create_table(
        "health_verdicts",
        sa.Column("agent_id", sa.String(200), primary_key=True),
        sa.Column("aspect", sa.String(20), primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("finding", sa.String(20), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "agent_faults",
        sa.Column("fault_id", sa.String(64), primary_key=True),
        sa.Column("agent_id", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("detected_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("agent_faults_by_time", "agent_faults", ["detected_at"])
    op.create_table(
        "agent_recoveries",
        sa.Column("recovery_id", sa.String(100), primary_key=True),
        sa.Column("fault_id", sa.String(64), nullable=False),
        sa.Column("agent_id", sa.String(200), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("succeeded", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("agent_recoveries_by_time", "agent_recoveries", ["at"])


def _rollouts() -> None:
    op.create_table(
        "agent_rollouts",
        sa.Column("rollout_id", sa.String(64), primary_key=True),
        sa.Column("agent_id", sa.String(200), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "decision_outcomes",
        sa.Column("run_id", sa.String(200), primary_key=True),
        sa.Column("decision_id", sa.String(64), primary_key=True),
        sa.Column("agent_id", sa.String(200), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("right", sa.Boolean, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("decision_outcomes_by_agent", "decision_outcomes", ["agent_id", "version", "at"])
