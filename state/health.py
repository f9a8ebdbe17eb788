"""Health: what was measured of agents, the limits monitors go by, and the channels of the graph that judges them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from state.channels import merge_by_id
from state.operation_agents import AgentFault, AgentKind, FaultKind, HealthVerdict, Recovery, RegisteredAgent
from state.values import Value

MOST_WATCHED = 256
MOST_USUAL = 64
"""Values that make up what is usual, the latest."""

Usual = Annotated[tuple[float, ...], Field(max_length=MOST_USUAL)]


class HealthLimits(Value):
    """Limits that hold whatever is usual; times in seconds."""

    answer: float = Field(default=10.0, gt=0, title="Answer", description="Most seconds for the answer to a probe")
    phi: float = Field(default=8.0, gt=0, title="Phi", description="Suspicion from which silence is a failure")
    excess: float = Field(default=8.0, gt=0, title="Excess", description="Robust deviations above what is usual")
    memory: int = Field(default=8 * 2**30, gt=0, title="Memory", description="Most bytes of an agent's processes")
    processor: float = Field(default=0.98, gt=0, title="Processor", description="Most share of all cores, of one agent")
    backlog: int = Field(default=500, ge=1, title="Backlog", description="Most messages that wait because of an agent")
    age: float = Field(default=60.0, gt=0, title="Age", description="Most seconds a message waits")
    wrong: float = Field(default=0.2, gt=0, lt=1, title="Wrong", description="Share of decisions found wrong")
    failures: int = Field(default=3, ge=1, title="Failures", description="Failures in a row from which work counts")


class Probed(Value):
    """What came of asking an agent something that it must be able to do."""

    seconds: float  # until it answered, or was given up
    fault: str = ""  # why it is no good answer; empty: it is
    wrong: bool = False  # it answered, and wrongly


class Vitals(Value):
    """What was measured of one agent since the check before, and what is usual with it. Times in seconds."""

    agent_id: str = Field(min_length=1, max_length=200)
    kind: AgentKind = AgentKind.STEP_WORKER
    probed: Probed | None = None
    silence: float | None = Field(default=None, ge=0)  # of its oldest order under way, as `took`
    took: float | None = Field(default=None, ge=0)  # the slowest since the check before: per second it was allowed
    usual_took: Usual = ()
    overdue: int = Field(default=0, ge=0)  # orders past their time
    failed: int = Field(default=0, ge=0)  # orders or requests that failed in a row
    kept: int = Field(default=0, ge=0)  # orders or requests done in time
    memory: float | None = Field(default=None, ge=0)  # bytes
    usual_memory: Usual = ()
    processor: float | None = Field(default=None, ge=0)  # share of all cores since the check before
    usual_processor: Usual = ()
    backlog: int | None = Field(default=None, ge=0)  # messages that wait for it, or that it sent and nobody took
    oldest: float | None = Field(default=None, ge=0)  # of them
    flow: float | None = Field(default=None, ge=0)  # messages it sent or was refused since the check before
    usual_flow: Usual = ()
    right: int = Field(default=0, ge=0)  # of its decisions, lately
    wrong: int = Field(default=0, ge=0)
    usual_wrong: float | None = Field(default=None, ge=0, le=1)  # share, before that
    overruled: int = Field(default=0, ge=0)  # of its decisions, by others on the same question
    upheld: int = Field(default=0, ge=0)


class Ill(Value):
    """An agent that was found unfit: what is wrong, by which verdict."""

    agent_id: str
    kind: FaultKind
    evidence: str


_EXAMPLE = {
    "vitals": [
        {
            "agent_id": "worker-1",
            "kind": "step_worker",
            "overdue": 1,
            "probed": {"seconds": 10, "fault": "no answer within 10 s"},
        },
        {"agent_id": "worker-2", "kind": "step_worker", "kept": 3, "probed": {"seconds": 0.01}},
    ]
}
"""Two workers, of whom one does not answer."""


class HealthRequest(Value):
    """What is judged when the graph runs alone; with nothing in it the agents of the registry are."""

    vitals: tuple[Vitals, ...] = Field(
        default=(),
        max_length=MOST_WATCHED,
        title="Vitals",
        description="What was measured of each agent",
        examples=[_EXAMPLE["vitals"], []],
    )
    limits: HealthLimits = Field(
        default=HealthLimits(), title="Limits", description="Limits that hold whatever is usual", examples=[{}]
    )
    agents: tuple[RegisteredAgent, ...] = Field(
        default=(),
        max_length=MOST_WATCHED,
        title="Agents",
        description="How the agents stood before; of the registry when left out",
        examples=[[]],
    )
    interval: float = Field(
        default=30.0, gt=0, title="Interval", description="Seconds between two checks", examples=[30.0]
    )
    now: datetime | None = Field(
        default=None, title="Now", description="Time of the check; the clock's when left out", examples=[None]
    )


class HealthInput(TypedDict):
    """What the graph is given."""

    request: Annotated[
        HealthRequest,
        Field(
            title="Request",
            description="What was measured of agents; with nothing in it the agents of the registry are checked",
            examples=[_EXAMPLE],
        ),
    ]


class HealthState(TypedDict, total=False):
    """Channels of the graph."""

    request: HealthRequest
    vitals: dict[str, Vitals]
    """By agent. Written by `collect`."""
    at: str
    """Time of the check, ISO 8601. Written by `collect`."""
    verdicts: Annotated[dict[str, HealthVerdict], merge_by_id]
    """By agent and aspect. Written by `vote`, one branch an agent."""
    ill: tuple[Ill, ...]
    """Written by `verdict`."""
    suspects: tuple[str, ...]
    """Agents of whom one monitor complains, outvoted. Written by `verdict`."""
    faults: tuple[AgentFault, ...]
    """New, still there, and over. Written by `recover`."""
    recoveries: tuple[Recovery, ...]
    """Written by `recover`."""
    changed: tuple[RegisteredAgent, ...]
    """Agents with another status than before. Written by `recover`."""


class HealthOutput(TypedDict, total=False):
    """What the graph gives back."""

    verdicts: Annotated[dict[str, HealthVerdict], merge_by_id]
    ill: tuple[Ill, ...]
    suspects: tuple[str, ...]
    faults: tuple[AgentFault, ...]
    recoveries: tuple[Recovery, ...]
    changed: tuple[RegisteredAgent, ...]


class VoteInput(TypedDict):
    """What one branch of the vote reads."""

    vitals_of: Vitals
    limits: HealthLimits
    at: str  # ISO 8601


class VoteUpdate(TypedDict):
    """What one branch writes."""

    verdicts: dict[str, HealthVerdict]
