"""Hierarchical delegation: what is assigned, orders and reports by key, the shape of a hierarchy, how it performed.

State holds references and counts: which files an order is about lies in the order book in the run's folder.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from state.channels import merge_by_id
from state.values import RUN_ID, Value

MOST_SETBACKS = 20
"""Setbacks that the record of a hierarchy lists; it counts them all."""


class Rank(StrEnum):
    """What an agent is in a hierarchy."""

    COORDINATOR = "coordinator"
    SUBCOORDINATOR = "subcoordinator"
    WORKER = "worker"


class OrderKind(StrEnum):
    """What is ordered."""

    LEAD = "lead"  # a team's part of the work
    SCAN = "scan"  # take files into the inventory
    LAND = "land"  # land files in the workspace
    JOIN = "join"  # put what was reported together


class Form(StrEnum):
    """How work is shared out."""

    ALONE = "alone"  # one worker, without any hierarchy
    WORKERS = "workers"  # the coordinator leads the workers itself
    TEAMS = "teams"  # sub-coordinators lead them, each for some of the header variants


class OrderStatus(StrEnum):
    """How an order ended."""

    DONE = "done"
    FAILED = "failed"  # the worker said so, or raised
    LATE = "late"  # no report within the order's time
    REFUTED = "refuted"  # the report says what is not so


class WorkerFault(StrEnum):
    """What is wrong with a worker, for rehearsal."""

    RAISES = "raises"
    HANGS = "hangs"
    WAKES = "wakes"  # does its work long after its time
    CLAIMS = "claims"  # reports work that it did not do
    MISCOUNTS = "miscounts"  # does its work and reports other figures
    DROPS = "drops"  # leaves a record out, its own books made to match


class Assignment(Value):
    """Work that is put before a coordinator."""

    key: str = Field(default="scan:0", title="Key", description="Name of this piece of work in its run")
    kind: OrderKind = Field(
        default=OrderKind.SCAN, title="Kind", description="scan: take files into an inventory; land: land a run's files"
    )
    run_id: str = Field(
        default="hierarchy",
        pattern=f"^{RUN_ID}$",
        title="Run id",
        description="Whose folder holds order book and results",
    )
    sources: tuple[str, ...] = Field(
        default=(), title="Sources", description="To be scanned: files, folders or globs", examples=[["out/demo/input"]]
    )


class WorkFigures(Value):
    """What the coordinator knows of the work before it shares it out."""

    files: int
    variants: int  # kinds of files: header lines before the scan, header variants after it
    tables: int  # of the contract; 0: there is none
    bytes: int
    seconds: float  # that one worker would take, estimated


class HierarchyShape(Value):
    """How the coordinator shares the work out, and why."""

    form: Form
    depth: int  # levels of agents: 1 alone, 2 workers, 3 sub-coordinators with workers
    teams: int
    workers: int
    orders: int
    reason: str


class TeamRef(Value):
    """A team, and what of the order book is its part: `orders` keys that begin with its id."""

    team: str  # "scan:0/t03"
    lead: str  # "lead-03"; the coordinator itself where there are no sub-coordinators
    rank: Rank  # of the lead
    orders: int
    first: int  # the worker, counted from 0, that gets its first order
    workers: int  # of the whole hierarchy


class Order(Value):
    """One piece of work for one worker; which files it is about stands in the order book under its key."""

    key: str  # "scan:0/t03/007"
    kind: OrderKind
    files: int
    lead: str  # who gives it
    rank: Rank  # of who gives it
    worker: str
    attempt: int  # from 1
    seconds: float  # that it may take; 0: as long as it takes


class OrderReport(Value):
    """What became of one attempt of an order. Times are seconds since the epoch."""

    key: str
    attempt: int
    worker: str
    status: OrderStatus
    figures: dict[str, int] = Field(
        default_factory=dict
    )  # of kind scan: files, lines; of land: files, records, rejects
    evidence: str = ""  # SHA-256 of what was made
    problem: str = ""  # one line
    final: bool = False  # the operator must act: another worker would meet the same
    sent: float = 0.0
    started: float = 0.0
    seconds: float = 0.0
    cpu: float = 0.0  # seconds of the worker's thread

    @property
    def ended(self) -> float:
        """Return when it ended."""
        return self.started + self.seconds


class Setback(Value):
    """An attempt that did not count."""

    key: str
    attempt: int
    worker: str
    status: OrderStatus
    problem: str
    ended: float = 0.0
    seconds: float = 0.0


class TeamReport(Value):
    """What a team did. Intervals are seconds since the epoch."""

    team: str
    lead: str
    orders: int
    done: int
    figures: dict[str, int]
    setbacks: tuple[Setback, ...] = ()
    worked: tuple[tuple[float, float], ...] = ()  # when its orders were worked on, apart from each other
    busy: float = 0.0  # seconds of all attempts that counted
    cpu: float = 0.0  # the same in seconds of the workers' threads
    waited: float = 0.0  # seconds that these waited for a worker, summed
    checking: float = 0.0  # CPU seconds of finding out whether reports are true
    most_at_once: int = 0


class HierarchyRecord(Value):
    """How a hierarchy performed; stands in run.json."""

    key: str
    kind: OrderKind
    shape: HierarchyShape
    work: WorkFigures
    figures: dict[str, int]
    done: int  # orders
    redelegated: int  # attempts beyond the first
    failed: int
    late: int
    refuted: int
    setbacks: tuple[Setback, ...] = ()
    elapsed: float  # seconds
    busy: float  # seconds of work that counted, summed over workers
    parallelism: float  # busy seconds for each second in which anybody worked
    most_at_once: int
    waiting: float  # seconds an order waited for its worker, on average
    overhead: float  # seconds of `elapsed` in which nobody worked on data
    checking: float  # CPU seconds of finding out whether reports are true
    data_cpu: float  # seconds of the workers' threads
    overhead_cpu: float | None = None  # seconds of the process beside them; None: it was another process that began


class Begun(Value):
    """When and where a hierarchy was begun."""

    at: float  # seconds since the epoch
    process: int
    cpu: float  # seconds of the process


_EXAMPLE = {"sources": ["out/demo/input"]}


class HierarchyInput(TypedDict):
    """What the hierarchy is given."""

    assignment: Annotated[Assignment, Field(title="Assignment", description="The work", examples=[_EXAMPLE])]


class HierarchyOutput(TypedDict, total=False):
    """What the hierarchy hands back."""

    hierarchy: Annotated[dict[str, HierarchyRecord], merge_by_id]


class HierarchyState(TypedDict, total=False):
    """Channels of the coordinator."""

    assignment: Assignment
    work: WorkFigures
    """Written by the coordinator; read by the aggregation."""
    shape: HierarchyShape
    """Written by the coordinator; read by the aggregation."""
    begun: Begun
    teams: tuple[TeamRef, ...]
    """Written by the coordinator; read by routing."""
    team_reports: Annotated[dict[str, TeamReport], merge_by_id]
    """By team; written by each; read by the aggregation."""
    hierarchy: Annotated[dict[str, HierarchyRecord], merge_by_id]
    """By key of the assignment; written by the aggregation; read by whoever assigned the work and by the report."""


class TeamInput(TypedDict):
    """What a team is given."""

    assignment: Assignment
    team: TeamRef


class TeamOutput(TypedDict, total=False):
    """What a team hands back."""

    team_reports: Annotated[dict[str, TeamReport], merge_by_id]


class TeamState(TypedDict, total=False):
    """Channels of a team."""

    assignment: Assignment
    team: TeamRef
    wave: tuple[Order, ...]
    """Written by the lead: the orders that are given out now; read by routing."""
    reports: Annotated[dict[str, OrderReport], merge_by_id]
    """By order; written by the workers, and by the lead where it finds that one is not true."""
    setbacks: tuple[Setback, ...]
    """Written by the lead: attempts that did not count."""
    checking: float
    """Written by the lead: CPU seconds it took to find out whether reports are true."""
    team_reports: Annotated[dict[str, TeamReport], merge_by_id]


class OrderInput(TypedDict):
    """What one worker is sent."""

    assignment: Assignment
    order: Order
    sent: float
