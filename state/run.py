"""A run: what was asked for, its status, its books, and the context its nodes work in."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from state.budget import BudgetLimits
from state.council import Council
from state.delegation import WorkerFault
from state.faults import FaultSchedule
from state.goal import MOST_GOAL
from state.hub import HubFaults
from state.jobs import Fence
from state.models import ModelSettings
from state.values import Value

SCHEMA_VERSION = 3
"""Version of the state schema; a saved state of another version is refused."""


class Approve(StrEnum):
    """What a person must agree to before the run goes on."""

    AUTO = "auto"
    PLAN = "plan"
    CHANGES = "changes"
    BOTH = "plan,changes"

    @property
    def asks_plan(self) -> bool:
        """Whether the plan waits for a person."""
        return self in (Approve.PLAN, Approve.BOTH)

    @property
    def asks_changes(self) -> bool:
        """Whether judgements that change data wait for a person; says nothing about the plan."""
        return self in (Approve.CHANGES, Approve.BOTH)


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    PUBLISHED = "published"
    NOT_MET = "not_met"  # the contract is not met; nothing, or with --partial a part, is published
    REJECTED = "rejected"  # a person rejected the plan
    WAITING = "waiting"  # for a person
    BUDGET_SPENT = "budget_spent"
    FAILED = "failed"  # stopped by an error nobody could repair


class RunRequest(Value):
    """What the run was asked to do. Paths are absolute once the run is recorded."""

    contract: str = Field(
        title="Contract", description="Path of an ODCS file", examples=["examples/shop/contract.odcs.yaml"]
    )
    sources: tuple[str, ...] = Field(
        title="Sources", description="Files, folders or globs", examples=[["out/demo/input"]]
    )
    out: str = Field(title="Destination", description="Folder for the published tables", examples=["out/demo/served"])
    run_id: str = Field(
        default="", title="Run id", description="Name of the run; made up when left empty", examples=[""]
    )
    partial: bool = Field(
        default=False, title="Partial", description="Publish the tables that pass when some do not", examples=[False]
    )
    approve: Approve = Field(
        default=Approve.AUTO,
        title="Approve",
        description="What a person must agree to before the run goes on",
        examples=["auto", "changes"],
    )
    goal: str = Field(
        default="",
        max_length=MOST_GOAL,
        title="Goal",
        description="In plain language: what columns hold that the contract describes and nothing feeds",
        examples=[""],
    )


class Patterns(Value):
    """Switches of the coordination patterns, so that each one's worth can be measured."""

    council: str = Field(
        default="weighted",
        pattern="^(weighted|majority|off)$",
        title="Council",
        description="How specialists decide; weighted: by what their evidence is worth and how often each is right; "
        "majority: one voice each; off: only the one that does best alone maps, and no cell is repaired",
        examples=["weighted", "majority", "off"],
    )
    replanning: str = Field(
        default="on",
        pattern="^(on|retry|off)$",
        title="Replanning",
        description="A failed step is met by its strategy; retry: what is transient is tried again, nothing else",
        examples=["on", "retry", "off"],
    )
    quality_planning: str = Field(
        default="on",
        pattern="^(on|off)$",
        title="Quality planning",
        description="A table that fails its verification is made otherwise where evidence speaks for it",
        examples=["on", "off"],
    )
    prefer: dict[str, str] = Field(
        default_factory=dict,
        title="Prefer",
        description="By task of a plan, the way to do it that is taken wherever it applies, be it the cheapest or not",
        examples=[{}, {"unify": "by_values"}],
    )
    decision_log: str = Field(
        default="raft",
        pattern="^(raft|off)$",
        title="Decision log",
        description="Standing changes are adopted by the council through a replicated log, and used by later runs",
        examples=["raft", "off"],
    )
    hub: str = Field(
        default="on",
        pattern="^(on|off)$",
        title="Hub",
        description="Steps are ordered from workers by messages through the hub; off: by a direct call",
        examples=["on", "off"],
    )
    auction: str = Field(
        default="vickrey",
        pattern="^(vickrey|english|sealed|off)$",
        title="Auction",
        description="How the workers and engines of steps are found; off: the most urgent step goes to whoever is free",
        examples=["vickrey", "english", "sealed", "off"],
    )
    react: str = Field(
        default="on",
        pattern="^(on|off)$",
        title="ReAct",
        description="A failing check is diagnosed by a reasoning worker",
        examples=["on", "off"],
    )
    conflict: str = Field(
        default="auto",
        pattern="^(auto|negotiation|mediation|arbitration|majority|weighted|auction|game_theory|off)$",
        title="Conflict",
        description="How aims that clash over bad rows are settled where the contract names no remedy; auto: by what "
        "worked; off: the defaults stand",
        examples=["auto", "negotiation", "off"],
    )
    hierarchy: str = Field(
        default="on",
        pattern="^(on|flat|off)$",
        title="Hierarchy",
        description="Many files are scanned and landed by workers side by side, led by sub-coordinators where there "
        "are many kinds of them; flat: the coordinator leads all workers itself; off: one worker does all",
        examples=["on", "flat", "off"],
    )
    operation: str = Field(
        default="on",
        pattern="^(on|off)$",
        title="Operation",
        description="Agents that the registry has taken out get no work, and versions on trial decide their share; "
        "off: everybody works, and the built-in version decides",
        examples=["on", "off"],
    )
    meta_reasoning: str = Field(
        default="on",
        pattern="^(on|off)$",
        title="Meta-reasoning",
        description="Reasoning is watched: hints, other strategies, arbitration, stop",
        examples=["on", "off"],
    )


class RunContext(Value):
    """What nodes need to know besides the state; the same for a whole run."""

    home: str = Field(
        default=".millwright",
        title="Home",
        description="Folder of checkpoints and workspaces",
        examples=[".millwright"],
    )
    budget: BudgetLimits = Field(
        default=BudgetLimits(), title="Budget", description="Most a run may spend; without limit where null"
    )
    patterns: Patterns = Field(
        default=Patterns(), title="Patterns", description="Switches of the coordination patterns"
    )
    model: ModelSettings = Field(
        default=ModelSettings(), title="Model", description="The chat model that is asked; without a name none is"
    )
    threads: int = Field(default=2, ge=1, title="Threads", description="Threads of the engine", examples=[2])
    parallel_steps: int = Field(
        default=2,
        ge=1,
        le=64,
        title="Parallel steps",
        description="Most steps of the plan that are performed at once; 1: one after the other",
        examples=[2],
    )
    memory: str = Field(
        default="4GB",
        title="Memory",
        description="Memory of the engine, and of the process that runs SQL of the contract",
        examples=["4GB"],
    )
    sql_seconds: float = Field(
        default=300.0,
        gt=0,
        title="SQL seconds",
        description="Time limit of one step with SQL of the contract",
        examples=[300.0],
    )
    max_decompressed_bytes: int = Field(
        default=64 * 2**30,
        gt=0,
        title="Most bytes",
        description="Most bytes one compressed file may hold",
        examples=[64 * 2**30],
    )
    attempts: int = Field(
        default=3, ge=1, title="Attempts", description="Attempts of one step before it is given up", examples=[3]
    )
    retry_wait: float = Field(
        default=0.2,
        ge=0,
        title="Retry wait",
        description="Seconds before the first new attempt of what is transient; doubled for each more",
        examples=[0.2],
    )
    retry_wait_most: float = Field(
        default=10.0, ge=0, title="Most retry wait", description="Most seconds before a new attempt", examples=[10.0]
    )
    consensus_timeout: float = Field(
        default=60.0,
        gt=0,
        title="Consensus timeout",
        description="Seconds after which a voter counts as late",
        examples=[60.0],
    )
    councils: SkipJsonSchema[dict[str, Council]] = Field(
        default_factory=dict, exclude=True, repr=False
    )  # live agents, by the name that a vote asks for; passed by the graph that composes, saved nowhere
    fence: SkipJsonSchema[Fence] = Field(
        default=Fence(), exclude=True, repr=False
    )  # alive: what a worker passes before it publishes; saved nowhere
    least_confidence: float = Field(
        default=0.05,
        ge=0,
        le=1,
        title="Least confidence",
        description="A new plan with a smaller chance to succeed is not begun",
        examples=[0.05],
    )

    hub_faults: HubFaults = Field(
        default=HubFaults(), title="Hub faults", description="What goes wrong in the message hub; for rehearsal"
    )
    workers: int = Field(
        default=10,
        ge=2,
        le=64,
        title="Workers",
        description="Most workers that share the files of a run; how many work at once is said by parallel_steps",
        examples=[10],
    )
    order_seconds: float = Field(
        default=120.0,
        gt=0,
        title="Order seconds",
        description="Seconds after which a worker of a hierarchy counts as late",
        examples=[120.0],
    )
    begin_seconds: float = Field(
        default=10.0,
        gt=0,
        title="Begin seconds",
        description="Seconds after which a worker that has not begun a step it was given counts as hanging",
        examples=[10.0],
    )
    worker_faults: dict[str, WorkerFault] = Field(
        default={},
        title="Worker faults",
        description="What is wrong with workers of a hierarchy, by name (worker-01, ...); for rehearsal",
        examples=[{}, {"worker-03": "hangs"}],
    )
    council_faults: FaultSchedule = Field(
        default=FaultSchedule(),
        title="Council faults",
        description="What goes wrong between the members that keep the decision log; for rehearsal",
    )

    def run_folder(self, run_id: str) -> Path:
        """Return the absolute folder of a run: its record, workspace and artefacts."""
        return Path(self.home).absolute() / "runs" / run_id


class TableAccount(Value):
    """The books of one table; for a table fed by sources read = published + quarantined + merged."""

    table: str
    derived: bool
    rows_read: int
    rows_published: int  # rows that are published when the contract is met
    rows_quarantined: int
    rows_merged: int
    cells_changed: int
    rejects: int = 0  # of the quarantined: lines that could not be read as records
    rows_in: dict[str, int] = Field(default_factory=dict)  # derived: rows per input table

    @property
    def balanced(self) -> bool:
        """Whether every row read is published, quarantined or merged."""
        return self.rows_read == self.rows_published + self.rows_quarantined + self.rows_merged

    @property
    def quarantine_share(self) -> float:
        """Rows quarantined per row read, 0 for an empty table."""
        return self.rows_quarantined / self.rows_read if self.rows_read else 0.0


class ContractRef(Value):
    """What state holds of the contract: where the run's own copy lies and its hash."""

    path: str
    sha256: str
    name: str
    version: str
    tables: tuple[str, ...]


class CheckSummary(Value):
    """What state holds of the verification: counts, and where all results lie."""

    path: str
    passed: int
    failed: int
    warning: int
    error: int
    met: bool
    reasons: tuple[str, ...]  # why the contract is not met, at most 20
    deliverable: tuple[str, ...]  # tables that pass, with all they depend on


class ReceiptRef(Value):
    """What state holds of a publication."""

    path: str
    key: str
    tables: dict[str, int]  # rows per published table
