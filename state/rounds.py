"""A group of replicas as a graph: what is asked for, and the channels between two supersteps.

What a protocol keeps, remembers and says is in the channels as plain JSON data of its own types, so that the graphs of
all protocols have the same channels and a checkpoint can be read as it is.
"""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from state.channels import merge_by_id
from state.faults import FaultSchedule
from state.values import Value

Plain = dict[str, Any]
"""JSON data of one typed value."""


class TimedProposal(Value):
    """Data that somebody proposes to the group."""

    round: int = Field(default=1, ge=1, title="Round", description="From this round on", examples=[1])
    data: str = Field(max_length=200, title="Data", examples=["adopt version 2"])


class GroupRequest(Value):
    """What a group is asked to play."""

    size: int = Field(default=3, ge=1, le=31, title="Size", description="Members of the group", examples=[5])
    rounds: int = Field(default=60, ge=1, le=2_000, title="Rounds", description="Rounds to play", examples=[60])
    proposals: tuple[TimedProposal, ...] = Field(
        default=(), max_length=50, title="Proposals", examples=[[{"round": 1, "data": "adopt version 2"}]]
    )
    schedule: FaultSchedule = Field(default=FaultSchedule(), title="Schedule", description="What goes wrong")

    @property
    def members(self) -> tuple[int, ...]:
        """The ids of the group, from 1."""
        return tuple(range(1, self.size + 1))


class TurnInput(TypedDict):
    """One member's part of a round."""

    group: GroupRequest
    number: int
    member: str
    kept: Plain | None
    """Stable storage; none before the first start."""
    memory: Plain | None
    """What it remembers of the round before; none where it starts, or starts again."""
    messages: list[Plain]
    proposals: list[str]


class TurnOutput(TypedDict):
    """What a member did, by its id."""

    kept: Annotated[dict[str, Plain], merge_by_id]
    memory: Annotated[dict[str, Plain | None], merge_by_id]
    said: Annotated[dict[str, list[Plain]], merge_by_id]


class GroupInput(TypedDict):
    """What starts a group."""

    group: Annotated[
        GroupRequest,
        Field(
            title="Group",
            description="How many members play how many rounds, what is proposed, and what goes wrong",
            examples=[
                {
                    "size": 5,
                    "rounds": 60,
                    "proposals": [{"round": 1, "data": "adopt version 2"}, {"round": 30, "data": "adopt version 3"}],
                    "schedule": {
                        "seed": 7,
                        "drop": 0.05,
                        "duplicate": 0.05,
                        "delay": 1,
                        "crashes": [{"member": 1, "first": 20, "rounds": 15}],
                        "partitions": [{"first": 32, "last": 40, "groups": [[1, 2], [3, 4, 5]]}],
                    },
                }
            ],
        ),
    ]
    """Written by the caller; validated by the scheduler before the first round."""


class GroupOutput(TypedDict, total=False):
    """What a group gives back."""

    number: int
    """Rounds played."""
    decided: dict[str, list[str]]
    """By member: the data it holds as decided, in their order."""
    told: list[str]
    """The last rounds, one line each."""


class GroupState(TypedDict, total=False):
    """Channels of a group."""

    group: GroupRequest
    number: int
    """Written by the scheduler: the round that is played."""
    over: bool
    """Written by the scheduler: the last round is closed."""
    kept: Annotated[dict[str, Plain], merge_by_id]
    """By member: stable storage. Written by each member in its turn; a member that crashed starts from it."""
    memory: Annotated[dict[str, Plain | None], merge_by_id]
    """By member: what it remembers. Written by each member in its turn, and emptied by the scheduler by a crash."""
    said: Annotated[dict[str, list[Plain]], merge_by_id]
    """By member: messages of the round, on their way once the round is closed."""
    held: list[tuple[int, Plain]]
    """Written by the scheduler: messages under way, and the rounds in which they arrive."""
    due: dict[str, list[Plain]]
    """Written by the scheduler, by member that is up: what arrives in this round."""
    opening: Plain
    """Written by the scheduler: what is told of the round's beginning once it is over."""
    handed: dict[str, list[str]]
    """Written by the scheduler, by member: proposals it is handed in this round."""
    waiting: list[str]
    """Written by the scheduler: proposals that nobody could be handed yet."""
    decided: dict[str, list[str]]
    told: list[str]
