"""What operators turn: limits, intervals, retention and switches of everything around the runs; no secret."""

from typing import Literal

from pydantic import Field

from state.alerts import AlertSettings
from state.values import Value

LogLevel = Literal["debug", "info", "warning", "error", "critical"]


class OperationSettings(Value):
    """How agents, workers, metrics and alerts are operated; the section `[operation]` of the settings file."""

    max_agents: int = Field(default=64, ge=1, le=10_000, description="most agents that are deployed at once")
    health_interval: float = Field(default=30.0, gt=0, description="seconds between two checks of an agent")
    health_timeout: float = Field(default=10.0, gt=0, description="seconds within which an agent answers a check")
    failure_threshold: int = Field(default=3, ge=1, description="failures in a row after which an agent is taken out")
    worker_lease_seconds: float = Field(
        default=60.0, gt=0, description="seconds after which a run of a silent worker process is taken by another"
    )
    worker_attempts: int = Field(default=5, ge=1, description="claims of a run in the queue before it is set aside")
    database_pool_size: int = Field(default=4, ge=1, le=100, description="most connections of a process to PostgreSQL")
    batch_size: int = Field(default=1_000, ge=1, le=10_000, description="most rows in one statement to the database")
    parallel_streams: int = Field(default=1, ge=1, le=64, description="runs that one worker process works on at once")
    retention_messages_days: float = Field(default=7.0, gt=0, description="days that messages between agents are kept")
    retention_checkpoints_days: float = Field(
        default=30.0, gt=0, description="days that checkpoints of runs are kept after these ended"
    )
    retention_metrics_days: float = Field(default=30.0, gt=0, description="days that metrics and alerts are kept")
    retention_raw_hours: float = Field(
        default=48.0, gt=0, description="hours that single measurements are kept before they become hourly histograms"
    )
    retention_experience: int = Field(default=1_000, ge=1, description="runs whose experience is kept")
    monitoring: bool = Field(default=True, description="sample processor, memory, disk and network during runs")
    sample_seconds: float = Field(default=1.0, ge=0.05, description="seconds between two such samples")
    metrics: bool = Field(default=True, description="take what each run left into the database of the operation")
    recovery: bool = Field(
        default=True, description="check agents, act on those that failed, and end trials of versions"
    )
    operators: tuple[str, ...] = Field(
        default=(), description="users of the server who see all runs and may do everything"
    )
    open_folders: tuple[str, ...] = Field(
        default=(), description="folders that its other users may name; empty: the folder it was started in"
    )
    server_workers: int = Field(default=1, ge=0, le=64, description="worker processes that the server starts itself")
    persistence: bool = Field(default=True, description="keep checkpoints, so that killed runs can be resumed")
    log_level: LogLevel = Field(default="warning", description="least level that is logged on standard error")
    alerts: AlertSettings = Field(default=AlertSettings(), description="rules, escalation and repetition of alerts")
