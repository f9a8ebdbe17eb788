"""Metrics for Prometheus: a collector over the database, rendered as exposition text.

Counters and histograms tell all that was ever measured, so that they only grow; gauges tell the last hour. Bounds of
histograms are exact within 1 % (`algorithms/metrics/histogram.py`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from algorithms.metrics.histogram import up_to
from state.metrics import Count, Gathered, Series, Spread
from state.production import HealthStatus, ProductionReport
from tools.database.database import Database
from tools.metrics.report import production_report
from tools.metrics.store import gather_ever

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PATH = "/millwright/metrics"
"""Where the server shows them; `/metrics` is the server's own."""

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)
"""Bounds of the histograms of times."""
_BYTES = tuple(float(2**power) for power in range(26, 38, 2))
_SHARES = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0)


class Exported(NamedTuple):
    """How a measurement is shown."""

    name: str
    help: str
    label: str
    bounds: tuple[float, ...] = SECONDS


COUNTERS: Mapping[Count, Exported] = {
    Count.RUNS: Exported("millwright_runs", "Ends of runs", "status"),
    Count.ROWS: Exported("millwright_rows", "Rows of files by their fate", "fate"),
    Count.CELLS: Exported("millwright_cells_changed", "Cells changed", ""),
    Count.CHECKS: Exported("millwright_checks", "Checks of contracts", "result"),
    Count.STEPS: Exported("millwright_steps", "Attempts of steps", "status"),
    Count.AGENT_STEPS: Exported("millwright_agent_steps", "Attempts of steps by agent", "agent"),
    Count.AGENT_FAILURES: Exported("millwright_agent_failures", "Failed attempts by agent", "agent"),
    Count.DECISIONS: Exported("millwright_decisions", "Decisions by agent", "agent"),
    Count.TOKENS: Exported("millwright_tokens", "Tokens of models by agent", "agent"),
    Count.VOTES: Exported("millwright_votes", "Votes by outcome", "outcome"),
    Count.MESSAGES: Exported("millwright_messages", "Messages between agents by fate", "fate"),
    Count.REPLANS: Exported("millwright_replans", "Failed steps by what was done about them", "strategy"),
    Count.ERRORS: Exported("millwright_errors", "Errors by class", "class"),
    Count.CRITICAL: Exported("millwright_critical_errors", "Errors that ended a run, by class", "class"),
}

HISTOGRAMS: Mapping[Spread, Exported] = {
    Spread.RUN_SECONDS: Exported("millwright_run_seconds", "Seconds of work of a run", "status"),
    Spread.STEP_SECONDS: Exported("millwright_step_seconds", "Seconds of an attempt of a step", "kind"),
    Spread.PHASE_SECONDS: Exported("millwright_phase_seconds", "Seconds of a phase of a run", "phase"),
    Spread.CONSENSUS_SECONDS: Exported("millwright_consensus_seconds", "Seconds to consensus", "council"),
    Spread.DELIVERY_SECONDS: Exported("millwright_delivery_seconds", "Seconds from sending to delivery", "kind"),
    Spread.OVERHEAD_SECONDS: Exported("millwright_overhead_seconds", "Seconds of an order beyond its work", ""),
    Spread.CPU_SHARE: Exported("millwright_cpu_share", "Processors used, sampled during runs", "", _SHARES),
    Spread.MEMORY_BYTES: Exported("millwright_memory_bytes", "Memory used, sampled during runs", "", _BYTES),
}

GAUGES: Mapping[str, str] = {
    "millwright_health_score": "Health of the last hour, 0 to 1",
    "millwright_health_status": "1 for the status that holds, of the last hour",
    "millwright_critical_errors_last_hour": "Errors that ended a run in the last hour",
    "millwright_quarantine_share": "Share of rows in quarantine, last hour",
    "millwright_disk_free_share": "Share of the disk that is free, median of the samples of the last hour",
    "millwright_queue_size": "What waits, by queue",
    "millwright_agents": "Registered agents, by status",
    "millwright_faults": "Faults of agents and services that were there in the last hour, by kind",
    "millwright_alerts_open": "Open alerts",
    "millwright_channel_faults": "Channels of alerts that could not be told",
}


def exported_names() -> frozenset[str]:
    """Return the names of all samples that are exported, with the endings that Prometheus gives them."""
    counters = {f"{each.name}_total" for each in COUNTERS.values()}
    histograms = {f"{each.name}_{end}" for each in HISTOGRAMS.values() for end in ("bucket", "sum", "count")}
    return frozenset(counters | histograms | set(GAUGES))


def exposition(database: Database, now: datetime) -> bytes:
    """Return all metrics as exposition text, whose type is `CONTENT_TYPE`."""
    registry = CollectorRegistry()
    registry.register(_Collector(database, now))
    return generate_latest(registry)


class _Collector(Collector):
    """Reads the database once for each time it is asked."""

    def __init__(self, database: Database, now: datetime) -> None:
        self._database, self._now = database, now

    def collect(self) -> Iterator[Metric]:
        """Return all families."""
        ever = gather_ever(self._database)
        for counted, shown in COUNTERS.items():
            yield _counter(shown, _labelled(ever, counted))
        for spread, shown in HISTOGRAMS.items():
            yield _histogram(shown, _labelled(ever, spread))
        yield from _gauges(production_report(self._database, self._now, timedelta(hours=1)))

    def describe(self) -> list[Metric]:
        """Return nothing: names are known without asking the database."""
        return []


def _labelled(series: Series, name: Count | Spread) -> list[tuple[str, Gathered]]:
    return sorted((label, found) for (each, label), found in series.items() if each == name.value)


def _counter(shown: Exported, found: Sequence[tuple[str, Gathered]]) -> Metric:
    family = CounterMetricFamily(shown.name, shown.help, labels=[shown.label] if shown.label else [])
    for label, gathered in found:
        family.add_metric([label] if shown.label else [], gathered.total)
    return family


def _histogram(shown: Exported, found: Sequence[tuple[str, Gathered]]) -> Metric:
    family = HistogramMetricFamily(shown.name, shown.help, labels=[shown.label] if shown.label else [])
    for label, gathered in found:
        buckets = [(f"{bound:g}", float(up_to(gathered.counts, bound))) for bound in shown.bounds]
        buckets.append(("+Inf", float(gathered.n)))
        family.add_metric([label] if shown.label else [], buckets=buckets, sum_value=gathered.total)
    return family


def _gauges(report: ProductionReport) -> Iterator[Metric]:
    values: dict[str, float | None] = {
        "millwright_health_score": report.health.score,
        "millwright_critical_errors_last_hour": report.errors.critical_last_hour,
        "millwright_quarantine_share": report.quality.quarantine_share,
        "millwright_disk_free_share": report.resources.disk_free_share,
        "millwright_channel_faults": len(report.channel_faults),
    }
    for name, value in values.items():
        if value is not None:
            yield GaugeMetricFamily(name, GAUGES[name], value=value)
    statuses = {status.value: float(status is report.health.status) for status in HealthStatus}
    yield _labelled_gauge("millwright_health_status", "status", statuses)
    yield _labelled_gauge("millwright_queue_size", "queue", {name: float(n) for name, n in report.queues.items()})
    yield _labelled_gauge("millwright_agents", "status", {name: float(n) for name, n in report.registry.items()})
    kinds = Counter(each.fault.kind.value for each in report.faults)
    yield _labelled_gauge("millwright_faults", "kind", {kind: float(n) for kind, n in kinds.items()})
    severities: dict[str, float] = {}
    for alert in report.alerts:
        severities[alert.severity] = severities.get(alert.severity, 0.0) + 1
    yield _labelled_gauge("millwright_alerts_open", "severity", severities)


def _labelled_gauge(name: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, GAUGES[name], labels=[label])
    for each, value in values.items():
        family.add_metric([each], value)
    return family
