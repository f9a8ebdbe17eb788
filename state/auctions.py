"""Auctions: who may bid, what is announced, what is bid, and the award, which is an execution contract.

Work is bought: the least cost wins, and a price is what the winner is granted for it. Costs, prices and budgets are
seconds of a worker. Of goods that are sold the same mechanisms take the highest value (`algorithms/auctions`).
"""

from enum import StrEnum

from pydantic import Field, model_validator

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
    """A card with what only an auction asks of it. `true_cost` and `bid_factor` are for demonstrations."""

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
    estimate: float = 0.0  # of the plan
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
    estimate: float  # of the plan
    predicted: float
    deadline: float
    price: float
    seconds: float  # measured
    ended: Ended
    mechanism: str


class AuctionRequest(Value):
    """An auction as a caller describes it."""

    mechanism: Mechanism = Field(default=Mechanism.VICKREY, title="Mechanism", examples=["vickrey", "english"])
    tasks: tuple[TaskOffer, ...] = Field(min_length=1, max_length=MOST_TASKS, title="Tasks")
    bidders: tuple[Bidder, ...] = Field(default=(), max_length=MOST_AGENTS, title="Bidders")
    history: tuple[Fulfilment, ...] = Field(
        default=(), max_length=1_000, title="History", description="Contracts of earlier runs"
    )
    increment: float = Field(
        default=0.01, gt=0, le=1, title="Increment", description="Of the English clock: share of its ceiling a round"
    )
    seed: int = Field(default=0, title="Seed", description="Decides ties, never the size of a bid")

    @model_validator(mode="after")
    def _names_differ(self) -> "AuctionRequest":
        for what, names in (
            ("bidders", [bidder.card.id for bidder in self.bidders]),
            ("tasks", [task.task_id for task in self.tasks]),
        ):
            if len({*names}) < len(names):
                raise ValueError(f"two {what} have the same name")
        return self
