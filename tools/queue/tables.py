"""Tables of the area `queue`; made by its migrations. Times are seconds since 1970, UTC, by the database's clock."""

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

RUNS = Table(
    "runs",
    METADATA,
    Column("run_id", String(100), primary_key=True),
    Column("home", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("out", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("status", String(20), nullable=False),
    Column("problem", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("swept_at", Double),  # when its checkpoints were deleted
    Index("runs_by_status", "status", "updated_at"),
)
"""One row for each run of every process that shares the database."""

JOBS = Table(
    "jobs",
    METADATA,
    Column("run_id", String(100), ForeignKey(RUNS.c.run_id), primary_key=True),
    Column("key", Text, unique=True),
    Column("tenant", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("most_attempts", Integer, nullable=False),
    Column("queued_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("began_at", Double),
    Column("ended_at", Double),
    Column("worker", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("lease_until", Double),
    Column("problem", Text, nullable=False),
    Index("jobs_by_turn", "state", "priority", "queued_at"),
)
"""One row for each run that was given to the queue."""
