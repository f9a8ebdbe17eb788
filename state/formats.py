"""Value formats: how the text of a column is read as its logical type."""

from enum import StrEnum

from pydantic import Field

from state.contract import LogicalType
from state.mapping import Suspect
from state.resolution import Ballot
from state.values import Value


class DateOrder(StrEnum):
    """The order of day and month in all-digit dates."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    UNKNOWN = "unknown"  # nothing decides it: ambiguous values become violations


class FormatGroup(Value):
    """Files whose values of a column are read the same way; counts are of distinct values' rows."""

    file_ids: tuple[int, ...]
    date_order: DateOrder | None = None  # None: not a date, or no value needs it
    evidence: str = ""


class FormatContext(Value):
    """What is known about the writing of a column besides its own texts."""

    headers: tuple[str, ...] = ()  # what the sources call it
    day_first_beside: dict[int, int] = Field(
        default_factory=dict
    )  # file id -> rows of the file's other dates readable only with the day first
    month_first_beside: dict[int, int] = Field(default_factory=dict)
    comma_beside: int = 0  # rows of the table's other numbers that can only have a decimal comma
    point_beside: int = 0
    adopted: dict[str, str] = Field(default_factory=dict)  # reading -> what earlier runs adopted (the decision log)
    adopted_in: dict[str, str] = Field(default_factory=dict)  # reading -> the run


class FormatEvidence(Value):
    """What the format of one column is decided on, gathered over all its files (bounded)."""

    table: str
    column: str
    logical_type: LogicalType
    rows: int
    filled: int
    odd: int = 1  # rows whose text is not the canonical text of its value; at least one unless all are counted
    shapes: dict[str, int] = Field(default_factory=dict)  # shape -> rows, the 200 most frequent
    day_first_only: dict[int, int] = Field(default_factory=dict)  # file id -> rows readable only with the day first
    month_first_only: dict[int, int] = Field(default_factory=dict)  # file id -> rows readable only with the month first
    ambiguous: dict[int, int] = Field(default_factory=dict)  # file id -> rows readable both ways and different
    day_first_plausible: dict[int, int] = Field(
        default_factory=dict
    )  # of the ambiguous: day first falls in the range of unambiguous dates
    month_first_plausible: dict[int, int] = Field(default_factory=dict)
    ambiguous_dates: dict[int, int] = Field(default_factory=dict)  # file id -> distinct dates readable both ways
    day_first_on_day: dict[int, int] = Field(
        default_factory=dict
    )  # of the ambiguous: day first falls on the one day of the month that all unambiguous dates have; empty without
    month_first_on_day: dict[int, int] = Field(default_factory=dict)
    day_first_on_first: dict[int, int] = Field(default_factory=dict)  # of the ambiguous: a month's first day
    month_first_on_first: dict[int, int] = Field(default_factory=dict)
    day_first_in_step: dict[int, int] = Field(
        default_factory=dict
    )  # of the ambiguous: all of them where the file's dates go in equal steps, else 0; empty where they are few
    month_first_in_step: dict[int, int] = Field(default_factory=dict)
    decimal_comma: int = 0  # rows that can only have a decimal comma
    decimal_point: int = 0  # rows that can only have a decimal point
    separator_ambiguous: int = 0  # rows such as "1,234" that could be either
    point_ambiguous: int = 0  # rows such as "1.234" that could be either
    percent: int = 0  # rows with a percent sign
    bare_numbers_up_to_one: int = 0  # plain numbers in 0..1
    bare_numbers_above_one: int = 0  # from 1 on: 1 itself may be all or a hundredth, so it counts on both sides
    units: dict[str, int] = Field(default_factory=dict)  # unit or currency text -> rows
    minimum: float | None = None  # bounds from the contract
    maximum: float | None = None
    samples: tuple[str, ...] = ()
    pattern: str | None = None  # the contract's option `format`, as it stands there
    day_first_in_bounds: dict[int, int] = Field(
        default_factory=dict
    )  # of the ambiguous: day first falls between the contract's minimum and maximum; empty when it sets none
    month_first_in_bounds: dict[int, int] = Field(default_factory=dict)
    dotted_day_first_only: int = 0  # rows such as "25.08.2024"; dates with points are in no count by file
    dotted_month_first_only: int = 0
    dotted_ambiguous: int = 0
    with_offset: int = 0  # rows of timestamps with an offset from UTC
    without_offset: int = 0  # rows of timestamps with a time and no offset
    default_timezone: str | None = None  # the contract's
    expected_unit: str | None = None  # canonical unit that the contract states for the column
    header_units: dict[str, int] = Field(default_factory=dict)  # canonical unit in the source's header -> rows
    header_unit_files: dict[str, tuple[int, ...]] = Field(default_factory=dict)  # the same -> files; "" for none
    context: FormatContext = FormatContext()


class ValueFormat(Value):
    """The answer: how the text of one contract column is read."""

    table: str
    column: str
    logical_type: LogicalType
    groups: tuple[FormatGroup, ...] = ()  # by file, dates only; files not named use the first group
    dotted_order: DateOrder = DateOrder.DAY_FIRST  # of dates with points, in all files
    decimal: str = "."  # decimal sign; "" when undecided: values such as "1,234" and "1.234" are then unreadable
    thousands: str | None = None  # grouping sign
    percent_factor: float = 1.0  # what "45%" is multiplied by
    percent_read: bool = True  # False: undecided, values with a percent sign are unreadable
    unit: str | None = None  # the one unit that is stripped
    unread_files: tuple[int, ...] = ()  # files whose numbers are in another unit: their values are unreadable
    decimals: dict[int, str] = Field(default_factory=dict)  # file id -> decimal sign, where a file has its own
    powers: dict[int, int] = Field(default_factory=dict)  # file id -> its numbers are times 10 to the power of this
    minutes: dict[int, int] = Field(default_factory=dict)  # file id -> minutes that its timestamps are moved by
    sentinels: tuple[str, ...] = ()  # texts that stand for no value though they read as one, canonical lower case
    null_tokens: tuple[str, ...] = ()  # texts read as null, canonical lower case
    pattern: str | None = None  # the contract's date pattern for strptime, tried first; or "epoch_s", "epoch_ms"
    plain: bool = False  # every text is the canonical text of its value: it is cast, and nothing is changed
    confidence: float = 1.0
    evidence: str = ""
    votes: tuple[Ballot, ...] = ()  # of the council on formats: who said what about what was open
    suspects: tuple[Suspect, ...] = ()  # its members whose words do not count
    method: str = ""  # how it was counted; empty where nothing was open
