"""Channels of a reasoning case. The steps lie in the case's log beside the run; state refers to them by number."""

from enum import StrEnum
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from state.budget import Spent
from state.channels import merge_by_id
from state.meta_reasoning import Intervention
from state.reasoning import Proposal, ReasoningTask
from state.run import RunRequest
from state.values import Value


class CaseRef(Value):
    """Where the log of a case lies."""

    case_id: str  # digest of the task and of who reasons
    path: str


class CaseProgress(Value):
    """How far a case is: what state holds of its steps."""

    number: int = 0  # of the last finished step
    calls: int = 0  # actions that were answered
    quality: float = 1.0  # of the reasoning, by the meta-reasoner
    intervention: Intervention = Intervention.NONE  # for the next step
    rung: Intervention = Intervention.NONE  # the strongest one so far
    advice: tuple[str, ...] = ()  # for the next step
    avoid: tuple[str, ...] = ()  # actions that are closed to it
    last: str = ""  # the last step in words, bounded
    doubtful: bool = False  # the meta-reasoner found something in the steps, and has not said what is done about it


class Ending(StrEnum):
    """What ended a case."""

    FINAL_RESULT = "final_result"
    MAX_STEPS = "max_steps"
    BUDGET = "budget"  # of the run
    META_REASONER = "meta_reasoner"  # the case went round in circles
    NOBODY = "nobody"  # no model answered and there is no expert for the task


class End(Value):
    """Why a case ends, and with what."""

    by: Ending
    reason: str = ""
    answer: str = ""  # JSON text of the answer; empty: what was found so far is told


class ReactOutcome(Value):
    """How a case ended, always with what was found."""

    case_id: str
    kind: str
    subject: str
    ended_by: Ending
    reason: str
    answer: str  # JSON text (object), by the kind of the task
    steps: int
    calls: int
    path: str  # of the log with all steps


def furthest(left: CaseProgress | None, right: CaseProgress | None) -> CaseProgress:
    """Return the progress with the higher number, of equals the later one: a repeated update changes nothing."""
    if left is None or right is None:
        return left or right or CaseProgress()
    return right if right.number >= left.number else left


class ReactInput(TypedDict):
    """What starts a case: the run it is about, and the task."""

    request: RunRequest
    task: ReasoningTask
    spent: NotRequired[Annotated[dict[str, Spent], merge_by_id]]


class ReactOutput(TypedDict, total=False):
    """What a case hands to whoever asked."""

    outcomes: Annotated[dict[str, ReactOutcome], merge_by_id]
    """By the id of the case."""
    spent: Annotated[dict[str, Spent], merge_by_id]


class ReactState(TypedDict, total=False):
    """All channels of a case."""

    request: RunRequest
    """Written by the caller; read by every node."""
    task: Annotated[ReasoningTask, Field(title="Task", description="What is to be found out")]
    """Written by the caller; read by every node."""
    case: CaseRef
    """Written when the case is opened; read by every node."""
    proposal: Proposal
    """Written by thinking; read by acting."""
    progress: Annotated[CaseProgress, furthest]
    """Written by acting and by the meta-reasoner; read by thinking and routing."""
    end: End
    """Written by whoever ends the case; read by routing and by the conclusion."""
    outcomes: Annotated[dict[str, ReactOutcome], merge_by_id]
    """Written by the conclusion; read by the caller."""
    spent: Annotated[dict[str, Spent], merge_by_id]
    """Written by the caller and by the steps of the case, keyed by case and step; read by the budget check."""
