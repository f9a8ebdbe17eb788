"""Resolving values that are not in the list they must come from (valid values or another table's key)."""

from pydantic import Field

from state.values import Value


class Witness(Value):
    """Rows elsewhere that link an unknown value to a known one, e.g. the same place in another file."""

    known: str  # the valid value they point to
    through: str  # how: "province='Hong Kong'", "latitude,longitude"
    rows: int
    against: int = 0  # rows of the same link that point to other known values
    kind: str = "determinant"  # elsewhere | determinant | contained: how the link was mined
    trust: float = 1.0  # share of right answers of such links on rows with a valid value, 0..1
    share: float = 1.0  # share of the unknown value's linked rows that point to `known`


class UnknownValue(Value):
    """One distinct value that is not in the list, with what is known about it."""

    value: str  # trimmed text
    rows: int
    files: int
    context: dict[str, tuple[str, ...]] = Field(
        default_factory=dict
    )  # values of other columns in its rows, most frequent first, at most 5
    witnesses: tuple[Witness, ...] = ()


class ResolutionEvidence(Value):
    """What the unknown values of one column are decided on."""

    table: str
    column: str
    valid: tuple[str, ...]
    unknown: tuple[UnknownValue, ...]
    adopted: dict[str, str] = Field(default_factory=dict)  # unknown value -> what earlier runs adopted for it
    adopted_in: dict[str, str] = Field(default_factory=dict)  # unknown value -> the run


class Ballot(Value):
    """One specialist's vote on one value."""

    voter: str  # normalised, acronym, tokens, edit, containment, dependency, ...
    choice: str | None  # None: abstains
    confidence: float
    reason: str


class ValueResolution(Value):
    """What one unknown value becomes; `resolved` None means it stays and counts as a violation."""

    value: str
    resolved: str | None
    operator: str  # the deciding specialist, e.g. "normalised", "dependency"
    votes: tuple[Ballot, ...]
    confidence: float
    reason: str


class Resolutions(Value):
    """The answer for one column."""

    table: str
    column: str
    values: tuple[ValueResolution, ...]
