"""The verdict on the steps of a case: a quality score, recommendations, and the next intervention."""

from collections.abc import Sequence

from algorithms.meta_reasoning.loops import find_cycle, find_repeated, learned, turns
from algorithms.meta_reasoning.signals import find_signals
from state.meta_reasoning import Assessment, Finding, Intervention, Pattern
from state.reasoning import ReasoningStep

_LADDER = (Intervention.HINT, Intervention.OTHER_STRATEGY, Intervention.ARBITRATION, Intervention.STOP)
_WORTH_A_HINT = 0.4
_MOST = 3  # recommendations

_ADVICE = {
    Pattern.REPEATED_ACTION: "do not ask the same again: it was answered; ask something that could change the picture",
    Pattern.CYCLE: "leave the circle of actions: test another hypothesis, or end with what is known",
    Pattern.SAME_THOUGHTS: "say what the last observation changed, and name a different next question",
    Pattern.NO_PROGRESS: "nothing new was learned: look at another column, file or rule, or end with what is known",
    Pattern.POOR_ACTIONS: "choose actions that settle a question: validate a hypothesis, or query the rows concerned",
    Pattern.FAILED_AGAIN: "correct the arguments as the error says, or use another action",
    Pattern.FALLING_CONFIDENCE: "the evidence speaks against the hypothesis: rank the others anew",
    Pattern.STUCK_CONFIDENCE: "look for evidence that could prove the hypothesis wrong",
    Pattern.OVERCONFIDENCE: "test the conclusion with a query before it is given",
}


def assess(steps: Sequence[ReasoningStep]) -> Assessment:
    """Return how good the reasoning is after the last of `steps`; findings with the most severe first."""
    if not steps:
        return Assessment(quality=1.0)
    found, taught = turns(steps), learned(steps)
    newest = bool(found) and found[-1].number == steps[-1].number
    loops = (find_repeated(found), find_cycle(found)) if newest else ()
    findings = (*(finding for finding in loops if finding is not None), *find_signals(steps, found, taught))
    ordered = tuple(sorted(findings, key=lambda finding: -finding.severity))
    return Assessment(
        quality=_quality(steps, taught, ordered),
        findings=ordered,
        recommendations=tuple(_ADVICE[finding.pattern] for finding in ordered)[:_MOST],
    )


def intervene(assessment: Assessment, issued: Sequence[Intervention]) -> Intervention:
    """Return what is done now, after what was done in this case before.

    A loop leads from hint to other strategy, arbitration and stop, one rung each time it is seen; a lesser finding
    leads to a hint and no further.
    """
    worst = max((finding.severity for finding in assessment.findings), default=0.0)
    if worst < _WORTH_A_HINT:
        return Intervention.NONE
    if not assessment.looping:
        return Intervention.HINT
    climbed = max((_LADDER.index(each) for each in issued if each in _LADDER), default=-1)
    return _LADDER[min(climbed + 1, len(_LADDER) - 1)]


def _quality(steps: Sequence[ReasoningStep], taught: Sequence[bool], findings: Sequence[Finding]) -> float:
    """Return half the mean quality of observations, half the share of steps with news, less the findings."""
    seen = [observation.quality for step in steps for observation in step.observations]
    helped = sum(seen) / len(seen) if seen else 0.0
    worst = max((finding.severity for finding in findings), default=0.0)
    return round(max(0.0, (helped + sum(taught) / len(steps)) / 2 * (1 - 0.5 * worst)), 3)
