"""The production report: how the operation does, in figures, over a window of time. Shares lie between 0 and 1."""

from enum import StrEnum

from pydantic import Field

from state.operation_agents import AgentFault, RecoveryAction
from state.values import Value


class HealthStatus(StrEnum):
    """The health score in one word."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    CRITICAL = "critical"


class Percentiles(Value):
    """A distribution; percentiles are within 1 % of the value of the nearest rank. None where nothing was observed."""

    n: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    mean: float | None = None
    largest: float | None = None


class HealthPart(Value):
    """One part of the health score."""

    name: str
    score: float  # 0 to 1
    weight: float
    figure: str  # what it follows from, in words with numbers


class Health(Value):
    """The health score and how it came about."""

    score: float  # 0 to 1
    status: HealthStatus
    parts: tuple[HealthPart, ...]
    formula: str
    reason: str = ""  # why the status is worse than the score says


class Overview(Value):
    """What was done."""

    runs: int
    by_status: dict[str, int]
    rows_read: int
    rows_published: int
    rows_per_second: float | None  # read, per second that runs worked
    runs_per_hour: float


class Performance(Value):
    """How long it took, in seconds."""

    run_seconds: Percentiles
    step_seconds: Percentiles
    by_kind: dict[str, Percentiles]  # steps by their kind
    phases: dict[str, Percentiles]  # intake:scan, plan, verify, publish, ...
    attempts: dict[str, int]  # of steps, by how they ended


class Coordination(Value):
    """How well agents work together."""

    messages_sent: int
    messages_delivered: int
    messages_redelivered: int
    messages_refused: int
    messages_dead: int
    orders_lost: int  # and placed again
    delivered_share: float | None
    delivery_ms: Percentiles  # from sending to acknowledgement
    votes: int
    consensus_reached: int
    consensus_share: float | None
    consensus_ms: Percentiles
    overhead_ms: Percentiles  # of an order, beyond the seconds that its step worked
    replans: int


class Resources(Value):
    """What it took, from samples during runs."""

    cpu_share: Percentiles  # of one processor
    memory_bytes: Percentiles
    disk_bytes_per_second: Percentiles
    network_bytes_per_second: Percentiles
    disk_free_share: float | None


class AgentFigures(Value):
    """What one agent did."""

    agent: str
    decisions: int
    tokens: int
    steps: int
    step_failures: int


class ReportedFault(Value):
    """A fault of an agent or a service that was there in the window, and what was done about it, in order."""

    fault: AgentFault
    actions: tuple[RecoveryAction, ...] = ()

    @property
    def lasts(self) -> bool:
        """Whether it is still there."""
        return self.fault.ended_at is None


class Quality(Value):
    """What became of the data."""

    rows_read: int
    rows_published: int
    rows_withheld: int
    rows_quarantined: int
    rows_merged: int
    cells_changed: int
    quarantine_share: float | None
    checks: dict[str, int]  # by result


class ErrorClass(Value):
    """Errors of one class."""

    name: str
    count: int
    share: float
    last: float  # seconds since the epoch


class Errors(Value):
    """What went wrong."""

    total: int
    steps_failed_share: float | None  # of attempts of steps
    runs_failed_share: float | None
    most_common: tuple[ErrorClass, ...]
    critical_last_hour: int


class Recommendation(Value):
    """Something to do, and the figure it follows from."""

    what: str
    figure: str
    value: float
    threshold: float


class OpenAlert(Value):
    """An alert that is not resolved."""

    alert_id: str
    rule: str
    state: str
    severity: str
    since: float
    value: float
    threshold: float


class ProductionReport(Value):
    """How the operation did between two times (seconds since the epoch, UTC)."""

    since: float
    until: float
    health: Health
    overview: Overview
    performance: Performance
    coordination: Coordination
    resources: Resources
    quality: Quality
    agents: tuple[AgentFigures, ...]
    registry: dict[str, int] = Field(default_factory=dict)  # registered agents, by status
    faults: tuple[ReportedFault, ...] = ()  # the latest first
    errors: Errors
    queues: dict[str, int] = Field(default_factory=dict)  # what waits, by the name of the queue
    alerts: tuple[OpenAlert, ...] = ()
    channel_faults: tuple[str, ...] = ()  # channels that could not be told, without their addresses
    recommendations: tuple[Recommendation, ...] = ()
