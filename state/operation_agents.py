"""Agents in operation: what is deployed, how it was found, what went wrong and what was done about it.

The card of an agent is `state.agents.AgentCard`. Times are aware and UTC.
"""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from state.agents import AgentCard
from state.values import Value
from state.voting import VotingResult

MOST_REASON = 500
"""Most characters of a reason: records travel in graph state."""


class AgentStatus(StrEnum):
    """Where an agent stands."""

    DEPLOYING = "deploying"  # registered, not yet found healthy: takes no work
    IN_SERVICE = "in_service"
    SUSPECT = "suspect"  # one monitor complains: takes work, is looked at closely
    DRAINING = "draining"  # finishes what it has, takes nothing new
    OUT = "out"  # found unfit: takes no work until a probe finds it healthy again
    RETIRED = "retired"  # for good


TAKES_WORK = frozenset({AgentStatus.IN_SERVICE, AgentStatus.SUSPECT})
"""Statuses in which an agent is given orders, bids and seats."""


class AgentKind(StrEnum):
    """What an agent is, for those who check and restart it."""

    EXPERT = "expert"  # the rule of a decision point
    MODEL = "model"  # a chat model
    STEP_WORKER = "step_worker"  # performs steps with the run's engine
    STEP_PROCESS = "step_process"  # performs steps in a process of its own
    FILE_WORKER = "file_worker"  # scans and lands files
    MEMBER = "member"  # holds a seat of a council
    SERVICE = "service"  # Redis, the database, the disk: not agents, but watched like them


class Deployment(Value):
    """What an operator hands in: a card, and for an expert of another version where its rule is found."""

    card: AgentCard
    kind: AgentKind
    entry: str = ""  # "package.module:function" of an expert that is not built in
    share: float = Field(default=0.1, gt=0, le=1)  # of decisions for a new version that is tried against an old one


class RegisteredAgent(Value):
    """An agent as the registry knows it."""

    deployment: Deployment
    status: AgentStatus
    since: datetime
    reason: str = ""  # of the status
    probes_failed: int = 0  # in a row, while it is out
    probe_at: datetime | None = None  # not before, while it is out

    @property
    def card(self) -> AgentCard:
        """The agent's card."""
        return self.deployment.card

    @property
    def takes_work(self) -> bool:
        """Whether it is given orders, bids and seats."""
        return self.status in TAKES_WORK


class AgentEvent(Value):
    """An entry of an agent's history: a change of its status."""

    agent_id: str
    version: str
    at: datetime
    before: AgentStatus | None
    status: AgentStatus
    reason: str = Field(max_length=MOST_REASON)
    by: str  # "operator", "health", "rollout", "crew"


class Aspect(StrEnum):
    """What monitors look at; three independent ones at each."""

    ANSWERS = "answers"  # in time
    RESOURCES = "resources"
    MAILBOX = "mailbox"
    QUALITY = "quality"


class Finding(StrEnum):
    """What a monitor says of an agent."""

    FIT = "fit"
    UNFIT = "unfit"
    UNKNOWN = "unknown"  # it has seen too little


class HealthCheck(Value):
    """What one monitor says of one agent, with the figure it goes by."""

    agent_id: str
    aspect: Aspect
    monitor: str
    at: datetime
    finding: Finding
    figure: float | None = None
    limit: float | None = None
    reason: str = Field(default="", max_length=MOST_REASON)


class HealthVerdict(Value):
    """How the monitors of one aspect voted on one agent."""

    agent_id: str
    aspect: Aspect
    at: datetime
    finding: Finding
    checks: tuple[HealthCheck, ...]
    result: VotingResult

    @property
    def complains(self) -> bool:
        """Whether a monitor finds the agent unfit, be it outvoted or not."""
        return any(check.finding is Finding.UNFIT for check in self.checks)


class FaultKind(StrEnum):
    """What is wrong."""

    SILENT = "silent"  # does not answer
    SLOW = "slow"
    WRONG = "wrong"  # its decisions were found wrong
    HUNGRY = "hungry"  # eats memory or processor
    FLOODED = "flooded"  # its mailbox grows, or it floods others'
    UNREACHABLE = "unreachable"  # a model or a service
    FULL = "full"  # a disk


class AgentFault(Value):
    """A fault from its detection to its end."""

    fault_id: str
    agent_id: str
    kind: FaultKind
    detected_at: datetime
    evidence: str = Field(max_length=MOST_REASON)
    ended_at: datetime | None = None


class RecoveryAction(StrEnum):
    """What is done about a fault."""

    WATCH = "watch"  # nothing yet: one monitor complains
    TAKE_OUT = "take_out"
    REDELEGATE = "redelegate"  # its orders go to others
    RESTART = "restart"
    PROBE = "probe"  # half-open: one trial
    BACK = "back"  # in service again
    ROLL_BACK = "roll_back"  # the version before decides again
    DEGRADE = "degrade"  # the job goes on without: experts for models, the in-process hub for Redis


class Recovery(Value):
    """One action against a fault, and how it went."""

    recovery_id: str
    fault_id: str
    agent_id: str
    action: RecoveryAction
    at: datetime
    succeeded: bool
    reason: str = Field(default="", max_length=MOST_REASON)


class RolloutStatus(StrEnum):
    """Where a rollout stands."""

    RUNNING = "running"
    TAKEN_OVER = "taken_over"  # the new version decides alone
    ROLLED_BACK = "rolled_back"  # the old one does


class Tally(Value):
    """Decisions of one version whose outcome is known."""

    right: int = 0
    wrong: int = 0

    @property
    def seen(self) -> int:
        """How many."""
        return self.right + self.wrong


class Rollout(Value):
    """A new version tried on a share of the decisions, beside the old one."""

    rollout_id: str
    agent_id: str  # "expert:value_format", "model:NAME"
    kind: str  # of decision; of a model: "" for all
    old: str  # version; of a model: its name
    new: str
    share: float
    status: RolloutStatus = RolloutStatus.RUNNING
    started_at: datetime
    ended_at: datetime | None = None
    reason: str = Field(default="", max_length=MOST_REASON)
    old_tally: Tally = Tally()
    new_tally: Tally = Tally()


class Outcome(Value):
    """What was found afterwards about one decision."""

    run_id: str
    decision_id: str
    kind: str
    subject: str
    version: str  # of the expert, or the name of the model, that decided
    right: bool
    found_by: str  # "verification", "recovery", "person"
    at: datetime
