"""Recoveries: what failed in the quality of a table, how it could be mended, what was tried, and what came of it."""

from enum import StrEnum

from pydantic import Field

from state.contract import OnViolation
from state.diagnosis import RemedyKind
from state.values import Value


class FailurePattern(StrEnum):
    """How the bad rows of a table lie."""

    IMPOSSIBLE = "impossible"  # a rule that no data can meet, or none of these rows
    UNCHECKED = "unchecked"  # nothing could be judged: a rule that cannot be checked
    DRIFT = "drift"  # columns came, went or changed their place
    ALL_ROWS = "all_rows"
    ONE_FILE = "one_file"
    ONE_VARIANT = "one_variant"  # files of one list of column names
    ONE_COLUMN = "one_column"  # many files, one column
    SPREAD = "spread"


class FailedRule(Value):
    """The figures of one rule that rows break: of a check that failed, or of the reasons rows were set aside for."""

    rule: str
    kind: str  # of the check: required, type, unique, relationship, validValues, mapping, reject, ...
    column: str | None
    rows: int = Field(ge=0)  # violating, or 1 of a rule that is not about rows
    files: dict[int, int] = Field(default_factory=dict)  # file id -> violating rows; empty where that is not known
    blocking: bool = True  # the rule itself forbids publishing; False: its rows are in quarantine
    settled_by_rows: bool = False  # setting the violating rows aside meets the rule
    checked: bool = True  # False: the rule could not be checked
    detail: str = ""


class Safeguard(StrEnum):
    """What must hold after a recovery besides the contract, for its result to be kept."""

    NO_ROW_LOST = "no_row_lost"  # as many rows of the table are read as before, and the books balance
    NO_LINE_LOST = "no_line_lost"  # of files that are read again: as many lines as before, no more of them refused
    NO_NEW_FAILURE = "no_new_failure"  # no rule fails that held before
    FEWER_BAD = "fewer_bad"  # fewer checks fail, or fewer rows are bad
    FEWER_ASIDE = "fewer_aside"  # fewer rows of the table are in quarantine, and of no other table more
    NO_MORE_UNREADABLE = "no_more_unreadable"  # no more values of the columns concerned are unreadable
    IDENTICAL_ONLY = "identical_only"  # rows were merged only where all columns of the contract are the same
    WITHIN_ALLOWANCE = "within_allowance"  # no more rows are in quarantine than the contract allows


class Amendment(Value):
    """One alternative to what was done: measured, with what speaks for it."""

    kind: RemedyKind
    table: str
    columns: tuple[str, ...] = ()
    files: tuple[int, ...] = ()  # file ids; empty: all of the table
    parameters: dict[str, str] = Field(default_factory=dict)
    rows: tuple[tuple[int, int], ...] = ()  # first and last ids of the rows that are set aside one by one
    gain: int = Field(ge=0)  # rows that are expected to be good after it, or to be out of the way
    certainty: float = Field(ge=0, le=1)  # that it is right, by its evidence
    evidence: str  # in words, with figures
    diagnosed: bool = False  # the diagnosis of the table says so, which makes it no likelier than it is


class Allowance(Value):
    """What the contract allows for a table; nothing beyond it is ever done."""

    on_violation: OnViolation
    max_quarantine: float  # share of rows
    relaxed_quarantine: float | None = None  # millwright.relaxedQuarantine: what a recovery may raise it to
    conforming: bool = True  # fed by files: what was read can be read otherwise


class QualityMetrics(Value):
    """The figures of a table that failed its verification, and the alternatives that were measured."""

    table: str
    rows_read: int = Field(ge=0)
    rows_quarantined: int = Field(ge=0)
    failed: tuple[FailedRule, ...]
    file_rows: dict[int, int] = Field(default_factory=dict)  # rows by file id
    variants: dict[str, tuple[int, ...]] = Field(default_factory=dict)  # header variant -> file ids
    impossible: tuple[str, ...] = ()  # rules that nothing can meet, each with why
    amendments: tuple[Amendment, ...] = ()
    allowance: Allowance

    @property
    def quarantine_share(self) -> float:
        """Rows in quarantine per row read."""
        return self.rows_quarantined / self.rows_read if self.rows_read else 0.0


class RecoveryTask(Value):
    """What a recovery is planned for, and what is left to spend."""

    table: str
    attempt: int = Field(default=1, ge=1)  # of the table
    attempts: int = Field(default=3, ge=1)  # allowed
    tried: tuple[str, ...] = ()  # ids of plans that were tried in the run
    least_confidence: float = Field(default=0.05, ge=0, le=1)
    # Times are no part of what a decision is known by: they differ from run to run.
    seconds_left: float | None = Field(default=None, exclude=True)  # of the run's budget; None: unbounded
    seconds_needed: float = Field(default=0.0, exclude=True)  # what the steps to do again took before
    improving: bool = False  # the contract is met: the table is to be made better


class Threshold(Value):
    """A threshold that is raised, by which property of the contract, from what to what."""

    rule: str  # "orders.maxQuarantine"
    property_name: str  # "millwright.relaxedQuarantine"
    before: float
    after: float


class RecoveryPlan(Value):
    """How a table that failed its verification is done again; without amendments and threshold it stops."""

    plan_id: str  # digest of what it does
    table: str
    pattern: FailurePattern
    amendments: tuple[Amendment, ...] = ()
    threshold: Threshold | None = None
    safeguards: tuple[Safeguard, ...] = ()
    gain: int = 0  # rows
    confidence: float = Field(default=0.0, ge=0, le=1)
    reason: str
    alternatives: tuple[str, ...] = ()  # "reread in.csv: confidence 0.4 is below the bar of 0.5"

    @property
    def stops(self) -> bool:
        """Whether nothing is tried."""
        return not self.amendments and self.threshold is None


class Standing(Value):
    """How good the staged tables are: what is compared before and after a recovery."""

    failing: dict[str, int]  # rule that forbids publishing -> violations
    rows_read: dict[str, int]  # by table
    rows_merged: dict[str, int]
    quarantined: dict[str, int]
    unreadable: dict[str, int] = Field(default_factory=dict)  # "orders.amount" -> values
    lines: dict[str, int] = Field(default_factory=dict)  # of the files that feed a table
    refused: dict[str, int] = Field(default_factory=dict)  # of them, those that are no record
    derived: tuple[str, ...] = ()  # tables made by SQL: how many rows they have follows from others

    @property
    def badness(self) -> tuple[int, int]:
        """Checks that fail, then violations: must fall."""
        return len(self.failing), sum(self.failing.values())


class RecoveryStatus(StrEnum):
    """What became of a recovery."""

    TRIED = "tried"  # put in place; the tables are made again and not judged yet
    KEPT = "kept"
    TAKEN_BACK = "taken_back"


class Recovery(Value):
    """One recovery in the ledger of a run."""

    number: int  # from 1
    plan: RecoveryPlan
    before: Standing
    status: RecoveryStatus = RecoveryStatus.TRIED
    outcome: str = ""  # in words

    @property
    def holds(self) -> bool:
        """Whether what it amends is in place."""
        return self.status is not RecoveryStatus.TAKEN_BACK


class Foreseen(Value):
    """What a lesson knew would be needed, and this run's data confirmed: in place before anything failed."""

    lesson_id: str
    kind: str  # of the lesson
    table: str
    amendments: tuple[Amendment, ...]
    refuted: str = ""  # why it was taken back; empty while it is in place

    @property
    def holds(self) -> bool:
        """Whether it is in place."""
        return not self.refuted


class RecoveryRef(Value):
    """What state holds of the last recovery."""

    number: int
    plan_id: str
    table: str
    status: RecoveryStatus
