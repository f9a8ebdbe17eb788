"""Measurements of runs and their histograms."""

import sqlalchemy as sa
from alembic import op

revision = "metrics_0001"
down_revision = None
branch_labels = ("metrics",)
depends_on = None


def upgrade() -> None:
    """Make the tables, and the row that whoever writes measurements locks."""
    op.create_table(
        "measurements",
        sa.Column("run_id", sa.String(100), primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("label", sa.String(120), nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("bucket", sa.Integer, nullable=False),
    )
    op.create_index("measurements_by_time", "measurements", ["at"])
    op.create_table(
        "measurements_hourly",
        sa.Column("hour", sa.Integer, primary_key=True, autoincrement=False),
        *_histogram(),
    )
    op.create_table("measurements_lasting", *_histogram())
    op.create_table(
        "measured_runs",
        sa.Column("run_id", sa.String(100), primary_key=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("ended", sa.Double, nullable=False),
        sa.Column("folded_until", sa.Double, nullable=False),
    )
    folding = op.create_table("measurements_folding", sa.Column("name", sa.String(40), primary_key=True))
    op.bulk_insert(folding, [{"name": "all"}])


def downgrade() -> None:
    """Drop the tables."""
    for name in ("folding", "lasting", "hourly"):
        op.drop_table(f"measurements_{name}")
    op.drop_table("measured_runs")
    op.drop_table("measurements")


def _histogram() -> list[sa.Column[object]]:
    return [
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("label", sa.String(120), primary_key=True),
        sa.Column("bucket", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("total", sa.Double, nullable=False),
    ]
