"""Lessons: what past runs showed that changes the next one. They steer plans and never override the contract."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from state.diagnosis import RemedyKind
from state.experience import AnswerExperience, SourceFamily
from state.reports import FailureKind
from state.values import Value


class LessonKind(StrEnum):
    """What a lesson is about; its value has the type of the same name."""

    METHOD_PROBABILITY = "method_probability"
    TASK_DURATION = "task_duration"
    KNOWN_FORMAT = "known_format"
    KNOWN_MAPPING = "known_mapping"  # the aliases of a source
    KNOWN_RECOVERY = "known_recovery"
    STANDING_REPAIR = "standing_repair"
    AGENT_RELIABILITY = "agent_reliability"
    BID_ACCURACY = "bid_accuracy"
    THRESHOLD = "threshold"
    KNOWN_ANSWERS = "known_answers"
    USUAL_SHARE = "usual_share"


class MethodProbability(Value):
    """How likely an action is to succeed at the first try."""

    kind: Literal[LessonKind.METHOD_PROBABILITY] = LessonKind.METHOD_PROBABILITY
    action: str  # kind and way, as in the planner's estimates: "resolve_by_votes"
    table: str
    probability: float = Field(ge=0, le=1)  # posterior mean


class TaskDuration(Value):
    """How long an action takes against its estimate; `low` and `high` bound the median of the ratio at 95 %."""

    kind: Literal[LessonKind.TASK_DURATION] = LessonKind.TASK_DURATION
    action: str
    table: str
    ratio: float = Field(gt=0)  # measured seconds per estimated second, median
    low: float = Field(gt=0)
    high: float = Field(gt=0)
    seconds: float = Field(ge=0)  # measured, median


class KnownFormat(Value):
    """How a column of a source is read. Where the decision log has the same, `entry` says so and the log decides."""

    kind: Literal[LessonKind.KNOWN_FORMAT] = LessonKind.KNOWN_FORMAT
    table: str
    column: str
    source: str  # header of the source column
    readings: dict[str, str]  # "date order" -> "day_first"


class KnownMapping(Value):
    """Which columns of a header feed which columns of a table."""

    kind: Literal[LessonKind.KNOWN_MAPPING] = LessonKind.KNOWN_MAPPING
    table: str
    header: str  # fingerprint of the header variant
    matches: dict[str, str]  # source column -> column of the contract; those that no name says


class KnownRecovery(Value):
    """How a table had to be made otherwise before it met the contract: done at once, it needs no recovery."""

    kind: Literal[LessonKind.KNOWN_RECOVERY] = LessonKind.KNOWN_RECOVERY
    table: str
    amendment: RemedyKind
    columns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # patterns of the files it is about; empty: all of the table
    parameters: dict[str, str] = Field(default_factory=dict)


class StandingRepair(Value):
    """A standing repair rule of the decision log that runs confirmed. The rule itself stays in the log."""

    kind: Literal[LessonKind.STANDING_REPAIR] = LessonKind.STANDING_REPAIR
    table: str
    column: str
    source: str  # header of the source column


class AgentReliability(Value):
    """How often an agent keeps its contracts for one kind of work."""

    kind: Literal[LessonKind.AGENT_RELIABILITY] = LessonKind.AGENT_RELIABILITY
    agent: str
    skill: str  # kind of step
    probability: float = Field(ge=0, le=1)


class BidAccuracy(Value):
    """How long work takes against what an engine's bids promise."""

    kind: Literal[LessonKind.BID_ACCURACY] = LessonKind.BID_ACCURACY
    engine: str
    skill: str
    ratio: float = Field(gt=0)  # measured per promised second, median
    low: float = Field(gt=0)
    high: float = Field(gt=0)


class Limit(StrEnum):
    """What of a step's working conditions a threshold sets."""

    THREADS = "threads"
    SQL_SECONDS = "sql_seconds"


class Threshold(Value):
    """Under which conditions a step succeeds that fails under those of the run's context."""

    kind: Literal[LessonKind.THRESHOLD] = LessonKind.THRESHOLD
    action: str
    table: str
    limit: Limit
    value: float = Field(gt=0)
    failure: FailureKind  # which it avoids


class KnownAnswers(Value):
    """What a person said about judgements on a table: the same is not asked about again."""

    kind: Literal[LessonKind.KNOWN_ANSWERS] = LessonKind.KNOWN_ANSWERS
    table: str
    answers: tuple[AnswerExperience, ...]  # the newest word on each


class UsualShare(Value):
    """How many rows of a table are set aside at most in runs that meet the contract: more is a warning."""

    kind: Literal[LessonKind.USUAL_SHARE] = LessonKind.USUAL_SHARE
    table: str
    most: float = Field(ge=0, le=1)  # largest 95 % upper bound of the share in a run


LessonValue = Annotated[
    MethodProbability
    | TaskDuration
    | KnownFormat
    | KnownMapping
    | KnownRecovery
    | StandingRepair
    | AgentReliability
    | BidAccuracy
    | Threshold
    | KnownAnswers
    | UsualShare,
    Field(discriminator="kind"),
]


class Ground(StrEnum):
    """What a lesson stands on."""

    VERIFIED = "verified"  # one run whose published tables met the contract with it; any contradiction ends it
    STATISTICAL = "statistical"  # many runs: bound, exact test, false discovery rate, support, holdout


class LessonStatus(StrEnum):
    """Where a lesson stands."""

    CANDIDATE = "candidate"  # tested, and does not hold up yet
    IN_FORCE = "in_force"
    PINNED = "pinned"  # in force whatever later runs show: a person said so
    RETIRED = "retired"  # it stopped holding
    FORGOTTEN = "forgotten"  # a person said so; the runs it stood on teach it never again


class Scope(Value):
    """Where a lesson holds: for one contract, and of that for one kind of files; empty: for all."""

    contract: str = ""  # its id
    family: SourceFamily = SourceFamily()


class Holdout(Value):
    """What the most recent runs, which the tests did not see, say to a pattern."""

    trials: int = Field(ge=0)
    successes: int = Field(ge=0)
    confirms: bool


class Lesson(Value):
    """One lesson with all it stands on."""

    lesson_id: str  # "threshold-3f2a9c": kind and digest of scope and subject, the same whenever it is learned
    kind: LessonKind
    subject: str  # in words, without its figures: "conform_at_once of orders, threads"
    value: LessonValue
    scope: Scope = Scope()
    ground: Ground
    runs: tuple[str, ...]  # its evidence, the newest 50
    trials: int = Field(ge=0)  # runs that could show it
    successes: int = Field(ge=0)  # of them, those that did
    bound: float = Field(ge=0, le=1)  # 95 % lower bound of the share that shows it
    p: float | None = None  # exact test against the rest; None of one that is verified
    q: float | None = None  # the same after control of false discoveries
    holdout: Holdout | None = None
    entry: int | None = None  # of the decision log, where that holds the same: then the log decides
    gain: float = 0.0  # expected per run, in seconds
    status: LessonStatus = LessonStatus.CANDIDATE
    lacks: str = ""  # of a candidate: why it does not hold up yet
    since: datetime | None = None  # in force, by the time of the run that taught it
    retired_at: datetime | None = None
    retired_because: str = ""

    @property
    def in_force(self) -> bool:
        """Whether runs may use it."""
        return self.status in (LessonStatus.IN_FORCE, LessonStatus.PINNED)


class Word(Value):
    """What a person said about a lesson."""

    lesson_id: str
    status: LessonStatus  # pinned or forgotten
    at: datetime


class PatternKind(StrEnum):
    """What a pattern is about."""

    FAILURE = "failure"
    SUCCESS = "success"
    EFFICIENCY = "efficiency"


class Pattern(Value):
    """(context, action) -> outcome, counted over runs: a run counts once, however often it shows it."""

    contract: str  # its id
    kind: PatternKind
    direction: str  # "success", "failure", "slower", "faster": what `successes` counts
    group: str  # what is compared: "step", "agent", "duration", "bid"
    context: str  # table, or kind of step
    action: str  # "resolve_by_votes"
    trials: int = Field(ge=0)  # runs that were tested; those held out are told apart
    successes: int = Field(ge=0)  # of them, those with the outcome
    rest_trials: int = Field(default=0, ge=0)  # runs of the others it is compared with
    rest_successes: int = Field(default=0, ge=0)
    runs: tuple[str, ...] = ()  # the newest 50
    p: float = 1.0
    q: float = 1.0
    bound: float = 0.0  # 95 % lower bound of the share with the outcome
    holdout: Holdout | None = None
    holds: bool = False
    why: str = ""  # what it lacks, in words


class Trend(Value):
    """How a figure moves from run to run: the slope per run with its 95 % interval."""

    figure: str  # "seconds", "replans", "quarantine of orders"
    contract: str
    runs: int
    mean: float
    slope: float
    low: float
    high: float

    @property
    def direction(self) -> str:
        """Return rising, falling or steady."""
        if self.low > 0:
            return "rising"
        return "falling" if self.high < 0 else "steady"


class Area(StrEnum):
    """What an adaptation changes."""

    PLANNING = "planning"
    EXECUTION = "execution"
    RISK = "risk"


class Adaptation(Value):
    """A change to the next plan that a lesson asks for, with what it is expected to gain."""

    area: Area
    lesson_id: str
    what: str  # in words
    gain: float  # per run
    unit: str = "seconds"
