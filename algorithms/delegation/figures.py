"""Aggregation: whether everything is there, and how the hierarchy performed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from state.delegation import (
    MOST_SETBACKS,
    Assignment,
    HierarchyRecord,
    HierarchyShape,
    OrderReport,
    OrderStatus,
    Setback,
    TeamRef,
    TeamReport,
    WorkFigures,
)

Span = tuple[float, float]
"""An interval of time: from, to."""


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same time as intervals apart from each other, in order."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return tuple(found)


def most_at_once(spans: Iterable[Span]) -> int:
    """Return how many of the intervals overlap at most; one that ends as another begins does not."""
    changes = sorted(change for begin, end in spans for change in ((begin, 1), (end, -1)))
    running = most = 0
    for _, change in changes:
        running += change
        most = max(most, running)
    return most


def report_of(
    team: TeamRef, reports: Mapping[str, OrderReport], setbacks: Sequence[Setback], checking: float
) -> TeamReport:
    """Return what a team did, from the reports of its orders that counted."""
    counted = [report for report in reports.values() if report.status is OrderStatus.DONE]
    figures: Counter[str] = Counter()
    for report in counted:
        figures.update(report.figures)
    spans = [(report.started, report.ended) for report in counted]
    return TeamReport(
        team=team.team,
        lead=team.lead,
        orders=team.orders,
        done=len(counted),
        figures=dict(figures),
        setbacks=tuple(setbacks),
        worked=_bounded(union(spans)),
        busy=sum(report.seconds for report in counted),
        cpu=sum(report.cpu for report in counted),
        waited=sum(max(0.0, report.started - report.sent) for report in counted),
        checking=checking,
        most_at_once=most_at_once(spans),
    )


def _bounded(spans: Sequence[Span], most: int = 50) -> tuple[Span, ...]:
    """Return at most so many intervals: the smallest gaps are closed."""
    gaps = sorted(range(1, len(spans)), key=lambda place: spans[place][0] - spans[place - 1][1], reverse=True)
    kept = sorted(gaps[: most - 1])
    edges = [0, *kept, len(spans)]
    return tuple((spans[a][0], spans[b - 1][1]) for a, b in pairwise(edges) if a < b)


def missing(teams: Sequence[TeamRef], reports: Mapping[str, TeamReport]) -> tuple[str, ...]:
    """Return the teams of which there is no report, or whose orders are not all done."""
    return tuple(
        team.team for team in teams if team.team not in reports or reports[team.team].done != reports[team.team].orders
    )


def record_of(
    assignment: Assignment,
    work: WorkFigures,
    shape: HierarchyShape,
    reports: Sequence[TeamReport],
    elapsed: float,
    overhead_cpu: float | None,
) -> HierarchyRecord:
    """Return how the hierarchy performed; `overhead_cpu` of the whole process without the workers' threads."""
    setbacks = [setback for report in reports for setback in report.setbacks]
    kinds = Counter(setback.status for setback in setbacks)
    figures: Counter[str] = Counter()
    for report in reports:
        figures.update(report.figures)
    spans = [span for report in reports for span in report.worked]
    worked = sum(end - begin for begin, end in union(spans))
    busy, done = sum(report.busy for report in reports), sum(report.done for report in reports)
    return HierarchyRecord(
        key=assignment.key,
        kind=assignment.kind,
        shape=shape,
        work=work,
        figures=dict(figures),
        done=done,
        redelegated=len(setbacks),
        failed=kinds[OrderStatus.FAILED],
        late=kinds[OrderStatus.LATE],
        refuted=kinds[OrderStatus.REFUTED],
        setbacks=tuple(setbacks[:MOST_SETBACKS]),
        elapsed=round(elapsed, 3),
        busy=round(busy, 3),
        parallelism=round(busy / worked, 2) if worked else 0.0,
        most_at_once=max([*(report.most_at_once for report in reports), most_at_once(spans)], default=0),
        waiting=round(sum(report.waited for report in reports) / max(1, done), 3),
        overhead=round(max(0.0, elapsed - worked), 3),
        checking=round(sum(report.checking for report in reports), 3),
        data_cpu=round(sum(report.cpu for report in reports), 3),
        overhead_cpu=None if overhead_cpu is None else round(overhead_cpu, 3),
    )
