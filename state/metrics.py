"""Measurements: what is counted and what is spread, single or gathered. Times in seconds since the epoch, UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Count(StrEnum):
    """What is counted; the label says of what."""

    RUNS = "runs"  # ends of runs, by status
    WAITS = "waits"  # runs that wait for a person
    ROWS = "rows"  # by their fate: read, published, withheld, quarantined, merged
    CELLS = "cells_changed"
    CHECKS = "checks"  # by result
    STEPS = "steps"  # attempts, by how they ended
    AGENT_STEPS = "agent_steps"  # attempts, by who performed them
    AGENT_FAILURES = "agent_failures"  # the failed ones of these
    DECISIONS = "decisions"  # by agent
    TOKENS = "tokens"  # by agent
    VOTES = "votes"  # by outcome
    MESSAGES = "messages"  # by what became of them
    REPLANS = "replans"  # by strategy
    ERRORS = "errors"  # by class
    CRITICAL = "critical_errors"  # errors that ended a run, by class


class Spread(StrEnum):
    """What has a distribution."""

    RUN_SECONDS = "run_seconds"  # from the first to the last event of each session, by status
    STEP_SECONDS = "step_seconds"  # by kind
    PHASE_SECONDS = "phase_seconds"  # by phase
    CONSENSUS_SECONDS = "consensus_seconds"  # by council
    DELIVERY_SECONDS = "delivery_seconds"  # of a message, from sending to acknowledgement
    OVERHEAD_SECONDS = "overhead_seconds"  # of an order, beyond what its step worked
    CPU_SHARE = "cpu_share"  # of one processor
    MEMORY_BYTES = "memory_bytes"
    DISK_RATE = "disk_bytes_per_second"
    NETWORK_RATE = "network_bytes_per_second"
    DISK_FREE = "disk_free_share"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement of a run; the key is unique within the run, so that it is taken once."""

    key: str
    at: float
    name: Count | Spread
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Sample:
    """The resources of a process at one moment."""

    at: float
    cpu_share: float
    memory_bytes: float
    disk_bytes_per_second: float
    network_bytes_per_second: float
    disk_free_share: float


@dataclass(frozen=True, slots=True)
class RunLeft:
    """What one run left, as plain JSON data."""

    run_id: str
    ended: float
    status: str
    fault: str = ""  # class of the error that ended it
    events: tuple[Mapping[str, object], ...] = ()  # of events.jsonl
    content: Mapping[str, object] | None = None  # of run.json, where the run had a report
    messages: tuple[Mapping[str, object], ...] = ()  # of messages.jsonl
    samples: tuple[Sample, ...] = ()


@dataclass(slots=True)
class Gathered:
    """Measurements of one name and label, gathered: how many in which bucket, their sum, the time of the last."""

    counts: dict[int, int]
    total: float
    last: float

    @property
    def n(self) -> int:
        """How many measurements there are."""
        return sum(self.counts.values())


Series = Mapping[tuple[str, str], Gathered]
"""Gathered measurements by name and label."""
