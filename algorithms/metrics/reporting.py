"""The production report from gathered measurements. Pure: who gathers them is no matter of this module."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from algorithms.metrics.advice import recommend
from algorithms.metrics.health import health_of
from algorithms.metrics.histogram import merged, percentiles
from state.metrics import Count, Gathered, Series, Spread
from state.operation_agents import TAKES_WORK, AgentStatus
from state.production import (
    AgentFigures,
    Coordination,
    ErrorClass,
    Errors,
    Health,
    OpenAlert,
    Overview,
    Percentiles,
    Performance,
    ProductionReport,
    Quality,
    ReportedFault,
    Resources,
)

_MOST_ERRORS = 5
_HOUR = 3600.0
_MILLISECONDS = 1000.0


@dataclass(frozen=True, slots=True)
class Beside:
    """What the report tells beside measurements of runs."""

    queues: Mapping[str, int] = field(default_factory=dict)
    registry: Mapping[str, int] = field(default_factory=dict)  # agents by status
    faults: tuple[ReportedFault, ...] = ()
    alerts: tuple[OpenAlert, ...] = ()
    channel_faults: tuple[str, ...] = ()
    disk_free_share: float | None = None  # now; where it is None the median of the samples counts


def report_of(series: Series, last_hour: Series, since: float, until: float, beside: Beside) -> ProductionReport:
    """Return the report of a window; `last_hour` holds what was measured in the hour before its end."""
    view = View(series)
    overview, quality = _overview(view, until - since), _quality(view)
    coordination, errors, resources = _coordination(view), _errors(view, View(last_hour)), _resources(view, beside)
    report = ProductionReport(
        since=since,
        until=until,
        health=_health(overview, quality, coordination, errors, resources, beside),
        overview=overview,
        performance=_performance(view),
        coordination=coordination,
        resources=resources,
        quality=quality,
        agents=_agents(view),
        registry=dict(beside.registry),
        faults=beside.faults,
        errors=errors,
        queues=dict(beside.queues),
        alerts=beside.alerts,
        channel_faults=beside.channel_faults,
    )
    return report.model_copy(update={"recommendations": recommend(report)})


@dataclass(frozen=True, slots=True)
class View:
    """Measurements by name and label."""

    series: Series

    def labelled(self, name: Count | Spread) -> dict[str, Gathered]:
        """Return what was gathered under a name, by label."""
        return {label: found for (each, label), found in self.series.items() if each == name.value}

    def counts(self, name: Count) -> dict[str, int]:
        """Return counts by label."""
        return {label: round(found.total) for label, found in sorted(self.labelled(name).items())}

    def total(self, name: Count) -> int:
        """Return the count over all labels."""
        return sum(self.counts(name).values())

    def spread(self, name: Spread, label: str | None = None, scale: float = 1.0) -> Percentiles:
        """Return the percentiles of a label, or over all, in `scale` of the unit."""
        found = [each for key, each in self.labelled(name).items() if label in (None, key)]
        told = percentiles(merged([each.counts for each in found]), sum(each.total for each in found))
        return told if scale == 1.0 else _scaled(told, scale)


def _scaled(told: Percentiles, scale: float) -> Percentiles:
    figures = ("p50", "p95", "p99", "mean", "largest")
    scaled = {name: value * scale for name in figures if (value := getattr(told, name)) is not None}
    return told.model_copy(update=scaled)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _overview(view: View, seconds: float) -> Overview:
    statuses, rows = view.counts(Count.RUNS), view.counts(Count.ROWS)
    runs = sum(statuses.values())
    worked = sum(found.total for found in view.labelled(Spread.RUN_SECONDS).values())
    return Overview(
        runs=runs,
        by_status=statuses,
        rows_read=rows.get("read", 0),
        rows_published=rows.get("published", 0),
        rows_per_second=_share(rows.get("read", 0), worked),
        runs_per_hour=runs / (seconds / _HOUR) if seconds > 0 else 0.0,
    )


def _performance(view: View) -> Performance:
    def by_label(name: Spread) -> dict[str, Percentiles]:
        return {label: view.spread(name, label) for label in sorted(view.labelled(name))}

    return Performance(
        run_seconds=view.spread(Spread.RUN_SECONDS),
        step_seconds=view.spread(Spread.STEP_SECONDS),
        by_kind=by_label(Spread.STEP_SECONDS),
        phases=by_label(Spread.PHASE_SECONDS),
        attempts=view.counts(Count.STEPS),
    )


def _coordination(view: View) -> Coordination:
    messages, votes = view.counts(Count.MESSAGES), view.counts(Count.VOTES)
    reached, voted = votes.get("reached", 0), sum(votes.values())
    return Coordination(
        messages_sent=messages.get("sent", 0),
        messages_delivered=messages.get("delivered", 0),
        messages_redelivered=messages.get("redelivered", 0),
        messages_refused=messages.get("refused", 0),
        messages_dead=messages.get("dead", 0),
        orders_lost=messages.get("lost_orders", 0),
        delivered_share=_share(messages.get("delivered", 0), messages.get("sent", 0)),
        delivery_ms=view.spread(Spread.DELIVERY_SECONDS, scale=_MILLISECONDS),
        votes=voted,
        consensus_reached=reached,
        consensus_share=_share(reached, voted),
        consensus_ms=view.spread(Spread.CONSENSUS_SECONDS, scale=_MILLISECONDS),
        overhead_ms=view.spread(Spread.OVERHEAD_SECONDS, scale=_MILLISECONDS),
        replans=view.total(Count.REPLANS),
    )


def _resources(view: View, beside: Beside) -> Resources:
    free = view.spread(Spread.DISK_FREE).p50 if beside.disk_free_share is None else beside.disk_free_share
    return Resources(
        cpu_share=view.spread(Spread.CPU_SHARE),
        memory_bytes=view.spread(Spread.MEMORY_BYTES),
        disk_bytes_per_second=view.spread(Spread.DISK_RATE),
        network_bytes_per_second=view.spread(Spread.NETWORK_RATE),
        disk_free_share=free,
    )


def _quality(view: View) -> Quality:
    rows = view.counts(Count.ROWS)
    fates = {f"rows_{fate}": rows.get(fate, 0) for fate in ("read", "published", "withheld", "quarantined", "merged")}
    return Quality(
        **fates,
        cells_changed=view.total(Count.CELLS),
        quarantine_share=_share(rows.get("quarantined", 0), rows.get("read", 0)),
        checks=view.counts(Count.CHECKS),
    )


def _agents(view: View) -> tuple[AgentFigures, ...]:
    decisions, tokens = view.counts(Count.DECISIONS), view.counts(Count.TOKENS)
    steps, failures = view.counts(Count.AGENT_STEPS), view.counts(Count.AGENT_FAILURES)
    return tuple(
        AgentFigures(
            agent=agent,
            decisions=decisions.get(agent, 0),
            tokens=tokens.get(agent, 0),
            steps=steps.get(agent, 0),
            step_failures=failures.get(agent, 0),
        )
        for agent in sorted({*decisions, *tokens, *steps, *failures})
    )


def _errors(view: View, last_hour: View) -> Errors:
    found, steps, runs = view.labelled(Count.ERRORS), view.counts(Count.STEPS), view.counts(Count.RUNS)
    total = sum(round(each.total) for each in found.values())
    common = sorted(found.items(), key=lambda entry: (-entry[1].total, entry[0]))
    return Errors(
        total=total,
        steps_failed_share=_share(steps.get("failed", 0), sum(steps.values())),
        runs_failed_share=_share(runs.get("failed", 0), sum(runs.values())),
        most_common=tuple(
            ErrorClass(name=name, count=round(each.total), share=each.total / total, last=each.last)
            for name, each in common[:_MOST_ERRORS]
        ),
        critical_last_hour=last_hour.total(Count.CRITICAL),
    )


def _health(
    overview: Overview,
    quality: Quality,
    coordination: Coordination,
    errors: Errors,
    resources: Resources,
    beside: Beside,
) -> Health:
    fit = sum(beside.registry.get(status, 0) for status in TAKES_WORK)
    return health_of(
        runs=overview.runs,
        failed_runs=overview.by_status.get("failed", 0),
        not_met_runs=overview.by_status.get("not_met", 0),
        steps_failed_share=errors.steps_failed_share,
        delivered_share=coordination.delivered_share,
        consensus_share=coordination.consensus_share,
        quarantine_share=quality.quarantine_share,
        disk_free_share=resources.disk_free_share,
        fit_share=_share(fit, fit + beside.registry.get(AgentStatus.OUT, 0)),
        critical_errors=errors.critical_last_hour,
    )
