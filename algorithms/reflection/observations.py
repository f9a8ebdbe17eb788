"""What runs showed, as rows that can be counted: (group, context, action) -> outcome, once for each run.

A run counts once however often it shows something: what its steps have in common is not independent.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from algorithms.reflection.statistics import median
from state.experience import Experience

STEP: Final = "step"  # context: table, action: kind and way; shown: done at the first try
AGENT: Final = "agent"  # context: kind of step, action: agent; shown: its contracts of the run were kept
DURATION: Final = "duration"  # as of a step; ratio: measured seconds per estimated second
BID: Final = "bid"  # context: kind of step, action: engine; ratio: measured seconds per promised second

Key = tuple[str, str, str]
"""Group, context and action."""


class Observation(NamedTuple):
    """What one run showed of one action."""

    key: Key
    run: int  # its place in time, from 0
    run_id: str
    shown: bool = False
    ratio: float = 0.0  # of the groups that measure time
    seconds: float = 0.0


def observe(experiences: Sequence[Experience]) -> tuple[Observation, ...]:
    """Return what the runs, oldest first, showed."""
    return tuple(each for number, run in enumerate(experiences) for each in _of(number, run))


def _of(number: int, run: Experience) -> Iterator[Observation]:
    kept: dict[Key, bool] = {}
    bids: dict[Key, list[float]] = {}
    for step in run.steps:
        if not step.attempts:
            continue
        yield Observation((STEP, step.table, step.action), number, run.run_id, shown=step.first_try)
        skill = step.step_id.partition(":")[0]
        if step.first_try and step.estimate > 0:
            ratio = step.seconds / step.estimate
            key = (DURATION, step.table, step.action)
            yield Observation(key, number, run.run_id, ratio=ratio, seconds=step.seconds)
        if step.kept is not None:
            key = (AGENT, skill, step.agent)
            kept[key] = kept.get(key, True) and step.kept
        if step.first_try and step.promised > 0:
            bids.setdefault((BID, skill, step.engine), []).append(step.seconds / step.promised)
    for key, shown in kept.items():
        yield Observation(key, number, run.run_id, shown=shown)
    for key, ratios in bids.items():
        yield Observation(key, number, run.run_id, ratio=median(ratios))


def by_key(observations: Iterable[Observation]) -> dict[Key, list[Observation]]:
    """Return the observations by what they are of."""
    found: dict[Key, list[Observation]] = {}
    for each in observations:
        found.setdefault(each.key, []).append(each)
    return found
