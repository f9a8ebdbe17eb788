"""Diagnoses: what is wrong with data, which rows it concerns, and what can be done about it."""

from enum import StrEnum

from pydantic import Field

from state.values import Value


class Cause(StrEnum):
    """What can be wrong with data."""

    WRONG_DELIMITER = "wrong_delimiter"
    WRONG_ENCODING = "wrong_encoding"
    SHIFTED_COLUMNS = "shifted_columns"
    CHANGED_UNIT = "changed_unit"
    CHANGED_DATE_ORDER = "changed_date_order"
    NEW_CATEGORY = "new_category"
    DUPLICATED_LOAD = "duplicated_load"
    BROKEN_KEY = "broken_key"
    TRUNCATED_FILE = "truncated_file"
    SENTINEL = "sentinel"  # a value such as -999 or n/a that stands for null
    SWAPPED_COLUMNS = "swapped_columns"
    MIXED_GRANULARITY = "mixed_granularity"  # totals among details, days among months
    OUTLIERS_BY_FACTOR = "outliers_by_factor"  # 1000, 100: a decimal sign or a unit lost in single cells
    TIME_ZONE_SHIFT = "time_zone_shift"
    NOTHING_WRONG = "nothing_wrong"
    UNKNOWN = "unknown"  # something is wrong, and none of the known causes explains it


class RemedyKind(StrEnum):
    """What can be done about a cause."""

    REREAD = "reread"  # read files with another delimiter or encoding
    REMAP = "remap"  # other source columns feed the columns, in some files
    REFORMAT = "reformat"  # read values otherwise: date order, unit, time zone, in some files
    RESOLVE = "resolve"  # sentinels become null, new spellings known values
    MERGE = "merge"  # repeated rows become one
    SET_ASIDE = "set_aside"  # the rows go to quarantine
    ASK = "ask"  # only a person, or whoever sends the files, can mend it
    NONE = "none"


class Remedy(Value):
    """What to do, on what, and how."""

    kind: RemedyKind
    columns: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # names of source files; empty: all of the table
    parameters: dict[str, str] = Field(default_factory=dict)  # "delimiter": ";", "factor": "1000", "order": "day_first"
    reason: str = ""


class AffectedRows(Value):
    """Which rows a cause concerns: a count, where they lie, and a condition that finds them again."""

    count: int = Field(ge=0)
    files: dict[str, int] = Field(default_factory=dict)  # rows by name of the source file
    sample: tuple[int, ...] = ()  # row ids (`_row` of the workspace), at most 100 where not asked for more
    condition: str = ""  # SQL over the staged table; empty where a condition does not tell them apart


class Hypothesis(Value):
    """A cause that could be it, before or after it was tested."""

    cause: Cause
    columns: tuple[str, ...] = ()
    score: float = Field(ge=0, le=1)  # how well the evidence fits: before the test a rank, after it a confidence
    tested: bool = False
    evidence: str = ""  # in words, with figures


class Diagnosis(Value):
    """The end of a case."""

    table: str
    cause: Cause
    columns: tuple[str, ...] = ()
    rows: AffectedRows = AffectedRows(count=0)
    confidence: float = Field(default=0.0, ge=0, le=1)
    remedy: Remedy = Remedy(kind=RemedyKind.NONE)
    hypotheses: tuple[Hypothesis, ...] = ()  # best first
    reason: str = ""
