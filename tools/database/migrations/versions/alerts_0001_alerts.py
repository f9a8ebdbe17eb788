"""Alerts: open ones, history, outbox, silences, readings."""

import sqlalchemy as sa
from alembic import op

revision = "alerts_0001"
down_revision = None
branch_labels = ("alerts",)
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alerts_open",
        sa.Column("rule", sa.String(64), primary_key=True),
        sa.Column("alert_id", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_table(
        "alerts_history",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_index("alerts_history_by_time", "alerts_history", ["at"])
    op.create_table(
        "alerts_outbox",
        sa.Column("key", sa.String(300), primary_key=True),
        sa.Column("channel", sa.String(100), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("queued_at", sa.Double, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("claimed_until", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.Double),
        sa.Column("fault", sa.Text, nullable=False),
    )
    op.create_table(
        "alerts_silences",
        sa.Column("silence_id", sa.String(100), primary_key=True),
        sa.Column("ends", sa.Double, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_table(
        "alerts_readings",
        sa.Column("rule", sa.String(64), primary_key=True),
        sa.Column("at", sa.Double, primary_key=True),
        sa.Column("value", sa.Double, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("readings", "silences", "outbox", "history", "open"):
        op.drop_table(f"alerts_{name}")
