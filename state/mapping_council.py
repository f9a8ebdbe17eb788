"""The schema council in graph state: sealed sheets of scores, and references to what lies in the run's folder."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from state.channels import merge_by_id
from state.run import RunStatus
from state.supervisor import SupervisorState
from state.values import Value


class PairScore(Value):
    """What a member measured on one pair; columns by their place in the question."""

    source: int
    target: int
    aspect: str
    score: float


class ScoreSheet(Value):
    """All scores of a member on one question, given without seeing what others say."""

    member: str
    version: str
    question: str  # digest of the evidence
    scores: tuple[PairScore, ...]


class QuestionRef(Value):
    """A question to the council; it lies in a run's folder, and so does the control question."""

    folder: str
    question: str  # digest of the evidence: the file is named by it
    control: str = ""  # the same of the question whose answer is known; empty where there is none
    seats: tuple[str, ...]

    @property
    def asked(self) -> tuple[str, ...]:
        """What every member is asked, in no order that tells which is which."""
        return tuple(sorted({self.question, self.control} - {""}))


class SheetRef(Value):
    """The sealed sheets of one member: their hashes, or why there are none."""

    member: str
    sheets: dict[str, str] = Field(default_factory=dict)  # digest of the question -> SHA-256 of the sheet's file
    fault: str = ""


class MappingVerdict(Value):
    """What state holds of an answer: counts, what is doubtful, who is suspected, and where the mapping lies."""

    question: str
    path: str
    sha256: str
    matched: int
    confidence: float
    doubtful: tuple[str, ...] = ()  # contract columns, at most 20: without a source though one fits, or hardly sure
    suspects: tuple[str, ...] = ()


class CouncilInput(TypedDict):
    """What the council is given."""

    question: QuestionRef
    """Written by the caller."""


class CouncilState(TypedDict, total=False):
    """Channels of the council."""

    question: QuestionRef
    """Written by the caller; read by every node."""
    sheets: Annotated[dict[str, SheetRef], merge_by_id]
    """Written by each member, keyed by its id; read by the assignment."""
    verdict: MappingVerdict
    """Written by the assignment; read by whoever looks for doubts."""
    verdicts: Annotated[dict[str, MappingVerdict], merge_by_id]
    """Written at the end, keyed by the question; read by the caller."""


class CouncilOutput(TypedDict):
    """What the council gives back."""

    verdicts: Annotated[dict[str, MappingVerdict], merge_by_id]


class MemberInput(TypedDict):
    """What one member is given."""

    question: QuestionRef
    member: str


class WholeCouncil(SupervisorState, total=False):
    """Channels of the council served alone: sources are taken in first, and each open header variant is a question."""

    questions: tuple[QuestionRef, ...]
    """Written when the sources are profiled; read by routing."""
    verdicts: Annotated[dict[str, MappingVerdict], merge_by_id]
    """Written by each council, keyed by its question; read by the caller."""


class SchemaCouncilOutput(TypedDict, total=False):
    """What the council served alone gives back."""

    status: RunStatus
    problem: str
    questions: tuple[QuestionRef, ...]
    verdicts: Annotated[dict[str, MappingVerdict], merge_by_id]
