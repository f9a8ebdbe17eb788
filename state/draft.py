"""A draft of a contract: what was counted in the files, and what is proposed from it with the evidence beside it."""

from typing import Any

from pydantic import Field

from state.contract import LogicalType
from state.values import Value


class SourceUnit(Value):
    """Files that share a header and the words of their names: the smallest thing that belongs to one table."""

    variant_id: str
    stem: tuple[str, ...]  # words of the names, without dates, numbers and counters
    folder: str  # name of the folder the first file lies in
    columns: tuple[str, ...]
    file_ids: tuple[int, ...]
    names: tuple[str, ...]  # of the files
    rows: int

    @property
    def key(self) -> str:
        """What tells the unit from others: its header and the words of its names."""
        return "/".join((self.variant_id, *self.stem))


class ColumnOrigin(Value):
    """One column of a drafted table and the headers that feed it."""

    name: str
    headers: dict[str, str]  # variant id -> header there
    aliases: tuple[str, ...] = ()  # headers that are not the name
    reasons: tuple[str, ...] = ()  # how headers of another name were recognised
    type_share: dict[str, float] = Field(default_factory=dict)  # LogicalType value -> share of sampled values
    samples: tuple[str, ...] = ()  # most frequent values first


class TableOrigin(Value):
    """A drafted table before anything is known of its values."""

    name: str
    globs: tuple[str, ...]
    units: tuple[SourceUnit, ...]
    columns: tuple[ColumnOrigin, ...]
    reason: str  # why these files are one table

    @property
    def file_ids(self) -> tuple[int, ...]:
        """Ids of all files that feed the table."""
        return tuple(sorted({file_id for unit in self.units for file_id in unit.file_ids}))


class ValueCount(Value):
    """One distinct value, its rows, and its rows in the first half of the table."""

    value: str
    rows: int
    early: int


class Half(Value):
    """One half of the table's rows, in the order of files and lines."""

    rows: int
    filled: int
    low: float | None = None  # of numbers, and of dates in days
    high: float | None = None


class ColumnFacts(Value):
    """What was counted in one typed column; counts are of all rows."""

    name: str
    logical_type: LogicalType
    rows: int
    filled: int
    unread: int  # texts that cannot be read as the type
    distinct: int
    everywhere: bool  # every header has the column
    low: str | None = None
    high: str | None = None
    quantiles: tuple[float, ...] = ()  # 0, 1, 25, 50, 75, 99, 100 percent, of numbers and of dates in days
    lengths: tuple[int, int] | None = None  # of texts
    whole_digits: int = 0  # of numbers
    decimals: dict[int, int] = Field(default_factory=dict)  # decimal places -> rows
    halves: tuple[Half, Half] | None = None
    counts: tuple[ValueCount, ...] = ()  # all distinct values where they are few, most frequent first
    samples: tuple[str, ...] = ()  # distinct texts, spread over the column
    read_as: str = ""  # how the text is read, in words
    day_first: bool | None = None  # of dates in digits, where all files agree
    shapes: tuple[str, ...] = ()  # of dates: shapes with digits as 9

    @property
    def nulls(self) -> int:
        """Rows without a value that is not unreadable text."""
        return self.rows - self.filled - self.unread


class KeyCandidate(Value):
    """Columns that may identify a row, and what stands against it."""

    columns: tuple[str, ...]
    rows: int  # with a value in all of them
    distinct: int
    identical: int = 0  # rows beyond the first that are the same in every column
    latest: str | None = None  # a column that orders all rows that share a key
    expected_clashes: float | None = None  # pairs that would share the values if the columns were independent

    @property
    def duplicates(self) -> int:
        """Rows beyond the first of their key."""
        return self.rows - self.distinct


class InclusionFacts(Value):
    """Values of a column that also stand in the key of another table."""

    table: str
    column: str
    to_table: str
    to_column: str
    filled: int
    orphans: int  # rows whose value is no key
    distinct: int
    covered: int  # keys that are referred to
    keys: int


class PairFacts(Value):
    """How often an expression over columns of one table holds."""

    columns: tuple[str, ...]
    kind: str  # order | product | sum | difference
    rows: int  # with a value in all columns
    broken: int
    broken_by_chance: int  # the same, with one column shifted by some rows
    telling: int  # rows in which the rule says something: no zero, one or equal parts


class Proposal(Value):
    """A part of a drafted column or table: fields of the standard and a note for each of them."""

    fields: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)  # logicalTypeOptions
    settings: dict[str, Any] = Field(default_factory=dict)  # millwright.*
    quality: tuple[tuple[dict[str, Any], str], ...] = ()  # a rule and its note
    relationships: tuple[tuple[str, str], ...] = ()  # target and note
    notes: dict[str, str] = Field(default_factory=dict)  # name of a field, option or setting -> note
    remarks: tuple[str, ...] = ()  # what is told but not written as a rule
    costs: int = 0  # rows that break it


class DraftedTable(Value):
    """A table of the draft."""

    origin: TableOrigin
    rows: int
    rejects: int
    table: Proposal
    columns: dict[str, Proposal]
    facts: tuple[ColumnFacts, ...]


class Draft(Value):
    """The whole draft: the contract as data, notes by place, and what the tables were drafted from."""

    contract: dict[str, Any]
    notes: dict[str, str]  # "schema/0/properties/2/required" -> note; "#" behind a place: lines above it
    tables: tuple[DraftedTable, ...]
    warnings: tuple[str, ...] = ()
