"""Fusion: steps that each would start a process to run SQL of the contract are performed by one process.

Such steps have the workspace to themselves, so one after the other is all they can be; what is saved is the start of a
process for each step but the first. One transaction holds what they do: where one fails, the work of all is undone, and
they are performed one by one. So steps are fused only where what is saved is more than what is expected to be done in
vain, where no other step must run between them, and where the plan is done sooner by the estimates.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import prod
from typing import Final

from algorithms.dag import topological_order
from algorithms.delivery_estimates import PROCESS
from algorithms.layering import reduced
from algorithms.plan_times import scheduled_seconds
from state.errors import SetupError
from state.plans import Step

MOST: Final = 16
"""Steps of one fusion."""

_TRIED: Final = 2  # groups a step may join: those before are far from it

Group = tuple[str, ...]  # ids of steps, in the order in which they are performed


def fuse(steps: Sequence[Step]) -> Sequence[Step]:
    """Return topologically ordered steps with the same `together` on those that are fused; the same where none are.

    Greedy: each step that is performed apart, in its order, joins that of the last few groups with which the plan is
    done soonest, were there as many workers as steps: how many there are does not change what is fused.
    """
    groups: list[Group] = []
    soonest = scheduled_seconds(steps, len(steps) or 1)
    for step in steps:
        if not step.apart:
            continue
        found = [(_seconds(steps, joined), joined) for joined in _joined(steps, groups, step)]
        seconds, best = min(found, key=lambda each: each[0], default=(soonest, groups))
        if seconds < soonest:
            soonest, groups = seconds, best
        else:
            groups = [*groups, (step.step_id,)]
    fused = [group for group in groups if len(group) > 1]
    return _marked(steps, fused) if fused else steps


def _joined(steps: Sequence[Step], groups: Sequence[Group], step: Step) -> Iterator[list[Group]]:
    """Yield the groups with the step in one of them, where that is expected to save time."""
    by_id = {each.step_id: each for each in steps}
    for place, group in list(enumerate(groups))[-_TRIED:]:
        members = [*(by_id[step_id] for step_id in group), step]
        wasted = (1 - prod(each.probability for each in members)) * sum(each.seconds for each in members)
        if members[0].kind is step.kind and len(members) <= MOST and wasted < PROCESS * (len(members) - 1):
            yield [*groups[:place], (*group, step.step_id), *groups[place + 1 :]]


def _seconds(steps: Sequence[Step], groups: Sequence[Group]) -> float:
    """Return the seconds of the plan with one step for each group; infinite where another must run between them."""
    by_id, owner = {step.step_id: step for step in steps}, _owners(groups)
    whole: dict[str, Step] = {}
    for step in steps:
        label = owner.get(step.step_id, step.step_id)
        members = [by_id[member] for member in next((group for group in groups if group[0] == label), (label,))]
        seconds = sum(member.seconds for member in members) - PROCESS * (len(members) - 1)
        after = _outer(members, owner)
        whole[label] = step.model_copy(update={"step_id": label, "after": after, "seconds": max(0.0, seconds)})
    try:
        order = topological_order({label: step.after for label, step in whole.items()})
    except SetupError:
        return float("inf")
    return scheduled_seconds([whole[label] for label in order], len(order))


def _outer(members: Sequence[Step], owner: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the members wait for, each group by its label, but for one another."""
    own = {member.step_id for member in members}
    waited = [owner.get(other, other) for member in members for other in member.after if other not in own]
    return tuple(dict.fromkeys(waited))


def _owners(groups: Collection[Group]) -> dict[str, str]:
    return {member: group[0] for group in groups for member in group}


def _marked(steps: Sequence[Step], groups: Sequence[Group]) -> list[Step]:
    """Return the steps, each member of a group waiting for what any of them waits for."""
    by_id, changed = {step.step_id: step for step in steps}, {}
    for group in groups:
        members = [by_id[member] for member in group]
        outer = [other for member in members for other in member.after if other not in group]
        for place, member in enumerate(members):
            inner = [other for other in member.after if other in group]
            update = {"after": tuple(dict.fromkeys((*outer, *inner))), "together": group[0]}
            saved = PROCESS if place else 0.0
            changed[member.step_id] = member.model_copy(update={**update, "seconds": max(0.0, member.seconds - saved)})
    after: dict[str, tuple[str, ...]] = {step.step_id: changed.get(step.step_id, step).after for step in steps}
    edges: dict[str, list[str]] = {step_id: [] for step_id in after}
    for before, behind in reduced(after):
        edges[behind].append(before)
    return [
        changed.get(step_id, by_id[step_id]).model_copy(update={"after": tuple(edges[step_id])})
        for step_id in topological_order(after)
    ]
