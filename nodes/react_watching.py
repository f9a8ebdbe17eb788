"""Watching a case: the meta-reasoner judges all of its steps after each one, and acts where it found something."""

from collections.abc import Sequence

from typing_extensions import TypedDict

from algorithms.meta_reasoning.assess import assess, intervene
from nodes.events import emit
from state.meta_reasoning import Intervention
from state.react import CaseProgress, CaseRef, ReactState
from state.reasoning import ActionKind, ReasoningStep
from tools.cases import case_log

_MOST_TOLD = 300


class WatchInput(TypedDict):
    """Keys watching reads."""

    case: CaseRef
    progress: CaseProgress


def looked_at(progress: CaseProgress, steps: Sequence[ReasoningStep]) -> CaseProgress:
    """Return the progress with the quality of the steps, and whether something was found in them."""
    verdict = assess(steps)
    return progress.model_copy(update={"quality": verdict.quality, "doubtful": bool(verdict.findings)})


def watch(state: WatchInput) -> ReactState:
    """Say what is done about what was found in the steps: nothing, hint, other strategy, arbitration, stop."""
    progress, steps = state["progress"], case_log(state["case"].path).steps()
    verdict = assess(steps)
    taken = intervene(verdict, () if progress.rung is Intervention.NONE else (progress.rung,))
    circling = {number for finding in verdict.findings[:1] for number in finding.steps}
    closed = {call.name for step in steps if step.number in circling for call in step.actions}
    told = "; ".join(finding.detail for finding in verdict.findings)[:_MOST_TOLD]
    if taken is not Intervention.NONE:
        event_id = f"case:{state['case'].case_id}:{progress.number}:watch"
        emit("meta", event_id, step=progress.number, intervention=taken.value, quality=verdict.quality, reason=told)
    update = {
        "quality": verdict.quality,
        "intervention": taken,
        "rung": taken if taken is not Intervention.NONE and verdict.looping else progress.rung,
        "advice": verdict.recommendations if taken is not Intervention.NONE else (),
        "avoid": tuple(sorted(closed - {ActionKind.FINAL_RESULT.value}))
        if taken is Intervention.OTHER_STRATEGY
        else (),
        "last": told or progress.last,
        "doubtful": False,
    }
    return {"progress": progress.model_copy(update=update)}
