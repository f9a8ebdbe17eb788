"""Monitors: each looks at one figure of an agent and says fit, unfit or unknown. Three look at each aspect.

No two monitors of an aspect go by the same measurement: one by a limit, one by what is usual with this agent, one by
another source (work it was ordered, the questions whose answer is known, what others said). One that lies is outvoted.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from algorithms.intervals import wilson
from algorithms.operation.phi import excess, phi
from state.health import HealthLimits, Vitals
from state.operation_agents import Aspect, Finding, HealthCheck

LEAST_DECISIONS = 8
"""Decisions with a known outcome below which their share says nothing."""

_LEAST_GROWTH = 1.5  # times what is usual, below which no figure is called unusual however steady it was


class Seen(NamedTuple):
    """What a monitor says, with the figure it goes by and its limit."""

    finding: Finding
    figure: float | None = None
    limit: float | None = None
    reason: str = ""


Monitor = Callable[[Vitals, HealthLimits], Seen]
NOTHING = Seen(Finding.UNKNOWN)


def rhythm(vitals: Vitals, limits: HealthLimits) -> Seen:
    """Whether it has been silent for longer, or answered later, than its rhythm allows (phi accrual)."""
    silent = None if vitals.silence is None else phi(vitals.silence, vitals.usual_took, least_spread=1.0)
    late = None if vitals.took is None else phi(vitals.took, vitals.usual_took, least_spread=1.0)
    known = [each for each in (silent, late) if each is not None]
    if not known:
        return NOTHING
    what = "silence" if silent is not None and silent == max(known) else "its answer"
    return _over(max(known), limits.phi, f"phi of {what}")


def probe(vitals: Vitals, limits: HealthLimits) -> Seen:
    """Whether it answers the probe, in time and rightly."""
    if vitals.probed is None:
        return NOTHING
    if vitals.probed.fault and not vitals.probed.wrong:
        return Seen(Finding.UNFIT, vitals.probed.seconds, limits.answer, vitals.probed.fault)
    return _over(vitals.probed.seconds, limits.answer, "seconds to answer the probe")


def orders(vitals: Vitals, limits: HealthLimits) -> Seen:
    """Whether the work it was ordered is done in time."""
    if vitals.overdue:
        return Seen(Finding.UNFIT, vitals.overdue, 0, "orders past their time")
    if vitals.failed >= limits.failures:
        return Seen(Finding.UNFIT, vitals.failed, limits.failures, "failures in a row")
    return Seen(Finding.FIT, vitals.failed, limits.failures) if vitals.kept or vitals.failed else NOTHING


def memory(vitals: Vitals, limits: HealthLimits) -> Seen:
    """Whether its processes hold more memory than they may."""
    return NOTHING if vitals.memory is None else _over(vitals.memory, limits.memory, "bytes")


def processor(vitals: Vitals, limits: HealthLimits) -> Seen:
    """Whether its processes take all cores."""
    return NOTHING if vitals.processor is None else _over(vitals.processor, limits.processor, "share of all cores")


def growth(vitals: Vitals, limits: HealthLimits) -> Seen:
    """Whether it uses far more memory or processor than is usual with it."""
    seen = [
        _unusual(vitals.memory, vitals.usual_memory, limits, "memory"),
        _unusual(vitals.processor, vitals.usual_processor, limits, "processor", least=0.5),
    ]
    return _worst(seen)


def backlog(vitals: Vitals, limits: HealthLimits) -> Seen:
    """Whether more messages wait because of it than may."""
    return NOTHING if vitals.backlog is None else _over(vitals.backlog, limits.backlog, "messages wait")


def age(vitals: Vitals, limits: HealthLimits) -> Seen:
    """Whether a message waits for too long because of it."""
    return NOTHING if vitals.oldest is None else _over(vitals.oldest, limits.age, "seconds a message waits")


def flow(vitals: Vitals, limits: HealthLimits) -> Seen:
    """Whether it sends far more messages than is usual with it."""
    return _unusual(vitals.flow, vitals.usual_flow, limits, "messages", least=20.0)


def outcomes(vitals: Vitals, limits: HealthLimits) -> Seen:
    """Whether verification found more of its decisions wrong than may be, and than is usual with it."""
    seen = vitals.right + vitals.wrong
    if seen < LEAST_DECISIONS:
        return NOTHING
    limit = max(limits.wrong, vitals.usual_wrong or 0.0)
    low, _ = wilson(vitals.wrong, seen)
    finding = Finding.UNFIT if low > limit else Finding.FIT
    return Seen(finding, vitals.wrong / seen, limit, f"{vitals.wrong} of {seen} decisions found wrong")


def control(vitals: Vitals, _limits: HealthLimits) -> Seen:
    """Whether it answers rightly a question whose answer is known."""
    if vitals.probed is None or (vitals.probed.fault and not vitals.probed.wrong):
        return NOTHING
    return Seen(Finding.UNFIT if vitals.probed.wrong else Finding.FIT, reason=vitals.probed.fault)


def peers(vitals: Vitals, limits: HealthLimits) -> Seen:
    """Whether others, asked the same (a council, the version before, a person), overrule it more often than may be."""
    seen = vitals.overruled + vitals.upheld
    if seen < LEAST_DECISIONS:
        return NOTHING
    low, _ = wilson(vitals.overruled, seen)
    finding = Finding.UNFIT if low > limits.wrong else Finding.FIT
    return Seen(finding, vitals.overruled / seen, limits.wrong, f"{vitals.overruled} of {seen} decisions overruled")


MONITORS: Mapping[Aspect, Mapping[str, Monitor]] = {
    Aspect.ANSWERS: {"rhythm": rhythm, "probe": probe, "orders": orders},
    Aspect.RESOURCES: {"memory": memory, "processor": processor, "growth": growth},
    Aspect.MAILBOX: {"backlog": backlog, "age": age, "flow": flow},
    Aspect.QUALITY: {"outcomes": outcomes, "control": control, "peers": peers},
}
"""All monitors, by what they look at."""


def looked(
    aspect: Aspect, vitals: Vitals, limits: HealthLimits, at: datetime, monitors: Mapping[str, Monitor] | None = None
) -> tuple[HealthCheck, ...]:
    """Return what every monitor of an aspect says."""
    found = []
    for name, monitor in (monitors or MONITORS[aspect]).items():
        seen = monitor(vitals, limits)
        found.append(
            HealthCheck(
                agent_id=vitals.agent_id,
                aspect=aspect,
                monitor=name,
                at=at,
                finding=seen.finding,
                figure=seen.figure,
                limit=seen.limit,
                reason=seen.reason[:500],
            )
        )
    return tuple(found)


def _over(figure: float, limit: float, what: str) -> Seen:
    return Seen(Finding.UNFIT if figure > limit else Finding.FIT, figure, limit, f"{figure:.4g} {what}")


def _unusual(
    value: float | None, usual: Sequence[float], limits: HealthLimits, what: str, *, least: float = 0.0
) -> Seen:
    """Return whether a value is far above what is usual; one below `least` never is."""
    above = None if value is None else excess(value, usual)
    if value is None or above is None:
        return NOTHING
    middle = sorted(usual)[len(usual) // 2]
    odd = above > limits.excess and value > max(least, _LEAST_GROWTH * middle)
    reason = f"{what} {value:.4g}, usually {middle:.4g}"
    return Seen(Finding.UNFIT if odd else Finding.FIT, above, limits.excess, reason)


def _worst(seen: Sequence[Seen]) -> Seen:
    order = (Finding.UNFIT, Finding.FIT, Finding.UNKNOWN)
    return min(seen, key=lambda each: order.index(each.finding))
