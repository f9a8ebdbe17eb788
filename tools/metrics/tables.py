"""Tables of the area `metrics`: single measurements, hourly histograms, histograms of all that is older.

Each row of a histogram is a bucket of one name and label (`algorithms/metrics/histogram.py`); what is only counted has
the one bucket `COUNTED`, and its figure is the total.
"""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

COUNTED = -40_000
"""The bucket of what is counted."""

MEASUREMENTS = Table(
    "measurements",
    METADATA,
    Column("run_id", String(100), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("at", Double, nullable=False),  # seconds since the epoch, UTC
    Column("hour", Integer, nullable=False),  # hours since the epoch
    Column("name", String(40), nullable=False),
    Column("label", String(120), nullable=False),
    Column("value", Double, nullable=False),
    Column("bucket", Integer, nullable=False),
    Index("measurements_by_time", "at"),
)

HOURLY = Table(
    "measurements_hourly",
    METADATA,
    Column("hour", Integer, primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("label", String(120), primary_key=True),
    Column("bucket", Integer, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("total", Double, nullable=False),
)

LASTING = Table(
    "measurements_lasting",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("label", String(120), primary_key=True),
    Column("bucket", Integer, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("total", Double, nullable=False),
)

RUNS = Table(
    "measured_runs",
    METADATA,
    Column("run_id", String(100), primary_key=True),
    Column("status", String(20), nullable=False),
    Column("ended", Double, nullable=False),
    Column("folded_until", Double, nullable=False),  # measurements before it are in histograms
)

FOLDING = Table(
    "measurements_folding",
    METADATA,
    Column("name", String(40), primary_key=True),  # one row: who writes measurements locks it
)
