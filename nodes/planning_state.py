"""Where a run stands with its plan, told at the moments at which it moves on."""

from collections.abc import Mapping

from typing_extensions import TypedDict

from nodes.events import emit
from state.planning import PlanningState
from state.reports import Replan
from state.supervisor import ExecutorOutput


class MovingInput(TypedDict):
    """Keys telling the state reads."""

    replans: dict[str, Replan]


def enter_execution(state: MovingInput) -> ExecutorOutput:
    """Tell that steps are performed from here on."""
    return {"planning": tell(PlanningState.EXECUTING, state.get("replans", {}))}


def enter_replanning(state: MovingInput) -> ExecutorOutput:
    """Tell that a step failed, and that it is decided how to go on."""
    return {"planning": tell(PlanningState.REPLANNING, state.get("replans", {}))}


def tell(now: PlanningState, replans: Mapping[str, Replan]) -> PlanningState:
    """Stream the state and return it; the same state after another ruling is another event."""
    emit("planning", f"planning:{now}:{len(replans)}", state=now.value)
    return now
