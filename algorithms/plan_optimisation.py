"""Optimisation of a plan: the same goal with less work, or sooner. Each change is recorded with what it gained.

- Sharing: a step that is in the plan twice is done once.
- Dropping: a step is left out when nobody needs what it changes, or when all it makes true is so already.
- Fusing: steps that each would start a process are performed by one (`algorithms.plan_fusion`).
- Order: where not everything can run at once, what has the longest chain behind it goes first (highest level first: Hu
  1961, "Parallel sequencing and assembly line problems"); kept only where the schedule gets shorter, as such an order
  may also make it longer (Graham 1969).

A plan that executes in every order its steps allow still does afterwards.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from algorithms.dag import NOT
from algorithms.layering import reduced
from algorithms.plan_building import build_plan
from algorithms.plan_fusion import fuse
from algorithms.plan_times import chain_lengths, list_schedule, scheduled_seconds
from state.plans import Optimisation, OptimisationKind, Plan, Step

_TOLD: Final = 20
_SLIGHT: Final = 1e-9  # seconds


class Setting(NamedTuple):
    """What optimising must know besides the plan."""

    start: Collection[str]  # facts, as text, that hold before the first step
    goal: Collection[str]  # facts that must hold at the end
    workers: int = 1  # steps that run side by side


def optimise(plan: Plan, setting: Setting) -> Plan:
    """Return the plan with less work and a shorter schedule where there is such a plan, and what was gained."""
    shared = _shared(plan.steps)
    kept = _dropped(shared, setting)
    fused = fuse(kept)
    ordered = _ordered(fused, setting.workers)
    counts, left = Counter(step.step_id for step in plan.steps), {step.step_id for step in kept}
    twice = [step for step in shared if counts[step.step_id] > 1]
    idle = [step for step in shared if step.step_id not in left]
    told = (
        (OptimisationKind.SHARE, plan.steps, shared, twice, "in the plan twice, done once"),
        (OptimisationKind.DROP, shared, kept, idle, "changes nothing that is needed"),
        (OptimisationKind.FUSE, kept, fused, [step for step in fused if step.together], "performed by one process"),
        (OptimisationKind.ORDER, fused, ordered, _sooner(fused, ordered), "begun earlier, for the chain behind it"),
    )
    made = [_gain(*one, setting.workers) for one in told if one[1] is not one[2]]
    return build_plan(
        plan.goal, ordered, plan.choices, revision=plan.revision, optimisations=(*plan.optimisations, *made)
    )


def _shared(steps: Sequence[Step]) -> Sequence[Step]:
    """Leave out repeated steps, where nothing undoes what they do; what waits for one waits for all it waited for."""
    counts: dict[str, int] = {}
    for step in steps:
        counts[step.step_id] = counts.get(step.step_id, 0) + 1
    undone = _undone(steps)
    repeated = [step for step in steps if counts[step.step_id] > 1]
    if not repeated or any(fact in undone or fact.startswith(NOT) for step in repeated for fact in step.effects):
        return steps
    seen: set[str] = set()
    behind: dict[str, list[str]] = {}
    kept: list[Step] = []
    for step in steps:
        after = [*step.after, *(more for other in step.after for more in behind.get(other, ()))]
        if step.step_id in seen:
            behind.setdefault(step.step_id, []).extend(after)
        else:
            seen.add(step.step_id)
            kept.append(step.model_copy(update={"after": tuple(dict.fromkeys(after))}))
    return _reduced(kept)


def _dropped(steps: Sequence[Step], setting: Setting) -> Sequence[Step]:
    """Leave out steps that are needed for nothing, until there is none; what waits for one waits for all before it."""
    kept = list(steps)
    while (found := next(_idle(kept, setting), None)) is not None:
        kept = [
            step.model_copy(update={"after": _replaced(step.after, found)}) if found.step_id in step.after else step
            for step in kept
            if step is not found
        ]
    return _reduced(kept) if len(kept) < len(steps) else steps


def _idle(steps: Sequence[Step], setting: Setting) -> Iterator[Step]:
    """Yield the steps whose every change nobody needs, or is made before them for certain and stays."""
    needs = Counter(chain(setting.goal, *({*step.preconditions} for step in steps)))
    makers = Counter(chain(setting.start, *({*step.effects} for step in steps)))
    by_id = {step.step_id: step for step in steps}
    undone = _undone(steps)
    for step in steps:
        if all(needs[fact] == (fact in step.preconditions) for fact in step.effects):
            yield step
        elif all(makers[fact] > 1 and fact not in undone and not fact.startswith(NOT) for fact in step.effects):
            made = set(chain(setting.start, *(by_id[other].effects for other in _ancestors(step, by_id))))
            if made.issuperset(step.effects):
                yield step


def _ancestors(step: Step, by_id: Mapping[str, Step]) -> set[str]:
    found: set[str] = set()
    waiting = list(step.after)
    while waiting:
        other = waiting.pop()
        if other in by_id and other not in found:
            found.add(other)
            waiting += by_id[other].after
    return found


def _undone(steps: Sequence[Step]) -> set[str]:
    return {fact.removeprefix(NOT) for step in steps for fact in step.effects if fact.startswith(NOT)}


def _replaced(after: Sequence[str], gone: Step) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*(other for other in after if other != gone.step_id), *gone.after)))


def _ordered(steps: Sequence[Step], workers: int) -> Sequence[Step]:
    """List the steps in the order of a shorter schedule, where there is one."""
    by_id = {step.step_id: step for step in steps}
    schedule = list_schedule(steps, workers, chain_lengths(steps))
    found = [by_id[slot.step_id] for slot in schedule]
    shorter = scheduled_seconds(found, workers) < scheduled_seconds(steps, workers) - _SLIGHT
    return found if shorter else steps


def _sooner(before: Sequence[Step], after: Sequence[Step]) -> list[Step]:
    """Return the steps that are listed earlier than they were."""
    place = {step.step_id: number for number, step in enumerate(before)}
    return [step for number, step in enumerate(after) if number < place.get(step.step_id, 0)]


def _gain(
    kind: OptimisationKind,
    before: Sequence[Step],
    after: Sequence[Step],
    about: Sequence[Step],
    what: str,
    workers: int,
) -> Optimisation:
    return Optimisation(
        kind=kind,
        steps=tuple(step.step_id for step in about[:_TOLD]),
        what=what,
        work=sum(step.seconds for step in before) - sum(step.seconds for step in after),
        seconds=scheduled_seconds(before, workers) - scheduled_seconds(after, workers),
    )


def _reduced(steps: Sequence[Step]) -> list[Step]:
    """Return the steps without the order that other order implies."""
    edges: dict[str, list[str]] = {step.step_id: [] for step in steps}
    for before, behind in reduced({step.step_id: step.after for step in steps}):
        edges[behind].append(before)
    return [step.model_copy(update={"after": tuple(edges[step.step_id])}) for step in steps]
