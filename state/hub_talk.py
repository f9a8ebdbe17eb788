"""The hub as a graph: what is asked for, and the channels between supersteps. A round is one second of its clock."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from state.channels import merge_by_id
from state.faults import FaultSchedule
from state.hub import HubSettings
from state.rounds import Plain
from state.values import Value


class TalkOrder(Value):
    """An order that the chief gives a worker."""

    round: int = Field(default=1, ge=1, title="Round", description="In which it is given", examples=[1])
    worker: int = Field(default=1, ge=1, title="Worker", examples=[1])
    text: str = Field(default="", max_length=200, title="Text", examples=["conform orders"])
    priority: int = Field(default=1, ge=0, le=3, title="Priority", description="3: urgent", examples=[1])
    life: int | None = Field(default=None, ge=1, title="Life", description="Rounds until it expires; null: never")


class HubTalk(Value):
    """What is asked of a chief, its workers and the hub between them."""

    workers: int = Field(default=3, ge=1, le=8, title="Workers", examples=[3])
    rounds: int = Field(default=40, ge=1, le=500, title="Rounds", description="Rounds to play", examples=[40])
    orders: tuple[TalkOrder, ...] = Field(default=(), max_length=20, title="Orders")
    schedule: FaultSchedule = Field(
        default=FaultSchedule(), title="Schedule", description="What is lost or doubled, and which workers are down"
    )
    settings: HubSettings = Field(
        default=HubSettings(mailbox=20, visibility=3.0, deliveries=6, backoff=1.0),
        title="Hub",
        description="Its bounds",
    )


class AgentTurn(TypedDict):
    """One worker's part of a round."""

    talk: HubTalk
    number: int
    worker: str
    messages: list[Plain]
    effects: list[str]
    """Ids of the messages that had their effect: kept in the same update as the effect."""


class AgentSaid(TypedDict):
    """What a worker did, by its id."""

    said: Annotated[dict[str, list[Plain]], merge_by_id]
    done: Annotated[dict[str, list[str]], merge_by_id]
    effects: Annotated[dict[str, list[str]], merge_by_id]


class HubInput(TypedDict):
    """What starts the hub."""

    talk: Annotated[
        HubTalk,
        Field(
            title="Talk",
            description="How many workers get which orders, and what goes wrong",
            examples=[
                {
                    "workers": 3,
                    "rounds": 40,
                    "orders": [
                        {"round": 1, "worker": 1, "text": "conform orders"},
                        {"round": 1, "worker": 1, "text": "stop", "priority": 3},
                        {"round": 2, "worker": 2, "text": "conform customers", "life": 30},
                    ],
                    "schedule": {
                        "seed": 7,
                        "drop": 0.2,
                        "duplicate": 0.1,
                        "crashes": [{"member": 1, "first": 3, "rounds": 6}],
                    },
                }
            ],
        ),
    ]
    """Written by the caller; validated by the exchange before the first round."""


class HubOutput(TypedDict, total=False):
    """What the hub gives back."""

    number: int
    """Rounds played."""
    effects: dict[str, list[str]]
    """By worker: the messages that had their effect, each once."""
    conversation: list[Plain]
    """The messages in the order they were accepted, as the checkpoint holds them."""
    dead: list[Plain]
    told: list[str]
    """The last rounds, one line each."""


class HubState(TypedDict, total=False):
    """Channels of the hub."""

    talk: HubTalk
    number: int
    """Written by the exchange: the round that is played."""
    over: bool
    letters: Annotated[dict[str, Plain], merge_by_id]
    """By message: the letter as it is. Written by the exchange; all that the hub is, is made anew from it."""
    due: dict[str, list[Plain]]
    """Written by the exchange, by worker that is up: what it is handed in this round."""
    said: Annotated[dict[str, list[Plain]], merge_by_id]
    """By worker: what it said in its turn; on its way once the round is over."""
    done: Annotated[dict[str, list[str]], merge_by_id]
    """By worker: what it acknowledges."""
    effects: Annotated[dict[str, list[str]], merge_by_id]
    conversation: list[Plain]
    dead: list[Plain]
    told: list[str]
