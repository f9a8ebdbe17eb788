"""What is done without a failed step: the plan prepared for that, the smallest part planned anew, or the whole."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from algorithms.delivery import PROPOSED
from algorithms.delivery_repair import RepairedDelivery, repair_delivery
from algorithms.plan_contingencies import contingency_for, does_without, in_words, taken
from algorithms.plan_risk import success_probability
from nodes.plan import facts_of, goal_of, optimised, plan_run
from nodes.plan_record import refused
from state.planning import FailedPlan
from state.plans import Plan
from state.run import RunContext, RunRequest


class Fallback(NamedTuple):
    """A plan that does without the failed step, and how it was come by."""

    plan: Plan
    how: str  # "as prepared", "resolve(orders) planned anew"


class Failure(NamedTuple):
    """A step that failed, and where the run stands."""

    plan: Plan
    step_id: str
    given_up: frozenset[str]  # steps that were given up before, by id
    done: frozenset[str]  # steps that are executed, by id


def fallback(
    failure: Failure, request: RunRequest, context: RunContext, failed: Mapping[str, FailedPlan]
) -> Fallback | None:
    """Return a plan that does without the failed step and is likely enough to succeed; None when there is none.

    What was prepared for this failure comes first, then the smallest part planned anew, then a wider one, then the
    whole. A plan that was given up in this run is not taken again. What was done already does not make a plan less
    likely to succeed.
    """
    for found in _candidates(failure, request, context):
        if _is_another(found.plan, failure) and refused(found.plan, request, failed) is None:
            left = [step for step in found.plan.steps if step.step_id not in failure.done]
            if success_probability(left) >= context.least_confidence:
                return found
    return None


def told(found: Fallback, failure: Failure) -> str:
    """Return what the other plan does otherwise, how it was come by, and what stays of the plan."""
    plan = failure.plan
    kept = {step.step_id for step in found.plan.steps} & {step.step_id for step in plan.steps}
    stays = f"{len(kept)} of {len(plan.steps)} steps stay"
    return f"{in_words(plan, found.plan)} does without {failure.step_id}; {found.how}, {stays}"


def _is_another(found: Plan, failure: Failure) -> bool:
    return found.plan_id != failure.plan.plan_id and does_without(found, failure.plan.step(failure.step_id))


def _candidates(failure: Failure, request: RunRequest, context: RunContext) -> Iterator[Fallback]:
    prepared = contingency_for(failure.plan, failure.step_id)
    if prepared is not None:
        yield Fallback(taken(failure.plan, prepared), "as prepared")
    repaired = _repaired(failure, request, context)
    if repaired is not None:
        yield Fallback(optimised(repaired.plan, request, context), repaired.told)
    whole = plan_run(request, context, failure.given_up | {failure.step_id})
    if isinstance(whole, Plan):
        new = {choice.method for choice in whole.choices} - {choice.method for choice in failure.plan.choices}
        proposed = [method for method in sorted(new) if method.startswith(PROPOSED)]
        yield Fallback(whole, ", ".join(("the whole planned anew", *proposed)))


def _repaired(failure: Failure, request: RunRequest, context: RunContext) -> RepairedDelivery | None:
    """Return the plan in execution with its smallest part planned anew that does without the failed step.

    Where the plan is not the one that its facts lead to (an earlier repair kept it otherwise), its decomposition is not
    known, and there is nothing to repair.
    """
    before = facts_of(request, context, failure.given_up)
    after = facts_of(request, context, failure.given_up | {failure.step_id})
    own = plan_run(request, context, failure.given_up) if before != after else None
    if not isinstance(own, Plan) or own.plan_id != failure.plan.plan_id:
        return None
    found = repair_delivery(before, after, goal_of(request, context), _executed(failure), context.patterns.prefer)
    return found if isinstance(found, RepairedDelivery) else None


def _executed(failure: Failure) -> Collection[str]:
    return {step.step_id for step in failure.plan.steps} & failure.done
