"""Contingencies: what is done instead when a step has failed, planned before anything fails.

For the steps that the plan's chance hangs on most, the goal is planned again with that step's failure assumed. Kept are
the few alternatives that gain most chance per second they cost. No two of them may replace the same step, so that the
plan's chance stays a plain product (see `algorithms.plan_risk`).
"""

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import Final

from algorithms.plan_building import build_plan
from algorithms.plan_risk import confidence, step_risks
from state.plans import Contingency, NoPlan, Plan, Step

MOST: Final = 5
"""Contingencies of a plan."""
_MOST_TRIED: Final = 24
"""Steps whose failure is assumed, the riskiest first."""
_EFFORT: Final = 4_000
"""Steps of alternative plans that are planned in all: of a long plan fewer failures are assumed."""
_LEAST_GAIN: Final = 1e-6

Alternative = Callable[[str], Plan | NoPlan | None]
"""Plans the goal without the step of an id; None where nothing could be planned otherwise."""


def contingencies(plan: Plan, alternative: Alternative, most: int = MOST) -> tuple[Contingency, ...]:
    """Return the contingencies that gain most per second they cost, in the order of the plan."""
    found = sorted(_candidates(plan, alternative), key=lambda one: -one.gain / _cost(one))
    chosen: list[Contingency] = []
    replaced: set[str] = set()
    for one in found:
        if len(chosen) < most and replaced.isdisjoint(one.removed):
            chosen.append(one)
            replaced.update(one.removed)
    place = {step.step_id: number for number, step in enumerate(plan.steps)}
    return tuple(sorted(chosen, key=lambda one: place[one.step_id]))


def contingency_for(plan: Plan, step_id: str) -> Contingency | None:
    """Return what was prepared for the failure of a step."""
    return next((one for one in plan.contingencies if one.step_id == step_id), None)


def taken(plan: Plan, contingency: Contingency) -> Plan:
    """Return the plan that a contingency stands for; it has no contingencies itself."""
    steps = {step.step_id: step for step in (*plan.steps, *contingency.steps)}
    other = {choice.task: choice for choice in contingency.choices}
    kept = [choice for choice in plan.choices if choice.task not in contingency.dropped]
    choices = [other.pop(choice.task, choice) for choice in kept]
    return build_plan(plan.goal, [steps[step_id] for step_id in contingency.order], (*choices, *other.values()))


def _candidates(plan: Plan, alternative: Alternative) -> Iterator[Contingency]:
    tried = min(_MOST_TRIED, max(1, _EFFORT // max(1, len(plan.steps))))
    for risk in step_risks(plan.steps):
        if not tried:
            return
        if risk.probability >= 1.0:
            return
        other = alternative(risk.step_id)
        tried -= other is not None
        if not isinstance(other, Plan) or not does_without(other, plan.step(risk.step_id)):
            continue
        found = _contingency(plan, risk.step_id, other)
        if found.gain > _LEAST_GAIN * plan.probability:
            yield found


def _contingency(plan: Plan, step_id: str, other: Plan) -> Contingency:
    own, new = ({step.step_id: step for step in one.steps} for one in (plan, other))
    added = [step for step in other.steps if _is_new(step, own)]
    removed = [step.step_id for step in plan.steps if step.step_id != step_id and _is_new(step, new)]
    failed = plan.step(step_id)
    before = {choice.task: choice for choice in plan.choices}
    after = {choice.task for choice in other.choices}
    found = Contingency(
        step_id=step_id,
        plan_id=other.plan_id,
        instead=in_words(plan, other),
        steps=tuple(step for step in other.steps if own.get(step.step_id) != step),
        order=tuple(step.step_id for step in other.steps),
        choices=tuple(choice for choice in other.choices if before.get(choice.task) != choice),
        dropped=tuple(task for task in before if task not in after),
        probability=prod(step.probability for step in added),
        seconds=failed.seconds + sum(step.seconds for step in added),
        gain=0.0,
        removed=(step_id, *removed),
    )
    gain = confidence(plan.steps, (found,)) - confidence(plan.steps, ())
    return found.model_copy(update={"gain": gain})


def _is_new(step: Step, others: Mapping[str, Step]) -> bool:
    """Return whether a step is none of the others; one of the same id done in another way is another step."""
    same = others.get(step.step_id)
    return same is None or (same.how, same.probability) != (step.how, step.probability)


def does_without(plan: Plan, failed: Step) -> bool:
    """Return whether a plan has no such step, or does it in another way."""
    return all(step.step_id != failed.step_id or step.how != failed.how for step in plan.steps)


def in_words(plan: Plan, other: Plan) -> str:
    """Return what another plan does otherwise: its methods, else the steps it does without."""
    before = {choice.task: choice.method for choice in plan.choices}
    methods = [
        f"{choice.task} by {choice.method}" for choice in other.choices if choice.method != before.get(choice.task)
    ]
    left = {step.step_id for step in other.steps}
    without = [step.step_id for step in plan.steps if step.step_id not in left]
    return ", ".join(methods) or f"a plan without {', '.join(without)}"


def _cost(contingency: Contingency) -> float:
    return max(contingency.seconds, _LEAST_GAIN)
