"""Repairs the plan of a delivery after a step was given up: the smallest part anew, the rest as it is.

The kernel repairs a solution from the facts after the steps that are done (`algorithms.planning.repair`). What a step
that was given up would have looked at is not there any more, which no action changes. So the repaired decisions are
made again from the start under the new facts before they count: a plan whose first part would not be begun that way is
none, as it could not be checked, resumed or repaired again.
"""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from algorithms.delivery import as_plan, delivery_problem, solve_delivery, step_id
from algorithms.delivery_ways import ACTIONS
from algorithms.planning.choosing import by_rank
from algorithms.planning.compilation import compile_problem
from algorithms.planning.repair import Repair, Stage, repair
from algorithms.planning.solution import Solution
from state.errors import StepError
from state.plans import DeliveryFacts, NoPlan, Plan

_TOLD: Final = {
    Stage.PART: "{task} planned anew",
    Stage.TAIL: "{task} and what follows planned anew",
    Stage.REST: "all that was not over planned anew",
}


class RepairedDelivery(NamedTuple):
    """A repaired plan, and which stage it took."""

    plan: Plan
    stage: Stage
    told: str  # "resolve(orders) planned anew"


def repair_delivery(
    before: DeliveryFacts,
    after: DeliveryFacts,
    goal: str,
    done: Collection[str],
    prefer: Mapping[str, str] | None = None,
) -> RepairedDelivery | NoPlan:
    """Return the plan from the facts `before` repaired for those `after`; `done` are the ids of executed steps.

    NoPlan where the facts make no part unfit, where only the whole planned anew would do, and where a step that was
    done would be done in another way.
    """
    solution = solve_delivery(before, goal, prefer)
    task = delivery_problem(after, goal, prefer)
    if isinstance(solution, NoPlan) or task.no_plan is not None:
        return solution if isinstance(solution, NoPlan) else _none(goal, "there is nothing to deliver")
    if [table.proposal for table in before.tables] != [table.proposal for table in after.tables]:
        return _none(goal, "a proposal changes the methods")
    prefix = next((n for n, one in enumerate(solution.steps) if step_id(one) not in done), len(solution.steps))
    now = {*task.problem.facts, *(fact for step in solution.steps if step_id(step) in done for fact in step.adds)}
    found = repair(solution, now, prefix, choosing=by_rank(task.ranking))
    if isinstance(found, NoPlan):
        return found
    if found.stage not in _TOLD:
        return _none(goal, f"planned anew: {found.stage.value}")
    program = compile_problem(task.problem, eager=not solution.program.complete)
    try:
        repaired = as_plan(
            Solution(program, found.solution.decisions, found.solution.cost, found.nodes), goal, task.ranking
        )
    except StepError as error:
        return _none(goal, error.line())
    return _checked(solution, repaired, found, done)


def _checked(solution: Solution, repaired: Plan, found: Repair, done: Collection[str]) -> RepairedDelivery | NoPlan:
    """Return the plan if every step that was done is in it as it was done."""
    kept = {step.step_id: step.how for step in repaired.steps}
    for step in solution.steps:
        name = step_id(step)
        if name in done and kept.get(name) != ACTIONS[step.task.name][1]:
            return _none(repaired.goal, f"{name} was done and is no part of it")
    return RepairedDelivery(repaired, found.stage, _TOLD[found.stage].format(task=found.replanned))


def _none(goal: str, reason: str) -> NoPlan:
    return NoPlan(goal=goal, reason=reason, tried=(reason,), exhausted=False)
