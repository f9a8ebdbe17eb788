"""The plans of a run on record: each revision with what made it necessary, and those that were given up."""

from collections.abc import Mapping
from typing import Final

from algorithms.plan_history import difference
from state.planning import FailedPlan, PlanRevision
from state.plans import NoPlan, Plan, PlanRef
from state.reports import Replan, Strategy
from state.run import RunRequest

_TOLD: Final = 20
_ID: Final = 12  # digits of a plan's id that are told


def first_revision(run_id: str, plan: Plan, reference: PlanRef) -> dict[str, PlanRevision]:
    """Return the record of a run's first plan, by its id."""
    return _record(run_id, plan, reference, trigger="first plan", kept=len(plan.steps))


def next_revision(run_id: str, before: Plan, plan: Plan, reference: PlanRef, trigger: str) -> dict[str, PlanRevision]:
    """Return the record of a plan that takes the place of another, by its id."""
    other = difference(before, plan)
    return _record(
        run_id,
        plan,
        reference,
        trigger=trigger[:1_000],
        kept=len(other.kept),
        added=other.added[:_TOLD],
        removed=other.removed[:_TOLD],
        changed=other.changed[:_TOLD],
    )


def given_up(run_id: str, plan: Plan, why: str) -> dict[str, FailedPlan]:
    """Return the record of a plan that failed, by its id."""
    return {f"{run_id}:{plan.plan_id}": FailedPlan(run_id=run_id, plan_id=plan.plan_id, why=why[:1_000])}


def steps_given_up(replans: Mapping[str, Replan]) -> frozenset[str]:
    """Return the ids of the steps that rulings gave up."""
    return frozenset(ruling.step_id for ruling in replans.values() if ruling.action is Strategy.FALL_BACK)


def refused(plan: Plan, request: RunRequest, failed: Mapping[str, FailedPlan]) -> NoPlan | None:
    """Return why a plan is not taken: it failed in this run before. None for any other plan."""
    known = failed.get(f"{request.run_id}:{plan.plan_id}")
    if known is None:
        return None
    reason = f"plan {plan.plan_id[:_ID]} failed in this run before ({known.why}) and no other is known"
    return NoPlan(goal=plan.goal, reason=reason, tried=(reason,), exhausted=False)


def _record(run_id: str, plan: Plan, reference: PlanRef, **more: object) -> dict[str, PlanRevision]:
    known = {
        "run_id": run_id,
        "revision": plan.revision,
        "plan_id": plan.plan_id,
        "path": reference.path,
        "steps": len(plan.steps),
        "confidence": plan.metadata.confidence if plan.metadata else plan.probability,
        "seconds": plan.seconds,
    }
    return {f"{run_id}:{plan.revision}": PlanRevision.model_validate({**known, **more})}
