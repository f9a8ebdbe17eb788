"""Registry of runs, and the queue of runs that wait for a worker."""

import sqlalchemy as sa
from alembic import op

revision = "queue_0001"
down_revision = None
branch_labels = ("queue",)
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(100), primary_key=True),
        sa.Column("home", sa.Text, nullable=False),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("out", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("swept_at", sa.Double),
    )
    op.create_index("runs_by_status", "runs", ["status", "updated_at"])
    op.create_table(
        "jobs",
        sa.Column("run_id", sa.String(100), sa.ForeignKey("runs.run_id"), primary_key=True),
        sa.Column("key", sa.Text, unique=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("most_attempts", sa.Integer, nullable=False),
        sa.Column("queued_at", sa.Double, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("began_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.Double),
        sa.Column("problem", sa.Text, nullable=False),
    )
    op.create_index("jobs_by_turn", "jobs", ["state", "priority", "queued_at"])


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("jobs")
    op.drop_table("runs")
