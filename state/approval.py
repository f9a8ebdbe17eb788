"""What a person is asked before a run goes on, and what may be answered."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from state.formats import FormatEvidence, ValueFormat
from state.mapping import ColumnMapping, MappingEvidence
from state.resolution import Ballot, ResolutionEvidence, Resolutions
from state.values import Value


class ChangeKind(StrEnum):
    """Kinds of judgement that change data."""

    MAPPING = "mapping"  # which source column feeds a contract column; null: none
    DATE_ORDER = "date_order"  # day_first, month_first, unknown
    DOTTED_ORDER = "dotted_date_order"  # the same for dates with points
    DECIMAL = "decimal_sign"  # "." or ","; "" where nothing decides
    UNIT = "unit"  # the unit that is left out; null: none, such values are not read
    PERCENT = "percent"  # as_it_stands, hundredth, not_read
    VALUE = "value"  # what a value outside its list becomes; null: it stays and breaks its rule
    REPAIR = "repair"  # what cells that the council calls wrong become; null: they stay


class Change(Value):
    """One judgement that changes data, put forward to a person."""

    change_id: str  # digest of what is judged, not of the judgement: stays when the proposal changes
    kind: ChangeKind
    table: str
    column: str
    where: str  # "orders_2.csv", "orders_1.csv and 3 more"
    value: str | None = None  # kinds `value` and `repair`: the value that is replaced
    proposal: str | None
    rejected: str | None  # what stands instead of the proposal when it is rejected
    alternatives: tuple[str, ...] = ()  # some of what an edit may say
    edit: str  # what an edit may say, in words
    confidence: float
    margin: float | None = None  # to the next best, where that is known
    rows: int
    evidence: str
    votes: tuple[Ballot, ...] = ()


class MappingProposal(Value):
    """The mapping of one header variant, with what it was decided on."""

    evidence: MappingEvidence
    answer: ColumnMapping


class FormatProposal(Value):
    """The format of one column, with what it was decided on and the source columns that feed it."""

    evidence: FormatEvidence
    answer: ValueFormat
    sources: tuple[str, ...]  # "v002/Order Date"


class ResolutionProposal(Value):
    """What the unknown values of one column become, with what it was decided on and the columns that feed it."""

    evidence: ResolutionEvidence
    answer: Resolutions
    sources: tuple[str, ...]


class Proposals(Value):
    """All judgements about one table that a person is asked about."""

    table: str
    mappings: tuple[MappingProposal, ...]
    formats: tuple[FormatProposal, ...]
    resolutions: tuple[ResolutionProposal, ...]
    files: dict[int, str]  # file id -> name
    variants: dict[str, tuple[int, ...]]  # header variant -> ids of the files that feed the table


class Reply(StrEnum):
    """What a person says about a proposal."""

    ACCEPT = "accept"
    REJECT = "reject"
    EDIT = "edit"


class Settled(Value):
    """What a person said about one change."""

    reply: Reply
    proposal: str | None  # what was put forward
    value: str | None  # what stands now


class Rest(StrEnum):
    """What is said about the changes that an answer does not name."""

    ACCEPT = "accept"
    REJECT = "reject"
    ASK = "ask"


class ChangesAnswer(Value):
    """An answer to changes that were put forward. Every id of the full list may be named, not only those shown."""

    accept: tuple[str, ...] = Field(default=(), title="Accept", description="Ids of changes to accept")
    reject: tuple[str, ...] = Field(default=(), title="Reject", description="Ids of changes to reject")
    edit: dict[str, str | None] = Field(
        default_factory=dict, title="Edit", description="Id of a change -> what stands instead of the proposal"
    )
    rest: Rest = Field(
        default=Rest.ASK, title="Rest", description="What is said about all others; ask: they are asked about again"
    )
    by: str = Field(default="", max_length=200, title="By", description="Who answers")
    note: str = Field(default="", max_length=1_000, title="Note", description="A word for the record")


class PlanAnswer(Value):
    """An answer to a plan that was put forward."""

    reply: Literal["accept", "reject"] = Field(title="Reply", description="A rejected plan ends the run")
    by: str = Field(default="", max_length=200, title="By", description="Who answers")
    note: str = Field(default="", max_length=1_000, title="Note", description="A word for the record")


class AskedRef(Value):
    """What state holds of a question about changes, and why the last answer to it was refused."""

    question_id: str  # "orders#1"
    step_id: str  # of the step that waits: "approve:orders"
    table: str
    changes: int
    refused: str = ""


class Answered(Value):
    """A person's answer in the run's ledger."""

    question_id: str  # "plan", "orders#1"
    by: str  # empty: not known
    at: datetime
    note: str = ""
    reply: str = ""  # to a plan
    settled: dict[str, Settled] = Field(default_factory=dict)  # by change id

    def by_reply(self) -> dict[Reply, tuple[str, ...]]:
        """Return the ids of the changes by what was said about them; what was said about none is left out."""
        said = {reply: tuple(key for key, each in self.settled.items() if each.reply is reply) for reply in Reply}
        return {reply: ids for reply, ids in said.items() if ids}
