"""Figures of the production report by name: what rules of alerts and recommendations watch."""

from collections.abc import Callable, Mapping

from state.production import ProductionReport

Reading = Callable[[ProductionReport], float | None]

FIGURES: Mapping[str, tuple[str, Reading]] = {
    "health": ("the health score, 0 to 1", lambda report: report.health.score),
    "runs": ("runs that ended", lambda report: report.overview.runs),
    "runs_per_hour": ("runs that ended, per hour", lambda report: report.overview.runs_per_hour),
    "rows_per_second": ("rows read per second of work", lambda report: report.overview.rows_per_second),
    "run_seconds_p50": ("seconds of a run, median", lambda report: report.performance.run_seconds.p50),
    "run_seconds_p95": ("seconds of a run, 95th percentile", lambda report: report.performance.run_seconds.p95),
    "run_seconds_p99": ("seconds of a run, 99th percentile", lambda report: report.performance.run_seconds.p99),
    "step_seconds_p95": ("seconds of a step, 95th percentile", lambda report: report.performance.step_seconds.p95),
    "step_seconds_p99": ("seconds of a step, 99th percentile", lambda report: report.performance.step_seconds.p99),
    "error_rate": ("share of attempts of steps that failed", lambda report: report.errors.steps_failed_share),
    "errors": ("errors of all classes", lambda report: report.errors.total),
    "critical_errors": ("errors that ended a run, last hour", lambda report: report.errors.critical_last_hour),
    "failed_share": ("share of runs that failed", lambda report: report.errors.runs_failed_share),
    "not_met_share": ("share of runs whose contract is not met", lambda report: _of_runs(report, "not_met")),
    "budget_spent_runs": (
        "runs whose budget was spent",
        lambda report: report.overview.by_status.get("budget_spent", 0),
    ),
    "tokens": ("tokens of models", lambda report: sum(agent.tokens for agent in report.agents)),
    "quarantine_share": ("share of rows in quarantine", lambda report: report.quality.quarantine_share),
    "failed_checks": ("checks that failed", lambda report: report.quality.checks.get("failed", 0)),
    "delivered_share": ("share of messages delivered", lambda report: report.coordination.delivered_share),
    "dead_messages": ("messages given up or expired", lambda report: report.coordination.messages_dead),
    "consensus_share": ("share of votes that reached consensus", lambda report: report.coordination.consensus_share),
    "consensus_ms_p95": (
        "milliseconds to consensus, 95th percentile",
        lambda report: report.coordination.consensus_ms.p95,
    ),
    "overhead_ms_p95": ("milliseconds of an order beyond its work", lambda report: report.coordination.overhead_ms.p95),
    "cpu_share_p95": ("processors used, 95th percentile", lambda report: report.resources.cpu_share.p95),
    "memory_bytes_p95": ("bytes of memory, 95th percentile", lambda report: report.resources.memory_bytes.p95),
    "disk_free_share": ("share of the disk that is free", lambda report: report.resources.disk_free_share),
    "agents_out": ("agents that were taken out of service", lambda report: report.registry.get("out", 0)),
    "agent_faults": ("faults of agents and services that were there", lambda report: len(report.faults)),
    "queue_waiting": ("runs that wait in the queue", lambda report: report.queues.get("waiting")),
}
"""What each figure means, and how it is read from a report; None where nothing was measured."""


def reading(report: ProductionReport, figure: str) -> float | None:
    """Return a figure of a report; KeyError where there is no such figure."""
    return FIGURES[figure][1](report)


def _of_runs(report: ProductionReport, status: str) -> float | None:
    runs = report.overview.runs
    return report.overview.by_status.get(status, 0) / runs if runs else None
