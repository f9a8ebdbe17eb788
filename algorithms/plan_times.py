"""When the steps of a plan can run: earliest and latest times and slack, by the critical path method.

Kelley and Walker 1959, "Critical-path planning and scheduling". Workers are not counted: a step starts as soon as the
steps before it are done.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from state.plans import Step

_ROUNDING: Final = 1e-9  # relative: sums of the same seconds in another order


class StepTimes(NamedTuple):
    """Seconds from the start of the plan."""

    step_id: str
    start: float  # earliest
    end: float  # earliest
    slack: float  # how much later it may start without delaying the end of the plan; 0 on the critical path


def step_times(steps: Sequence[Step]) -> tuple[StepTimes, ...]:
    """Return the times of topologically ordered steps, in their order; predecessors not among them count as done."""
    earliest: dict[str, float] = {}
    followers: dict[str, list[str]] = {step.step_id: [] for step in steps}
    for step in steps:
        inside = [other for other in step.after if other in earliest]
        for other in inside:
            followers[other].append(step.step_id)
        earliest[step.step_id] = max((earliest[other] for other in inside), default=0.0) + step.seconds
    whole = max(earliest.values(), default=0.0)
    latest: dict[str, float] = {}
    begin: dict[str, float] = {}
    for step in reversed(steps):
        latest[step.step_id] = min((begin[other] for other in followers[step.step_id]), default=whole)
        begin[step.step_id] = latest[step.step_id] - step.seconds
    return tuple(
        StepTimes(
            step_id=step.step_id,
            start=earliest[step.step_id] - step.seconds,
            end=earliest[step.step_id],
            slack=_slack(earliest[step.step_id], latest[step.step_id]),
        )
        for step in steps
    )


def _slack(earliest: float, latest: float) -> float:
    return 0.0 if latest - earliest <= _ROUNDING * latest else latest - earliest
