"""The health score of the operation: a weighted mean of parts, each a straight line of one figure."""

from collections.abc import Sequence

from state.production import Health, HealthPart, HealthStatus

FORMULA = "sum of weight x part / sum of weights, over the parts that were measured"
HEALTHY = 0.8
"""Least score that is healthy."""
DEGRADED = 0.5
"""Least score that is not critical."""

_STEPS_ALL_LOST = 0.2  # share of failed attempts at which that part is 0
_QUARANTINE_ALL_LOST = 0.2
_DISK_ENOUGH = 0.1  # share of free disk at which that part is 1


def health_of(  # noqa: PLR0913  one for each part
    *,
    runs: int,
    failed_runs: int,
    not_met_runs: int,
    steps_failed_share: float | None,
    delivered_share: float | None,
    consensus_share: float | None,
    quarantine_share: float | None,
    disk_free_share: float | None,
    fit_share: float | None,
    critical_errors: int,
) -> Health:
    """Return the score (0 to 1) with its parts; a critical error in the last hour makes it degraded at best."""
    parts = [
        _part("runs", 0.30, _kept(failed_runs / runs), f"{failed_runs} of {runs} runs failed") if runs else None,
        _part("contracts", 0.15, _kept(not_met_runs / runs), f"{not_met_runs} of {runs} runs did not meet the contract")
        if runs
        else None,
        _line("steps", 0.20, steps_failed_share, _STEPS_ALL_LOST, "of attempts of steps failed"),
        _share("messages", 0.10, delivered_share, "of messages were delivered"),
        _share("consensus", 0.05, consensus_share, "of votes reached consensus"),
        _share("agents", 0.10, fit_share, "of agents take work"),
        _line("quality", 0.10, quarantine_share, _QUARANTINE_ALL_LOST, "of rows are in quarantine"),
        None
        if disk_free_share is None
        else _part(
            "disk", 0.10, min(1.0, disk_free_share / _DISK_ENOUGH), f"{disk_free_share:.1%} of the disk is free"
        ),
    ]
    return _judged([part for part in parts if part is not None], critical_errors)


def _judged(parts: Sequence[HealthPart], critical_errors: int) -> Health:
    weight = sum(part.weight for part in parts)
    score = sum(part.weight * part.score for part in parts) / weight if parts else 1.0
    status, reason = HealthStatus.CRITICAL, ""
    if score >= HEALTHY:
        status = HealthStatus.HEALTHY
    elif score >= DEGRADED:
        status = HealthStatus.DEGRADED
    if critical_errors and status is HealthStatus.HEALTHY:
        status, reason = HealthStatus.DEGRADED, f"{critical_errors} critical errors in the last hour"
    return Health(score=score, status=status, parts=tuple(parts), formula=FORMULA, reason=reason)


def _part(name: str, weight: float, score: float, figure: str) -> HealthPart:
    return HealthPart(name=name, score=score, weight=weight, figure=figure)


def _kept(lost: float) -> float:
    return max(0.0, 1.0 - lost)


def _share(name: str, weight: float, share: float | None, figure: str) -> HealthPart | None:
    return None if share is None else _part(name, weight, share, f"{share:.1%} {figure}")


def _line(name: str, weight: float, share: float | None, all_lost: float, figure: str) -> HealthPart | None:
    return None if share is None else _part(name, weight, _kept(share / all_lost), f"{share:.1%} {figure}")
