"""An experience: what one run leaves for later ones. Small (no data, no cell), and kept under the run's id, once."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from state.approval import ChangeKind, Reply
from state.decisions import DecidedBy
from state.diagnosis import RemedyKind
from state.reports import FailureKind, Strategy
from state.run import RunStatus
from state.values import Value


class SourceFamily(Value):
    """The kind of files a run was given, so that files of the same kind are recognised later."""

    headers: tuple[str, ...] = ()  # fingerprints of the header variants, 16 digits of each, sorted
    names: tuple[str, ...] = ()  # patterns of the file names, digits as #, sorted: "orders_####_q#.csv"

    @property
    def empty(self) -> bool:
        """Whether nothing is known of the files."""
        return not (self.headers or self.names)


class StepExperience(Value):
    """One step of a plan: what was foreseen, and what came."""

    step_id: str  # "conform:orders"
    action: str  # kind and way, the name the planner's estimates have: "conform_at_once", "dedupe"
    table: str = ""  # empty: all tables
    predicted: float = Field(ge=0)  # seconds by the plan
    factor: float = Field(default=1.0, gt=0)  # by which a lesson had changed the estimate in `predicted`
    seconds: float = Field(default=0.0, ge=0)  # of all attempts
    attempts: int = Field(default=0, ge=0)  # 0: it was never begun
    failures: tuple[FailureKind, ...] = ()  # of the attempts, in order
    strategies: tuple[Strategy, ...] = ()  # how those were met, in order
    done: bool = False
    rows: int = 0
    agent: str = ""  # who performed the last attempt; empty without auctions
    engine: str = ""
    promised: float = 0.0  # seconds of the agent's bid
    kept: bool | None = None  # its contract; None where it had none, or the failure was the task's own

    @property
    def first_try(self) -> bool:
        """Whether it was done without a failure."""
        return self.done and not self.failures

    @property
    def estimate(self) -> float:
        """Return the seconds that were foreseen before any lesson."""
        return self.predicted / self.factor


class Contradiction(StrEnum):
    """What spoke against a decision later in the same run."""

    NONE = "none"
    VERIFICATION = "verification"  # the contract was not met where the decision was in effect
    TAKEN_BACK = "taken_back"  # it was a recovery that did not help
    PERSON = "person"  # somebody answered otherwise


class DecisionExperience(Value):
    """One judgement, and whether it stood."""

    kind: str  # column_mapping, value_format, ...
    subject: str
    table: str = ""
    answer: str = Field(default="", max_length=200)
    confidence: float = 0.0
    decided_by: DecidedBy
    contradicted: Contradiction = Contradiction.NONE


class MappingExperience(Value):
    """How the columns of one header variant were mapped to a table."""

    table: str
    header: str  # fingerprint of the variant's columns
    matches: dict[str, str]  # source column -> column of the contract
    by_evidence: tuple[str, ...] = ()  # source columns that no name said
    adopted: tuple[str, ...] = ()  # of those, the ones that the decision log had adopted before
    refuted: tuple[str, ...] = ()  # of `by_evidence`, the ones whose column failed a check of the contract
    confidence: float = 1.0


class FormatExperience(Value):
    """How a column was read: one reading for all its files, or none is told."""

    table: str
    column: str
    sources: tuple[str, ...]  # headers of the source columns
    readings: dict[str, str]  # "date order" -> "day_first", "decimal sign" -> ","


class RecoveryExperience(Value):
    """A table that failed its verification and was made otherwise."""

    table: str
    amendment: RemedyKind
    columns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # patterns of the files it is about; empty: all of the table
    parameters: dict[str, str] = Field(default_factory=dict)
    kept: bool = False  # the verification after it judged it better


class ReplanExperience(Value):
    """A failure and how it was met."""

    step_id: str
    action: str  # kind and way of the step
    table: str = ""
    failure: FailureKind | None = None
    strategy: Strategy
    threads: int | None = None  # what the adjustment said
    sql_seconds: float | None = None
    succeeded: bool = False  # the step was done in the end, or the plan without it reached its end
    seconds: float = 0.0  # lost: of the attempt in vain


class AnswerExperience(Value):
    """What a person said about one judgement that changes data, told so that another run knows it again."""

    table: str
    column: str
    change: ChangeKind
    sources: tuple[str, ...]  # source columns that feed the column; of a mapping to nothing all columns of the header
    value: str = ""  # of a value outside its list: the value
    proposal: str | None  # what was put forward
    stands: str | None  # what the person let stand
    reply: Reply
    by: str = ""
    run_id: str


class LessonUse(Value):
    """A lesson that a run used, and for what."""

    lesson_id: str
    kind: str
    steps: tuple[str, ...] = ()  # ids of the steps it concerned
    effect: str  # in words: "starts with 1 thread", "expects 0.21 s instead of 0.14 s"
    factor: float = Field(default=1.0, gt=0)  # by which it changed an estimate of seconds
    held: bool | None = None  # whether the run's data confirmed it; None: nothing in the run tests it


class Experience(Value):
    """What one run leaves. Times are seconds, shares are of rows read."""

    run_id: str
    at: datetime  # when the run was recorded
    contract: str  # its id
    version: str
    sha256: str
    family: SourceFamily
    status: RunStatus
    seconds: float = 0.0
    spent_steps: int = 0
    plan_id: str = ""
    predicted: float = 0.0  # seconds of the first plan
    probability: float = 0.0  # that no step fails, by the first plan
    steps: tuple[StepExperience, ...] = ()
    decisions: tuple[DecisionExperience, ...] = ()
    mappings: tuple[MappingExperience, ...] = ()
    formats: tuple[FormatExperience, ...] = ()
    recoveries: tuple[RecoveryExperience, ...] = ()
    replans: tuple[ReplanExperience, ...] = ()
    questions: int = 0  # that a person was asked
    answers: tuple[AnswerExperience, ...] = ()  # of a person, be it in this run or, by a lesson, in an earlier one
    rows: dict[str, int] = Field(default_factory=dict)  # read, by table
    quarantined: dict[str, float] = Field(default_factory=dict)  # share, by table
    used: tuple[LessonUse, ...] = ()

    @property
    def met(self) -> bool:
        """Whether the contract was met and published."""
        return self.status is RunStatus.PUBLISHED
