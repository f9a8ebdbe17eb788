"""When the steps of a plan can run.

`step_times` knows no workers: earliest and latest times and slack by the critical path method (Kelley and Walker 1959,
"Critical-path planning and scheduling"). `list_schedule` is what an executor with a number of workers does: whenever
one is free it takes the first step in the plan's order that waits for nothing (Graham 1969, "Bounds on multiprocessing
timing anomalies": at most twice the least makespan).
"""

import heapq
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from state.plans import Step, StepKind

_ALONE: Final = frozenset({StepKind.VERIFY, StepKind.PUBLISH})

_ROUNDING: Final = 1e-9  # relative: sums of the same seconds in another order


class StepTimes(NamedTuple):
    """Seconds from the start of the plan."""

    step_id: str
    start: float  # earliest
    end: float  # earliest
    slack: float  # how much later it may start without delaying the end of the plan; 0 on the critical path


class Slot(NamedTuple):
    """When a step runs in a schedule, and by which of the workers."""

    step_id: str
    start: float
    end: float
    worker: int


def runs_alone(step: Step) -> bool:
    """Return whether nothing runs beside the step."""
    return step.apart or step.kind in _ALONE


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


def chain_lengths(steps: Sequence[Step]) -> dict[str, float]:
    """Return for each step the seconds of the longest chain that begins with it."""
    behind: dict[str, float] = {}
    lengths: dict[str, float] = {}
    for step in reversed(steps):
        lengths[step.step_id] = step.seconds + behind.get(step.step_id, 0.0)
        for other in step.after:
            behind[other] = max(behind.get(other, 0.0), lengths[step.step_id])
    return lengths


def list_schedule(steps: Sequence[Step], workers: int, priority: Mapping[str, float] | None = None) -> tuple[Slot, ...]:
    """Return when each step runs with so many workers, in the order in which they are begun.

    The first ready step in the listed order goes first, or the one of the highest `priority`. A step that
    runs alone is begun when nothing runs and nothing else is ready, and nothing is begun beside it. O((V + E) log V).
    """
    line = _Line(steps, workers, priority or {})
    while line.begin():
        line.end()
    return tuple(line.slots)


class _Line:
    """A schedule as it grows."""

    def __init__(self, steps: Sequence[Step], workers: int, priority: Mapping[str, float]) -> None:
        self.slots: list[Slot] = []
        self._now = 0.0
        self._alone = False  # what runs does so alone
        self._idle = list(range(workers))
        self._running: list[tuple[float, int, Slot]] = []
        self._ready: dict[bool, list[tuple[float, int, Step]]] = {False: [], True: []}  # by whether it runs alone
        self._rank = {step.step_id: (-priority.get(step.step_id, 0.0), place) for place, step in enumerate(steps)}
        self._waiting = {step.step_id: sum(other in self._rank for other in set(step.after)) for step in steps}
        self._followers: dict[str, list[Step]] = {step.step_id: [] for step in steps}
        for step in steps:
            for other in set(step.after):
                self._followers.setdefault(other, []).append(step)
            if not self._waiting[step.step_id]:
                self._offer(step)

    def begin(self) -> bool:
        """Begin what there is room for; return whether anything runs now."""
        if not (len(self._running) == 1 and self._alone):
            while self._ready[False] and self._idle:
                self._put(heapq.heappop(self._ready[False])[2])
                self._alone = False
            if self._ready[True] and not self._running:
                self._put(heapq.heappop(self._ready[True])[2])
                self._alone = True
        return bool(self._running)

    def end(self) -> None:
        """Go on to when the next step ends, and offer what waited for it."""
        self._now = self._running[0][0]
        while self._running and self._running[0][0] == self._now:
            slot = heapq.heappop(self._running)[2]
            heapq.heappush(self._idle, slot.worker)
            for follower in self._followers[slot.step_id]:
                self._waiting[follower.step_id] -= 1
                if not self._waiting[follower.step_id]:
                    self._offer(follower)

    def _offer(self, step: Step) -> None:
        heapq.heappush(self._ready[runs_alone(step)], (*self._rank[step.step_id], step))

    def _put(self, step: Step) -> None:
        slot = Slot(step.step_id, self._now, self._now + step.seconds, heapq.heappop(self._idle))
        heapq.heappush(self._running, (slot.end, len(self.slots), slot))
        self.slots.append(slot)


def scheduled_seconds(steps: Sequence[Step], workers: int) -> float:
    """Return the seconds from start to end with so many workers; 0 for no steps."""
    return max((slot.end for slot in list_schedule(steps, workers)), default=0.0)


def _slack(earliest: float, latest: float) -> float:
    return 0.0 if latest - earliest <= _ROUNDING * latest else latest - earliest
