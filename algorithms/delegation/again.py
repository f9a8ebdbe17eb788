"""Orders that were not done are delegated again: to another worker, and in the end to the lead itself."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from state.delegation import Order, OrderReport, OrderStatus, Setback

MOST_ATTEMPTS = 3
"""Attempts by workers; then the lead does it itself, and what it meets is not hidden any more."""

_FAILURES = 2
"""Failures of a worker after which it gets nothing more; one lie or one missed deadline is enough."""


def left_out(setbacks: Iterable[Setback]) -> frozenset[str]:
    """Return the workers that get no more orders."""
    failures: Counter[str] = Counter()
    gone = set()
    for setback in setbacks:
        if setback.status is OrderStatus.FAILED:
            failures[setback.worker] += 1
        else:
            gone.add(setback.worker)
    return frozenset(gone | {worker for worker, count in failures.items() if count >= _FAILURES})


def delegate_again(
    given: Sequence[Order], reports: Mapping[str, OrderReport], setbacks: Sequence[Setback], crew: Sequence[str]
) -> tuple[Order, ...]:
    """Return the orders among those `given` that are given out anew; `setbacks` are all of the team so far.

    An order whose report is missing counts as not done.
    """
    gone = left_out(setbacks)
    left = [worker for worker in crew if worker not in gone]
    again: list[Order] = []
    for order in given:
        report = reports.get(order.key)
        if report is not None and report.attempt == order.attempt and report.status is OrderStatus.DONE:
            continue
        tried = {setback.worker for setback in setbacks if setback.key == order.key} | {order.worker}
        others = [worker for worker in left if worker not in tried]
        at = crew.index(order.worker) if order.worker in crew else 0
        others.sort(key=lambda worker: (crew.index(worker) - at) % len(crew))
        final = report is not None and report.final
        mine = final or not others or order.attempt >= MOST_ATTEMPTS
        changes = {"worker": order.lead if mine else others[len(again) % len(others)], "attempt": order.attempt + 1}
        again.append(order.model_copy(update=changes | ({"seconds": 0.0} if mine else {})))
    return tuple(again)
