"""What a generated folder is made from, and what is known to be true about it."""

from enum import StrEnum

from pydantic import Field, model_validator

from evals.reasoning.cases import KINDS
from evals.reasoning.domains import DOMAINS
from state.diagnosis import Cause
from state.values import Value


class Mess(StrEnum):
    """A kind of mess. Of the first six a rate is the share of files that have it, of the others the share of rows."""

    HEADERS = "headers"  # the contract's names, spelled otherwise
    ALIASES = "aliases"  # other words for the names; the contract knows some of them
    DATES = "dates"  # days and moments in another format
    NUMBERS = "numbers"  # decimal comma, grouped thousands
    DIALECT = "dialect"  # another delimiter and encoding
    COLUMNS = "columns"  # more columns than the contract knows, in another order
    BLANKS = "blanks"  # white space around a text
    MISSPELT = "misspelt"  # a value of a list with a typing error
    REPEATS = "repeats"  # a line that comes again, identical
    INVALID = "invalid"  # a required value that is empty, or a reference to nothing; other columns may tell it
    IMPOSSIBLE = "impossible"  # a value out of its bounds in a column that may be empty
    BROKEN = "broken"  # a line that is no record


OF_FILES = (Mess.HEADERS, Mess.ALIASES, Mess.DATES, Mess.NUMBERS, Mess.DIALECT, Mess.COLUMNS)


class Fate(StrEnum):
    """How a line of a file ends."""

    PUBLISHED = "published"
    QUARANTINED = "quarantined"
    MERGED = "merged"


class FolderSpec(Value):
    """One folder. The same specification gives the same bytes."""

    name: str  # fit for a folder
    seed: int
    domain: str = Field(description="one of evals.reasoning.domains.DOMAINS")
    rows: int = Field(default=300, ge=20, description="of the first table, before rows are repeated or broken")
    files: int = Field(default=3, ge=1, description="of the first table")
    mess: dict[Mess, float] = Field(default_factory=dict, description="rate by kind")
    drift: int = Field(default=0, ge=0, description="how many deliveries of these sources came before")
    change: float = Field(default=0.3, ge=0, le=1, description="chance that a habit of a source changes per delivery")
    fault: str = Field(default="", description="kind of evals.reasoning.cases.KINDS that the contract fails for")
    variant: str = Field(default="", description="variant of the fault; empty: its first")

    @model_validator(mode="after")
    def _known(self) -> "FolderSpec":
        if self.domain not in DOMAINS:
            raise ValueError(f"there is no domain {self.domain!r}: {', '.join(DOMAINS)}")
        if self.fault and self.fault not in KINDS:
            raise ValueError(f"there is no fault {self.fault!r}: {', '.join(KINDS)}")
        if self.fault and self.mess:
            raise ValueError("a folder has a fault or mess: with both nobody could say what the contract fails for")
        return self


class TrueRow(Value):
    """What is true of one line of a file."""

    table: str
    file: str  # name in the input folder
    line: int  # physical, the header is line 1; 0 where only the table's row is known
    ends: tuple[Fate, ...]  # that are right for it
    values: dict[str, str | None] = Field(description="canonical text by column; empty for a line that is no record")
    damaged: dict[str, str] = Field(default_factory=dict, description="kind of mess by column")


class InjectedFault(Value):
    """A fault that was put into the first table, with the lines it concerns by file."""

    cause: Cause
    table: str
    lines: dict[str, tuple[int, ...]]


class FolderTruth(Value):
    """What is true of a folder; nothing of it is written to the disk."""

    spec: FolderSpec | None  # None for a folder that was not generated
    contract: str  # path of the ODCS file
    sources: str  # path of the input folder
    keys: dict[str, tuple[str, ...]] = Field(description="columns of the primary key by table")
    lines: dict[str, int] = Field(description="lines that are to be accounted for, by table")
    rows: tuple[TrueRow, ...] = Field(description="empty where a fault adds, drops or moves rows")
    mapping: dict[str, dict[str, str]] = Field(description="by file: column of the contract by name in the file")
    faults: tuple[InjectedFault, ...] = ()
