"""Channels of the diagnosis of what failed: a case for each failing table, side by side."""

from typing import Annotated

from typing_extensions import TypedDict

from state.budget import Spent
from state.channels import merge_by_id
from state.diagnosis import Diagnosis
from state.react import ReactOutcome
from state.reasoning import ReasoningTask
from state.run import RunRequest


class DiagnoseOutput(TypedDict, total=False):
    """What diagnosing hands to the supervisor."""

    request: RunRequest
    """Written by a fork, which is another run."""
    moment: int
    diagnoses: Annotated[dict[str, Diagnosis], merge_by_id]
    """By table."""
    spent: Annotated[dict[str, Spent], merge_by_id]


class DiagnoseState(TypedDict, total=False):
    """Channels of the graph that diagnoses."""

    request: RunRequest
    """Written by the caller; read by every node."""
    moment: int
    """Written by every node: how many worked in the run's folder before; read to tell a fork."""
    cases: tuple[ReasoningTask, ...]
    """Written by the choice of what is diagnosed; read by routing and by the record."""
    outcomes: Annotated[dict[str, ReactOutcome], merge_by_id]
    """Written by each case; read by the record."""
    diagnoses: Annotated[dict[str, Diagnosis], merge_by_id]
    """Written by the record."""
    spent: Annotated[dict[str, Spent], merge_by_id]
    """Written by the cases; read by their budget check."""
