"""What a diagnosis is judged on: the symptoms of a table, and how well one cause explained them when it was tested."""

from enum import StrEnum

from pydantic import Field

from state.diagnosis import AffectedRows, Cause
from state.marks import TableMark
from state.values import Value

MOST_TEXT = 120
"""Characters of a value from the data that evidence shows."""


class SymptomKind(StrEnum):
    """What can be odd about a table."""

    COMPLAINT = "complaint"  # the check that failed, or a rule that sent rows to quarantine
    REJECTS = "rejects"  # lines that are no record
    UNMAPPED = "unmapped"  # a file whose columns do not feed the table's
    GARBLED = "garbled"  # letters that come of reading text in another encoding
    ENDING = "ending"  # a file that ends in the middle of a line, or long before the others
    UNREADABLE = "unreadable"  # texts that cannot be read as the column's type
    PLACEHOLDER = "placeholder"  # a value that stands apart and comes again and again
    UNLISTED = "unlisted"  # values outside a list, or of a later part only
    MISFIT = "misfit"  # values unlike those of their column
    LEVEL = "level"  # numbers or dates of a part lie elsewhere than those of the others
    FAR = "far"  # single numbers far from all others
    CLOCK = "clock"  # times of day of a part differ from those of the others
    DISORDER = "disorder"  # dates that fit better with day and month exchanged
    REPEATED = "repeated"  # rows that are there twice
    KEY = "key"  # keys that clash, are missing, or refer to nothing
    TOTALS = "totals"  # rows that speak of others, or of shorter spans of time
    FROZEN = "frozen"  # a column that stopped to vary, or began to


class Symptom(Value):
    """One thing that is odd, and how odd: 0 is nothing, 1 what does not happen by chance."""

    kind: SymptomKind
    columns: tuple[str, ...] = ()
    strength: float = Field(ge=0, le=1)
    rows: int = 0
    told: str = ""  # in words, with figures; text from data is cut to `MOST_TEXT` characters


class ColumnSketch(Value):
    """What a column is like, in a few figures."""

    name: str
    logical_type: str
    filled: int
    distinct: int
    unreadable: int = 0
    samples: tuple[str, ...] = ()  # most frequent first


class FileSketch(Value):
    """What a source file is like."""

    name: str
    rows: int
    rejects: int
    delimiter: str
    encoding: str
    ends_open: bool  # its last line has no line end
    fed: int  # columns of the table that it feeds


class TableEvidence(Value):
    """The answer to ANALYSE_SCHEMA."""

    table: str
    rows: int
    rejects: int
    staged: bool
    files: tuple[FileSketch, ...]  # the first ones; `files_in_all` says how many there are
    files_in_all: int
    columns: tuple[ColumnSketch, ...]
    columns_in_all: int
    symptoms: tuple[Symptom, ...]  # strongest first
    marks: tuple[TableMark, ...] = ()  # what other agents inspected and doubted


class TestCall(Value):
    """The arguments of VALIDATE_DATA: the cause that is tested, and the columns it would concern (none: any)."""

    __test__ = False  # no class of tests

    table: str
    cause: Cause
    columns: tuple[str, ...] = ()


class TestResult(Value):
    """The answer to VALIDATE_DATA: what was measured. How well that fits is judged by whoever asked."""

    __test__ = False  # no class of tests

    table: str
    cause: Cause
    columns: tuple[str, ...] = ()
    rows: AffectedRows = AffectedRows(count=0)
    figures: dict[str, float] = Field(default_factory=dict)  # by name; bars are in `algorithms.diagnosis.bars`
    parameters: dict[str, str] = Field(default_factory=dict)  # what a remedy needs: factor, order, delimiter, ...
    told: str = ""  # in words, with figures
