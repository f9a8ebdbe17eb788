"""What may go wrong with a plan: the chance that it reaches its end, and which steps that chance hangs on.

The steps are taken as independent. Without contingencies a plan reaches its end when every step succeeds at its first
try: the product over its steps. A contingency stands for the failure of one step. It leaves out that step and perhaps
others, and adds some: together a unit, which succeeds when its own steps do or, where the failed step fails, the added
ones. The plan's chance is the product over its units and the steps outside of them; it is exact where the units of
different contingencies share no step, and those that `algorithms.plan_contingencies` prepares do not.

The importance of a step is the derivative of the product (Birnbaum 1969, "On the importance of different components in
a multicomponent system"); its gain is what the plan would win if the step could not fail.
"""

from collections.abc import Sequence
from math import log, prod
from typing import Final

from algorithms.plan_times import scheduled_seconds
from state.planning import RiskAnalysis, StepRisk, Swing
from state.plans import Contingency, Plan, Step

_RISKIEST: Final = 10
_SWINGS: Final = 12


def success_probability(steps: Sequence[Step]) -> float:
    """Return the chance that every step succeeds at the first try; 1 for no steps."""
    return prod(step.probability for step in steps)


def confidence(steps: Sequence[Step], contingencies: Sequence[Contingency]) -> float:
    """Return the chance that steps in their listed order reach their end, by the contingencies where one fails."""
    within = {step_id for one in contingencies for step_id in one.removed}
    outside = prod(step.probability for step in steps if step.step_id not in within)
    return outside * prod(unit_probability(steps, one) for one in contingencies)


def unit_probability(steps: Sequence[Step], contingency: Contingency) -> float:
    """Return the chance that the steps a contingency may replace succeed, or what replaces them does.

    Of these steps those before the failed one were done when it fails; those after it are only needed if it does not.
    """
    chances = {step.step_id: step.probability for step in steps if step.step_id in contingency.removed}
    if contingency.step_id not in chances:
        return prod(chances.values())
    order = list(chances)
    place = order.index(contingency.step_id)
    before, own = prod(chances[one] for one in order[:place]), chances[contingency.step_id]
    behind = prod(chances[one] for one in order[place + 1 :])
    return before * (own * behind + (1.0 - own) * contingency.probability)


def step_risks(steps: Sequence[Step]) -> tuple[StepRisk, ...]:
    """Return the risk of every step, the riskiest first; equal ones in the order of the steps.

    A step that cannot succeed has all of the risk, divided among those like it.
    """
    chances = [step.probability for step in steps]
    hopeless = chances.count(0.0)
    burden = -sum(log(chance) for chance in chances if chance > 0.0)
    left, right = _products(chances), _products(chances[::-1])[::-1]
    risks = [
        StepRisk(
            step_id=step.step_id,
            probability=step.probability,
            importance=left[place] * right[place + 1],
            gain=left[place] * right[place + 1] * (1.0 - step.probability),
            share=_share(step.probability, burden, hopeless),
        )
        for place, step in enumerate(steps)
    ]
    return tuple(sorted(risks, key=lambda risk: -risk.share))


def swings(plan: Plan, workers: int, most: int = _SWINGS) -> tuple[Swing, ...]:
    """Return how the plan's figures move with each of the steps that move them most, the widest swings first.

    One step at a time, all others as estimated, as in a tornado diagram: its chance to fail halved and doubled, its
    seconds halved and doubled.
    """
    whole = confidence(plan.steps, plan.contingencies)
    risky = [risk.step_id for risk in step_risks(plan.steps)[:most]]
    long = [step.step_id for step in sorted(plan.steps, key=lambda step: -step.seconds)[:most]]
    chosen = set(risky) | set(long)
    found = [_swing(plan, place, workers) for place, step in enumerate(plan.steps) if step.step_id in chosen]

    def width(swing: Swing) -> float:
        chance = (swing.best_probability - swing.worst_probability) / whole if whole else 0.0
        return chance + (swing.most_seconds - swing.least_seconds) / (plan.seconds or 1.0)

    return tuple(sorted(found, key=lambda swing: -width(swing))[:most])


def analyse_risks(
    plan: Plan, workers: int, least_confidence: float = 0.0, budget_seconds: float | None = None
) -> RiskAnalysis:
    """Return what may go wrong with a plan that so many workers carry out."""
    return RiskAnalysis(
        probability=success_probability(plan.steps),
        confidence=confidence(plan.steps, plan.contingencies),
        least_confidence=least_confidence,
        seconds=scheduled_seconds(plan.steps, workers),
        budget_seconds=budget_seconds,
        riskiest=step_risks(plan.steps)[:_RISKIEST],
        swings=swings(plan, workers),
    )


def _swing(plan: Plan, place: int, workers: int) -> Swing:
    step = plan.steps[place]

    def chance(factor: float) -> float:
        return confidence(_with(plan.steps, place, probability=_failing(step.probability, factor)), plan.contingencies)

    def seconds(factor: float) -> float:
        return scheduled_seconds(_with(plan.steps, place, seconds=step.seconds * factor), workers)

    return Swing(
        step_id=step.step_id,
        best_probability=chance(0.5),
        worst_probability=chance(2.0),
        least_seconds=seconds(0.5),
        most_seconds=seconds(2.0),
    )


def _failing(probability: float, factor: float) -> float:
    return 1.0 - min(1.0, (1.0 - probability) * factor)


def _with(steps: Sequence[Step], place: int, **changes: float) -> Sequence[Step]:
    return [*steps[:place], steps[place].model_copy(update=changes), *steps[place + 1 :]]


def _products(chances: Sequence[float]) -> list[float]:
    """Return the products of the first 0, 1, 2 and so on chances."""
    products = [1.0]
    for chance in chances:
        products.append(products[-1] * chance)
    return products


def _share(chance: float, burden: float, hopeless: int) -> float:
    if hopeless:
        return 1.0 / hopeless if chance == 0.0 else 0.0
    return -log(chance) / burden if burden and chance < 1.0 else 0.0
