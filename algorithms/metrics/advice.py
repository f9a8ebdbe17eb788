"""Recommendations that follow from figures: each names its figure and the threshold it is beyond."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from algorithms.metrics.figures import reading
from state.production import ProductionReport, Recommendation


class _Advice(NamedTuple):
    figure: str
    when: Literal["above", "below"]
    threshold: float
    what: Callable[[ProductionReport], str]


def _common_error(report: ProductionReport) -> str:
    first = report.errors.most_common[0] if report.errors.most_common else None
    named = f", most often {first.name!r} ({first.count} of {report.errors.total})" if first else ""
    return f"steps fail often{named}: look into the runs that failed (millwright runs)"


def _slowest(report: ProductionReport) -> str:
    timed = {kind: told for kind, told in report.performance.by_kind.items() if told.mean is not None}
    slowest = max(timed, key=lambda kind: timed[kind].n * (timed[kind].mean or 0.0), default="")
    named = f"; most time goes into {slowest!r}" if slowest else ""
    return f"half of the runs take long{named}: raise MILLWRIGHT_THREADS or MILLWRIGHT_PARALLEL_STEPS"


def _plain(text: str) -> Callable[[ProductionReport], str]:
    return lambda _report: text


_ADVICE = (
    _Advice("critical_errors", "above", 0, _plain("errors ended runs: read their problem, then resume them")),
    _Advice("error_rate", "above", 0.05, _common_error),
    _Advice("not_met_share", "above", 0.1, _plain("contracts are not met: read the reports' failed checks")),
    _Advice(
        "quarantine_share", "above", 0.05, _plain("many rows are set aside: export quarantine, mend, deliver again")
    ),
    _Advice("budget_spent_runs", "above", 0, _plain("budgets were spent: resume those runs, or give them more")),
    _Advice("delivered_share", "below", 0.99, _plain("messages get lost: see whether the hub's Redis answers")),
    _Advice("consensus_share", "below", 0.8, _plain("votes often stay open: name aliases or formats in the contract")),
    _Advice(
        "overhead_ms_p95", "above", 250, _plain("orders wait long beside their work: more workers or fewer at once")
    ),
    _Advice("run_seconds_p50", "above", 600, _slowest),
    _Advice("disk_free_share", "below", 0.1, _plain("the disk is nearly full: remove old workspaces of finished runs")),
    _Advice("memory_bytes_p95", "above", 8 * 2**30, _plain("runs use much memory: lower MILLWRIGHT_MEMORY")),
    _Advice("agents_out", "above", 0, _plain("agents are out of service: see why (millwright agents)")),
    _Advice("queue_waiting", "above", 50, _plain("runs wait in the queue: start more workers (millwright work)")),
)


def recommend(report: ProductionReport) -> tuple[Recommendation, ...]:
    """Return what to do, in the order of urgency; nothing where no figure is beyond its threshold."""
    found = []
    for advice in _ADVICE:
        value = reading(report, advice.figure)
        if value is None:
            continue
        beyond = value > advice.threshold if advice.when == "above" else value < advice.threshold
        if beyond:
            what = advice.what(report)
            told = Recommendation(what=what, figure=advice.figure, value=value, threshold=advice.threshold)
            found.append(told)
    return tuple(found)
