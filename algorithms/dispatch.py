"""Which steps of a plan are begun next, where several are performed at once.

List scheduling by the critical path (Graham 1969): whenever there is room, the ready step that may start last without
delaying the end of the plan is the last to be taken. There is no round to wait for the end of.
"""

from collections.abc import Collection, Mapping, Sequence

from algorithms.dag import ready
from algorithms.plan_times import step_times
from state.plans import Plan, Step


def urgency(steps: Sequence[Step]) -> dict[str, float]:
    """Return by step the estimated second at which it must start at the latest: the lower, the more urgent."""
    return {times.step_id: times.start + times.slack for times in step_times(steps)}


def next_steps(
    plan: Plan,
    done: Collection[str],
    running: Collection[str],
    *,
    alone: Collection[str],
    most: int,
    latest: Mapping[str, float],
) -> tuple[Step, ...]:
    """Return the ready steps to begin beside the running ones, of the steps in `latest`, the most urgent first.

    A step of `alone` is begun when nothing runs and no other is ready, and nothing is begun beside it: those that can
    run side by side are not kept waiting by those that cannot.
    """
    if any(step_id in alone for step_id in running):
        return ()
    free = [step for step in ready(plan, done) if step.step_id in latest and step.step_id not in running]
    free.sort(key=lambda step: latest[step.step_id])  # ties keep the order of the plan
    beside = tuple(step for step in free if step.step_id not in alone)[: max(0, most - len(running))]
    return beside if beside or running else tuple(free[:1])
