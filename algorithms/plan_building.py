"""Plans put together from their steps: the figures that follow from them, and the id."""

from collections.abc import Sequence
from math import prod
from typing import Any, Final

from algorithms.dag import makespan
from state.plans import MethodChoice, Plan, Step
from state.values import digest

_EXPECTED: Final = {"seconds", "probability"}


def build_plan(goal: str, steps: Sequence[Step], choices: Sequence[MethodChoice], **more: Any) -> Plan:  # noqa: ANN401  fields of a plan
    """Return the plan of topologically ordered steps.

    Its id depends on the goal and on what is done, not on the order in which the steps are listed, which is the
    scheduler's, nor on what they are expected to take: that changes with every run that is learned from.
    """
    told = [step.model_dump(mode="json", exclude=_EXPECTED) for step in sorted(steps, key=lambda step: step.step_id)]
    return Plan(
        plan_id=digest({"goal": goal, "steps": told}),
        goal=goal,
        steps=tuple(steps),
        choices=tuple(choices),
        seconds=makespan(steps),
        probability=prod(step.probability for step in steps),
        **more,
    )


def depth(choices: Sequence[MethodChoice], steps: Sequence[Step]) -> int:
    """Return the levels of the task network: a task stands one below the task it is a part of, steps lowest."""
    level: dict[str | None, int] = {None: 0}
    for choice in choices:  # parents come before children
        level[choice.task] = level.get(choice.parent, 0) + 1
    return max((level.get(step.part_of, 0) + 1 for step in steps), default=max(level.values()))
