"""Channels of a reasoning worker that is served alone: the run is made first, then the task is worked on."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from state.budget import Spent
from state.channels import merge_by_id
from state.react import ReactOutcome
from state.reasoning import ReasoningTask
from state.run import RunStatus
from state.supervisor import GivenRequest, SupervisorState

GivenTask = Annotated[
    ReasoningTask,
    Field(
        title="Task",
        description="What is to be found out: kind diagnose (a table), or question (needs a model)",
        examples=[{"kind": "diagnose", "goal": "find out what is wrong with the table", "subject": "orders"}],
    ),
]


class CaseInput(TypedDict):
    """What starts a worker."""

    request: GivenRequest
    """Written by the caller; read by every node."""
    task: GivenTask
    """Written by the caller; read by the worker."""


class CaseOutput(TypedDict, total=False):
    """What a worker gives back."""

    status: RunStatus
    """Of the run that was reasoned about."""
    problem: str
    outcomes: Annotated[dict[str, ReactOutcome], merge_by_id]
    spent: Annotated[dict[str, Spent], merge_by_id]


class WholeCase(SupervisorState, total=False):
    """Channels of the run and of the worker."""

    task: ReasoningTask
    outcomes: Annotated[dict[str, ReactOutcome], merge_by_id]
