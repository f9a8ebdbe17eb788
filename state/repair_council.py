"""The repair council in a run: what is put before it, what it found, and what became of each finding.

The table and the findings lie in files (see `tools.repair_council`); state holds where, and counts.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from state.budget import Spent
from state.channels import merge_by_id
from state.values import Value


class CouncilTask(Value):
    """A table that is put before the council."""

    table: str = Field(title="Table", description="Name of the table; in the contract, where one is given")
    path: str = Field(title="Path", description="File of the table: Parquet of text, or CSV")
    contract: str = Field(
        default="", title="Contract", description="ODCS file that says what the columns must be; empty: none"
    )
    keys: tuple[str, ...] = Field(
        default=(), title="Keys", description="Columns that name the row and are never changed"
    )
    ends_at: str = Field(default="", title="Findings", description="Where the findings are written; empty: beside it")


class CouncilRef(Value):
    """What state holds of the findings about one table."""

    table: str
    path: str  # of the findings; empty where there are none
    rows: int = 0
    repairs: int = 0
    proposals: int = 0
    flags: int = 0
    seconds: float = 0.0
    failed: str = ""  # why there are no findings


class CouncilFound(Value):
    """What is told beside the findings, in their folder."""

    reference: CouncilRef
    reliability: dict[str, float] = Field(default_factory=dict)  # specialist -> learned chance to be right
    notes: tuple[str, ...] = ()  # what was not looked at, and why


class CellOutcome(StrEnum):
    """What became of a finding."""

    APPLIED = "applied"
    PROPOSED = "proposed"
    LEFT = "left"


class CouncilInput(TypedDict):
    """What starts a council."""

    task: Annotated[
        CouncilTask,
        Field(
            title="Task",
            description="The table that is put before the council",
            examples=[{"table": "customers", "path": "out/demo/input/customers_2023.csv", "keys": ["customer_id"]}],
        ),
    ]
    """Written by the caller; read by every node."""


class CouncilOutput(TypedDict, total=False):
    """What a council gives back."""

    found: Annotated[dict[str, CouncilRef], merge_by_id]
    """By table; written by the last node, read by the caller."""
    spent: Annotated[dict[str, Spent], merge_by_id]


class CouncilState(TypedDict, total=False):
    """Channels of the council."""

    task: CouncilTask
    found: Annotated[dict[str, CouncilRef], merge_by_id]
    spent: Annotated[dict[str, Spent], merge_by_id]
