"""The production report as lines of text."""

from collections.abc import Iterable
from datetime import UTC, datetime

from state.production import Percentiles, ProductionReport

_MOST_AGENTS = 20
_MOST_FAULTS = 20


def report_lines(report: ProductionReport) -> list[str]:
    """Return the report, part by part; a part of which nothing was measured says so."""
    return [
        f"{moment(report.since)} to {moment(report.until)}",
        *_health(report),
        *_overview(report),
        *_performance(report),
        *_coordination(report),
        *_resources(report),
        *_quality(report),
        *_agents(report),
        *_faults(report),
        *_errors(report),
        *_alerts(report),
        *_recommendations(report),
    ]


def moment(seconds: float) -> str:
    """Return a time as text, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _health(report: ProductionReport) -> Iterable[str]:
    health = report.health
    reason = f": {health.reason}" if health.reason else ""
    yield f"health: {health.status.value}, score {health.score:.2f} ({health.formula}){reason}"
    for part in health.parts:
        yield f"  {part.name:<12} {part.score:.2f} x {part.weight:.2f}  {part.figure}"


def _overview(report: ProductionReport) -> Iterable[str]:
    told = report.overview
    statuses = ", ".join(f"{count} {status}" for status, count in told.by_status.items())
    yield "overview"
    yield f"  runs: {told.runs}{f' ({statuses})' if statuses else ''}, {told.runs_per_hour:.2f} an hour"
    speed = f", {told.rows_per_second:,.0f} rows a second of work" if told.rows_per_second is not None else ""
    yield f"  rows: {told.rows_read:,} read, {told.rows_published:,} published{speed}"
    if report.queues:
        yield "  queues: " + ", ".join(f"{name} {size}" for name, size in report.queues.items())


def _performance(report: ProductionReport) -> Iterable[str]:
    told = report.performance
    yield "performance (seconds)"
    yield f"  {'':<24}{_HEAD}"
    yield _row("run", told.run_seconds)
    yield _row("step", told.step_seconds)
    yield from (_row(f"  {kind}", each) for kind, each in told.by_kind.items())
    yield from (_row(f"phase {phase}", each) for phase, each in told.phases.items())


def _coordination(report: ProductionReport) -> Iterable[str]:
    told = report.coordination
    yield "coordination"
    yield (
        f"  messages: {told.messages_sent} sent, {told.messages_delivered} delivered{_share(told.delivered_share)}, "
        f"{told.messages_redelivered} again, {told.messages_refused} refused, {told.messages_dead} dead"
    )
    yield f"  orders lost and placed again: {told.orders_lost}; steps replanned: {told.replans}"
    yield f"  votes: {told.votes}, consensus reached in {told.consensus_reached}{_share(told.consensus_share)}"
    yield f"  {'milliseconds':<24}{_HEAD}"
    yield _row("delivery", told.delivery_ms)
    yield _row("consensus", told.consensus_ms)
    yield _row("overhead of an order", told.overhead_ms)


def _resources(report: ProductionReport) -> Iterable[str]:
    told = report.resources
    yield "resources (samples during runs)"
    yield f"  {'':<24}{_HEAD}"
    yield _row("processors", told.cpu_share)
    mega = 2.0**20
    yield _row("memory, MB", told.memory_bytes, 1 / mega)
    yield _row("disk, MB/s", told.disk_bytes_per_second, 1 / mega)
    yield _row("network, MB/s", told.network_bytes_per_second, 1 / mega)
    if told.disk_free_share is not None:
        yield f"  disk free: {told.disk_free_share:.1%}"


def _quality(report: ProductionReport) -> Iterable[str]:
    told = report.quality
    checks = ", ".join(f"{count} {result}" for result, count in told.checks.items()) or "none"
    yield "data quality"
    yield (
        f"  rows: {told.rows_read:,} read = {told.rows_published:,} published + {told.rows_withheld:,} withheld + "
        f"{told.rows_quarantined:,} quarantined{_share(told.quarantine_share)} + {told.rows_merged:,} merged"
    )
    yield f"  cells changed: {told.cells_changed:,}; checks: {checks}"


def _agents(report: ProductionReport) -> Iterable[str]:
    registered = ", ".join(f"{count} {status}" for status, count in sorted(report.registry.items()))
    yield f"agents{f' (registered: {registered})' if registered else ''}"
    yield f"  {'':<32}{'decisions':>10}{'tokens':>10}{'steps':>8}{'failed':>8}"
    for each in report.agents[:_MOST_AGENTS]:
        yield f"  {each.agent:<32}{each.decisions:>10}{each.tokens:>10}{each.steps:>8}{each.step_failures:>8}"
    if left := len(report.agents) - _MOST_AGENTS:
        yield from (f"  and {left} more",) if left > 0 else ()


def _faults(report: ProductionReport) -> Iterable[str]:
    lasting = sum(each.lasts for each in report.faults)
    yield f"faults of agents and services: {len(report.faults) or 'none'}{f', {lasting} last' if lasting else ''}"
    for each in report.faults[:_MOST_FAULTS]:
        fault = each.fault
        ended = f"ended {moment(fault.ended_at.timestamp())}" if fault.ended_at else "lasts"
        done = ", ".join(action.value.replace("_", " ") for action in each.actions)
        yield f"  {fault.agent_id} {fault.kind.value}, detected {moment(fault.detected_at.timestamp())}, {ended}"
        yield f"    {fault.evidence}{f'; done: {done}' if done else ''}"
    if len(report.faults) > _MOST_FAULTS:
        yield f"  and {len(report.faults) - _MOST_FAULTS} more"


def _errors(report: ProductionReport) -> Iterable[str]:
    told = report.errors
    yield f"errors: {told.total}{_share(told.steps_failed_share, 'of attempts of steps failed')}"
    for each in told.most_common:
        yield f"  {each.name:<24}{each.count:>6} {each.share:>7.1%}  last {moment(each.last)}"
    yield f"  critical in the last hour: {told.critical_last_hour}"


def _alerts(report: ProductionReport) -> Iterable[str]:
    yield f"alerts: {len(report.alerts) or 'none open'}"
    for each in report.alerts:
        yield (
            f"  {each.severity:<9}{each.state:<13}{each.alert_id}: {each.rule} is {each.value:.4g}, "
            f"threshold {each.threshold:.4g}, since {moment(each.since)}"
        )
    yield from (f"  {fault}" for fault in report.channel_faults)


def _recommendations(report: ProductionReport) -> Iterable[str]:
    yield f"recommendations{'' if report.recommendations else ': none'}"
    for each in report.recommendations:
        yield f"  {each.what} ({each.figure} is {each.value:.4g}, threshold {each.threshold:.4g})"


_HEAD = f"{'n':>8}{'p50':>10}{'p95':>10}{'p99':>10}{'mean':>10}{'largest':>10}"


def _row(name: str, told: Percentiles, scale: float = 1.0) -> str:
    figures = (told.p50, told.p95, told.p99, told.mean, told.largest)
    cells = "".join(f"{'-' if figure is None else f'{figure * scale:.3g}':>10}" for figure in figures)
    return f"  {name:<24}{told.n:>8}{cells}"


def _share(share: float | None, what: str = "") -> str:
    return "" if share is None else f" ({share:.1%}{f' {what}' if what else ''})"
