"""What may go wrong with a plan: the chance that no step fails, and which steps that chance hangs on.

A plan succeeds at the first try when every step does, and the steps are taken as independent, so its probability is
the product over its steps. The importance of a step is the derivative of that product (Birnbaum 1969); its gain is what
the plan would win if the step could not fail.
"""

from collections.abc import Sequence
from math import log, prod
from typing import NamedTuple

from state.plans import Step


class StepRisk(NamedTuple):
    """What one step contributes to the risk of its plan."""

    step_id: str
    probability: float  # estimated chance to succeed at the first try
    importance: float  # change of the plan's probability per change of the step's
    gain: float  # the plan's probability with a step that cannot fail, less that with the step as it is
    share: float  # of the plan's risk, measured as -log p: the shares of all steps add up to 1


def success_probability(steps: Sequence[Step]) -> float:
    """Return the chance that every step succeeds at the first try; 1 for no steps."""
    return prod(step.probability for step in steps)


def step_risks(steps: Sequence[Step]) -> tuple[StepRisk, ...]:
    """Return the risk of every step, the riskiest first; equal ones in the order of the steps.

    A step that cannot succeed has all of the risk, divided among those like it.
    """
    chances = [step.probability for step in steps]
    hopeless = chances.count(0.0)
    burden = -sum(log(chance) for chance in chances if chance > 0.0)
    risks = []
    for position, step in enumerate(steps):
        others = prod(chances[:position]) * prod(chances[position + 1 :])
        risks.append(
            StepRisk(
                step_id=step.step_id,
                probability=step.probability,
                importance=others,
                gain=others * (1.0 - step.probability),
                share=_share(step.probability, burden, hopeless),
            )
        )
    return tuple(sorted(risks, key=lambda risk: -risk.share))


def _share(chance: float, burden: float, hopeless: int) -> float:
    if hopeless:
        return 1.0 / hopeless if chance == 0.0 else 0.0
    return -log(chance) / burden if burden and chance < 1.0 else 0.0
