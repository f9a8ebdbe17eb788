"""Column mapping: which source column feeds which contract column."""

from pydantic import Field

from state.contract import LogicalType
from state.resolution import Ballot
from state.values import Value


class SourceColumn(Value):
    """Evidence about one source column of a variant (bounded)."""

    name: str
    rows: int  # rows looked at
    filled: int  # rows with a non-blank value
    distinct: int  # distinct non-blank values among them
    samples: tuple[str, ...]  # most frequent values first, at most 50, each at most 200 characters
    shapes: tuple[str, ...] = ()  # most frequent shapes, digits as 9 and letters as a, at most 10
    type_share: dict[str, float] = Field(
        default_factory=dict
    )  # LogicalType value -> share of filled samples that parse as it
    quantiles: tuple[float, ...] = ()  # minimum, quartiles, maximum of the values read as numbers; empty where few are
    depends: dict[str, float] = Field(
        default_factory=dict
    )  # other column -> how strongly both hang together, 0..1; itself alone where nothing does; empty where not counted


class TargetColumn(Value):
    """Evidence about one contract column that wants a source."""

    name: str
    names: tuple[str, ...]  # further known names: aliases, physical and business name, synonyms
    adopted: dict[str, str] = Field(default_factory=dict)  # source columns of the decision log -> run of their adoption
    logical_type: LogicalType
    valid_values: tuple[str, ...] = ()  # at most 500
    examples: tuple[str, ...] = ()
    pattern: str | None = None
    unique: bool = False
    required: bool = False
    samples: tuple[str, ...] = ()  # values already known for this column, from other files
    description: str | None = None
    minimum: float | None = None  # bounds of a number that the contract gives
    maximum: float | None = None
    profile: SourceColumn | None = None  # where a whole column of known values was profiled, not only samples


class MappingEvidence(Value):
    """What the mapping of one variant to one table is decided on."""

    table: str
    variant_id: str
    sources: tuple[SourceColumn, ...]
    targets: tuple[TargetColumn, ...]


class ColumnMatch(Value):
    """One source column assigned to one contract column."""

    target: str
    source: str
    score: float  # 0..1
    runner_up: str | None = None  # the next best source column
    margin: float = 0.0  # score minus the next best score
    reason: str = ""  # "name", "alias", "name 0.83, values 0.91, type 1.00"
    votes: tuple[Ballot, ...] = ()  # of the council, where it was asked: each seat's own choice for this column


class Suspect(Value):
    """A member of the council whose scores do not count, and why."""

    member: str
    reason: str


class ColumnMapping(Value):
    """The answer: matches, and what was left over on both sides."""

    table: str
    variant_id: str
    matches: tuple[ColumnMatch, ...]
    unmapped_targets: tuple[str, ...]
    unmapped_sources: tuple[str, ...]  # drift
    confidence: float
    method: str = ""  # how the council decided, in words; empty where names did
    suspects: tuple[Suspect, ...] = ()
