"""Reflection: what is reflected on, what its phases found, and the channels of its graph."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from state.lessons import Adaptation, Lesson, Pattern, Trend
from state.values import Value


class ReflectionTask(Value):
    """Which runs are reflected on."""

    run_id: str = Field(
        default="",
        title="Run id",
        description="A run of the home folder that ended; left empty: all of them that were not reflected on yet",
        examples=[""],
    )


class SlowStep(Value):
    """A step and the seconds it took beyond its estimate."""

    step_id: str
    seconds: float
    estimate: float


class Analysis(Value):
    """One run, plan against reality."""

    run_id: str
    contract: str
    met: bool
    seconds: float
    predicted: float  # by the first plan
    steps: int  # of the plan, those that were begun
    failed_attempts: dict[str, int] = Field(default_factory=dict)  # by class of failure
    replans: int = 0
    recoveries: int = 0
    lost_seconds: float = 0.0  # in attempts that failed
    slowest: tuple[SlowStep, ...] = ()  # beyond their estimates, at most 5
    decisions: dict[str, int] = Field(default_factory=dict)  # by who decided
    contradicted: tuple[str, ...] = ()  # decisions that something spoke against, at most 20
    questions: int = 0
    most_quarantined: str = ""  # "orders 3.1 %"


class LessonChange(Value):
    """What reflection did to a lesson."""

    lesson_id: str
    told: str  # what it says, in words
    why: str = ""


class Reflected(Value):
    """What came of reflecting."""

    runs: int = 0  # that were looked at: the newest of the contracts, at most 200 of each
    tested: int = 0  # patterns
    held: int = 0
    in_force: int = 0
    learned: tuple[LessonChange, ...] = ()  # at most 50
    retired: tuple[LessonChange, ...] = ()
    clashes: tuple[str, ...] = ()  # lessons that gave way to others, at most 20
    problem: str = ""  # why it ended early


GivenTask = Annotated[
    ReflectionTask,
    Field(
        title="Reflection",
        description="What to reflect on: one run of the home folder, or all that ended",
        examples=[{"run_id": ""}],
    ),
]


class ReflectionInput(TypedDict):
    """What starts reflection. The home folder is in the context."""

    reflecting: GivenTask
    """Written by the caller, in a run by the report."""


class ReflectionOutput(TypedDict, total=False):
    """What reflection gives back."""

    reflected: Reflected


class ReflectionState(ReflectionOutput, total=False):
    """Channels of the reflection graph. Experiences lie in the store; here are findings only."""

    reflecting: ReflectionTask
    contracts: tuple[str, ...]
    """Ids of the contracts whose runs are new; written by the analysis; read by every later phase."""
    analyses: tuple[Analysis, ...]
    """Written by the analysis: the newest 20 runs that were reflected on."""
    patterns: tuple[Pattern, ...]
    """Written by pattern mining: all that were tested and hold, and the surest 50 of the others."""
    tested: int
    """Written by pattern mining."""
    runs: int
    """Written by pattern mining: how many were looked at."""
    trends: tuple[Trend, ...]
    """Written by the trends."""
    adaptations: tuple[Adaptation, ...]
    """Written by adapting, the largest expected gain first, at most 50; read by whoever watches."""
    changed: tuple[Lesson, ...]
    """Written by adapting: lessons that are new or not as they are stored; read by integration."""
    clashes: tuple[str, ...]
    """Written by adapting."""
