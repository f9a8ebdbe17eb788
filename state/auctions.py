"""Auctions: who may bid, what is announced, what is bid, and the award, which is an execution contract.

Work is bought: the least cost wins, and a price is what the winner is granted for it. Costs, prices and budgets are
seconds of a worker. Of goods that are sold the same mechanisms take the highest value (`algorithms/auctions`).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from state.agents import AgentCard
from state.values import Value

MOST_AGENTS = 64
MOST_TASKS = 64
"""Bidders and tasks of one auction: they travel in the state of its graph."""

MOST_REASON = 200


class Mechanism(StrEnum):
    """How the winner is found and what it is granted."""

    VICKREY = "vickrey"  # sealed bids, second price; several tasks at once by Vickrey, Clarke and Groves
    ENGLISH = "english"  # an open clock: the ceiling falls until one is left
    SEALED = "sealed"  # sealed bids, first price: what was bid


class Engine(StrEnum):
    """What performs a step."""

    IN_PROCESS = "duckdb"  # the run's instance; SQL of the contract has the workspace to itself
    OWN_PROCESS = "duckdb-process"  # a process with a database and a memory limit of its own, beside the others


class Ended(StrEnum):
    """How an execution contract ended."""

    KEPT = "kept"
    OVERRUN = "overrun"  # done, after its deadline
    FAILED = "failed"


class Reputation(Value):
    """How an agent kept its contracts: counts, of which older ones fade."""

    kept: float = Field(default=0.0, ge=0, title="Kept")
    overrun: float = Field(default=0.0, ge=0, title="Overrun")
    failed: float = Field(default=0.0, ge=0, title="Failed")


class CostModel(Value):
    """What an agent asks for: seconds to start, then so many for each second that the task is expected to take."""

    start: float = Field(default=0.0, ge=0, title="Start", description="Seconds before it begins")
    per_second: float = Field(default=1.0, gt=0, title="Per second", description="Its seconds per estimated second")
    per_million_rows: float = Field(default=0.0, ge=0, title="Per million rows", description="Seconds to bring them")


class Bidder(Value):
    """A card with what only an auction asks of it; `factor` is for showing what a bid that is not the truth does."""

    card: AgentCard = Field(title="Card", description="Role, skills, engine, capacity, cost of a second")
    cost_model: CostModel = Field(default=CostModel(), title="Cost model")
    reputation: Reputation = Field(default=Reputation(), title="Reputation")
    memory: int | None = Field(default=None, gt=0, title="Memory", description="Bytes it may use; null: not known")
    factor: float = Field(default=1.0, gt=0, title="Factor", description="How much of its true cost it bids; 1: truth")


class TaskOffer(Value):
    """A task as it is announced, with what a bidder must be able to do."""

    task_id: str = Field(min_length=1, title="Task", description="Unique in the auction")
    skill: str = Field(title="Skill", description="Kind of step that a bidder must be able to take")
    seconds: float = Field(default=1.0, ge=0, title="Seconds", description="Estimated, by the plan")
    rows: int = Field(default=0, ge=0, title="Rows")
    size: int = Field(default=0, ge=0, title="Size", description="Bytes")
    engines: tuple[str, ...] = Field(default=(), title="Engines", description="Engines that may do it; empty: any")
    memory: int = Field(default=0, ge=0, title="Memory", description="Bytes a bidder must have")
    least_confidence: float = Field(default=0.0, ge=0, le=1, title="Least confidence")
    reserve: float | None = Field(
        default=None, ge=0, title="Reserve", description="Most that is paid, in seconds; null: anything"
    )
    hindered: dict[str, float] = Field(
        default_factory=dict, title="Hindered", description="By engine, seconds of others' work that it keeps waiting"
    )


class Announcement(Value):
    """What all bidders are told."""

    auction_id: str
    mechanism: Mechanism
    tasks: tuple[TaskOffer, ...]


class Bid(Value):
    """What an agent offers for a task."""

    task_id: str
    agent_id: str
    engine: str
    seconds: float = Field(ge=0)  # predicted
    deadline: float = Field(ge=0)  # seconds within which it will be done nine times of ten
    cost: float = Field(ge=0)  # what the task costs the run: its seconds by the price of a second, and who waits
    confidence: float = Field(ge=0, le=1)  # that it is done within the deadline, from measured history
    known: int = Field(default=0, ge=0)  # contracts of this kind behind the prediction
    estimate: float = Field(default=0.0, ge=0)  # seconds that the prediction started from


class Refusal(Value):
    """Why an agent does not bid on a task, or its bid does not count."""

    task_id: str
    agent_id: str
    reason: str


class Award(Value):
    """An execution contract: who does what, with which terms."""

    auction_id: str
    task_id: str
    agent_id: str
    engine: str
    mechanism: str  # a Mechanism, or "direct" where nobody bid or nobody else could
    seconds: float  # predicted
    deadline: float  # seconds; done later is an overrun
    price: float  # seconds that the winner is granted
    confidence: float
    threads: int = 0  # of the engine; 0: as the run has
    memory: str = ""  # of the engine; empty: as the run has
    why: str = ""  # in words
    bids: tuple[Bid, ...] = ()  # all that counted, the cheapest first
    skill: str = ""
    estimate: float = 0.0  # seconds that the prediction started from
    rows: int = 0
    size: int = 0
    instead_of: str = ""  # the agent that had it before and failed


class Unsold(Value):
    """A task that nobody gets in an auction, and why."""

    task_id: str
    reason: str


class AuctionRecord(Value):
    """An auction that is over."""

    auction_id: str
    mechanism: Mechanism
    awards: tuple[Award, ...]
    unsold: tuple[Unsold, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    rounds: int = 1


class Fulfilment(Value):
    """How one execution contract went; the history is made of these."""

    run_id: str
    task_id: str
    attempt: int
    skill: str
    agent_id: str
    engine: str
    rows: int
    size: int
    estimate: float  # seconds that the prediction started from
    predicted: float
    deadline: float
    price: float
    seconds: float  # measured
    ended: Ended
    mechanism: str


class AuctionRequest(Value):
    """An auction as a caller describes it."""

    mechanism: Mechanism = Field(default=Mechanism.VICKREY, title="Mechanism", examples=["vickrey", "english"])
    tasks: tuple[TaskOffer, ...] = Field(
        min_length=1,
        max_length=MOST_TASKS,
        title="Tasks",
        examples=[[{"task_id": "derive:sales", "skill": "derive", "seconds": 4.0}]],
    )
    bidders: tuple[Bidder, ...] = Field(
        default=(),
        max_length=MOST_AGENTS,
        title="Bidders",
        examples=[[{"card": {"id": "worker-1", "version": "1", "role": "worker", "skills": ["derive"]}}]],
    )
    history: tuple[Fulfilment, ...] = Field(
        default=(), max_length=1_000, title="History", description="Contracts of earlier runs", examples=[[]]
    )
    increment: float = Field(
        default=0.01,
        gt=0,
        le=1,
        title="Increment",
        description="Of the English clock: share of its ceiling a round",
        examples=[0.01],
    )
    seed: int = Field(default=0, title="Seed", description="Decides ties, never the size of a bid", examples=[0])

    @model_validator(mode="after")
    def _names_differ(self) -> "AuctionRequest":
        for what, names in (
            ("bidders", [bidder.card.id for bidder in self.bidders]),
            ("tasks", [task.task_id for task in self.tasks]),
        ):
            if len({*names}) < len(names):
                raise ValueError(f"two {what} have the same name")
        return self


class AgentReply(Value):
    """What one agent said to an announcement; sealed until all have."""

    auction_id: str
    agent_id: str
    bids: tuple[Bid, ...] = ()
    refusals: tuple[Refusal, ...] = ()


class Sold(Value):
    """A task that the English clock sold."""

    task_id: str
    agent_id: str
    price: float


class ClockState(Value):
    """An English auction of several tasks under way, one after the other."""

    task: int = 0  # which of the announced tasks
    active: tuple[str, ...] = ()  # agents that are still in
    price: float = 0.0  # seconds, falling
    step: float = 0.0  # by which it falls a round
    rounds: int = 0  # of all tasks
    of_task: int = 0
    winners: tuple[Sold, ...] = ()
    over: bool = False


def of_one_auction(
    left: Mapping[str, AgentReply] | None, right: Mapping[str, AgentReply] | None
) -> dict[str, AgentReply]:
    """Return the replies of both sides by agent; those to another announcement than the new ones are gone."""
    new = dict(right or {})
    ids = {reply.auction_id for reply in new.values()}
    kept = {key: reply for key, reply in (left or {}).items() if not ids or reply.auction_id in ids}
    return {**kept, **new}


_EXAMPLE = {
    "mechanism": "vickrey",
    "tasks": [
        {"task_id": "derive:totals", "skill": "derive", "seconds": 2.0, "rows": 300000, "hindered": {"duckdb": 2.0}},
        {"task_id": "conform:orders", "skill": "conform", "seconds": 4.0, "rows": 3000000, "reserve": 20.0},
    ],
    "bidders": [
        {"card": {"id": "worker-1", "version": "1", "role": "worker", "skills": ["conform", "derive"]}},
        {"card": {"id": "worker-2", "version": "1", "role": "worker", "skills": ["conform", "derive"], "cost": 1.2}},
        {
            "card": {
                "id": "process-1",
                "version": "1",
                "role": "worker",
                "skills": ["derive"],
                "engine": "duckdb-process",
            },
            "cost_model": {"start": 0.06, "per_million_rows": 0.25},
        },
    ],
}

GivenAuction = Annotated[
    AuctionRequest, Field(title="Request", description="What is announced, to whom, how", examples=[_EXAMPLE])
]


class AuctionInput(TypedDict):
    """What starts an auction."""

    request: GivenAuction
    """Written by the caller, validated by `announce`; read by every node."""


class AuctionOutput(TypedDict, total=False):
    """What an auction gives back."""

    record: AuctionRecord
    """Written by `award`."""


class AuctionState(AuctionOutput, total=False):
    """Channels of an auction."""

    request: AuctionRequest
    announcement: Announcement
    """Written by `announce`; read by every node after it."""
    replies: Annotated[dict[str, AgentReply], of_one_auction]
    """By agent; written by `offer`, one each; read once all are there."""
    clock: ClockState
    """Written by `call`, a round each; read by the routes and `award`."""


class OfferInput(TypedDict):
    """What an agent's branch is sent: no bid of another."""

    request: AuctionRequest
    announcement: Announcement
    agent_id: str
