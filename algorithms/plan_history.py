"""What one plan does otherwise than another."""

from collections.abc import Collection
from typing import NamedTuple

from state.plans import Plan


class Difference(NamedTuple):
    """Ids of steps, in the order of the plan they are in."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]  # of both plans, but not the same: other steps before it, other facts or estimates
    kept: tuple[str, ...]


def difference(before: Plan, after: Plan) -> Difference:
    """Return what `after` does otherwise than `before`."""
    old, new = ({step.step_id: step for step in plan.steps} for plan in (before, after))
    both = [step_id for step_id in new if step_id in old]
    return Difference(
        added=_without(new, old),
        removed=_without(old, new),
        changed=tuple(step_id for step_id in both if new[step_id] != old[step_id]),
        kept=tuple(step_id for step_id in both if new[step_id] == old[step_id]),
    )


def _without(steps: Collection[str], others: Collection[str]) -> tuple[str, ...]:
    return tuple(step_id for step_id in steps if step_id not in others)
