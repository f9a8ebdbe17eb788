"""The production report under the names of the outside meter, and where both disagree."""

from collections.abc import Iterable, Mapping

from algorithms.metrics.histogram import ERROR
from state.production import Percentiles, ProductionReport

_MILLISECONDS = 1000.0
_TINY = 1e-6


def reported(report: ProductionReport) -> dict[str, float]:
    """Return the figures of a report under the names of the meter."""
    return dict([*_counts(report), *_spreads(report)])


def differences(told: Mapping[str, float], metered: Mapping[str, float]) -> list[str]:
    """Return the figures that are not as metered: counts and means must be equal, percentiles within 1 %."""
    faults = []
    for name, value in metered.items():
        found = told.get(name, 0.0)
        allowed = ERROR * value * 1.001 if name.endswith(("p50", "p95", "p99")) else abs(value) * _TINY
        if abs(found - value) > allowed + _TINY * 1e-3:
            faults.append(f"{name}: {found:.6g} told, {value:.6g} metered")
    return faults


def _counts(report: ProductionReport) -> Iterable[tuple[str, float]]:
    yield from ((f"runs {status}", count) for status, count in report.overview.by_status.items())
    quality = report.quality
    for fate in ("read", "published", "quarantined", "merged", "withheld"):
        yield f"rows {fate}", getattr(quality, f"rows_{fate}")
    yield "cells changed", quality.cells_changed
    yield from ((f"checks {result}", count) for result, count in quality.checks.items())
    for agent in report.agents:
        if agent.decisions:
            yield f"decisions {agent.agent}", agent.decisions
        if agent.steps:
            yield f"steps of {agent.agent}", agent.steps
    yield "tokens", sum(agent.tokens for agent in report.agents)
    talk = report.coordination
    yield "votes", talk.votes
    yield "votes reached", talk.consensus_reached
    yield "messages sent", talk.messages_sent
    yield "messages delivered", talk.messages_delivered
    yield from ((f"attempts {status}", count) for status, count in report.performance.attempts.items())


def _spreads(report: ProductionReport) -> Iterable[tuple[str, float]]:
    speed, talk = report.performance, report.coordination
    yield from _spread("run seconds", speed.run_seconds)
    yield from _spread("step seconds", speed.step_seconds)
    for kind, told in speed.by_kind.items():
        yield from _spread(f"step seconds {kind}", told)
    yield from _spread("consensus seconds", talk.consensus_ms, _MILLISECONDS)
    yield from _spread("delivery seconds", talk.delivery_ms, _MILLISECONDS)
    yield from _spread("overhead seconds", talk.overhead_ms, _MILLISECONDS)


def _spread(name: str, told: Percentiles, scale: float = 1.0) -> Iterable[tuple[str, float]]:
    yield f"{name} n", told.n
    for share in ("p50", "p95", "p99", "mean"):
        value = getattr(told, share)
        if value is not None:
            yield f"{name} {share}", value / scale
