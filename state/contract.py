"""The contract as the crew sees it: tables, columns, keys, relationships and rules, read from an ODCS file.

Only fields that bear on data are here; `tools/contract` reads them from the file.
"""

from enum import StrEnum
from typing import Any

from pydantic import Field

from state.decision_log import SourceRule
from state.values import Value


class LogicalType(StrEnum):
    """Logical types of ODCS v3."""

    STRING = "string"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIME = "time"
    NUMBER = "number"
    INTEGER = "integer"
    OBJECT = "object"
    ARRAY = "array"
    BOOLEAN = "boolean"


class Severity(StrEnum):
    """What a broken rule means: an error stops publishing, a warning or an info is reported."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class RepairScope(StrEnum):
    """Which cells of a column may be changed beyond type, trimming and Unicode form."""

    NEVER = "never"
    VIOLATIONS = "violations"
    ALL = "all"


class OnViolation(StrEnum):
    """What happens to rows that break a row-level rule after repair."""

    REPAIR = "repair"  # repair what can be, quarantine the rest
    QUARANTINE = "quarantine"  # quarantine without value repair
    FAIL = "fail"  # any violation fails the table


class Drift(StrEnum):
    """What happens to source columns the contract does not know."""

    EVOLVE = "evolve"  # publish them as text after the contract's columns
    FREEZE = "freeze"  # fail the table
    DISCARD_ROW = "discard_row"  # quarantine rows that carry a value in one
    DISCARD_VALUE = "discard_value"  # leave them out and report it


class KeepPolicy(StrEnum):
    """Which row of a duplicated key is kept."""

    FIRST = "first"
    LAST = "last"
    LATEST = "latest"
    REJECT = "reject"


class Keep(Value):
    """`millwright.keep`: the policy and, for `latest`, the contract column that orders the rows."""

    policy: KeepPolicy = KeepPolicy.REJECT
    column: str | None = None


class TypeOptions(Value):
    """`logicalTypeOptions`; bounds of dates are text, of numbers numbers."""

    format: str | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | int | str | None = None
    maximum: float | int | str | None = None
    exclusive_minimum: float | int | str | bool | None = None
    exclusive_maximum: float | int | str | bool | None = None
    multiple_of: float | int | None = None
    timezone: bool | None = None
    default_timezone: str | None = None
    min_items: int | None = None
    max_items: int | None = None
    unique_items: bool | None = None
    min_properties: int | None = None
    max_properties: int | None = None
    required_properties: tuple[str, ...] = ()


class QualityRule(Value):
    """One entry of `quality`, on a table or a column."""

    id: str  # unique in the contract, e.g. "orders.amount.quality[0]"
    type: str  # library | sql | text | custom
    name: str | None = None
    description: str | None = None
    severity: Severity = Severity.ERROR
    metric: str | None = None  # v3.1 name; v3.0 `rule` names are translated where they have one
    arguments: dict[str, Any] = Field(default_factory=dict)
    operator: str | None = None  # mustBe, mustNotBe, mustBeGreaterThan, ... mustNotBeBetween
    threshold: float | int | str | bool | tuple[float, float] | None = None
    unit: str = "rows"  # rows | percent, or another text that is then not supported
    query: str | None = None
    engine: str | None = None
    implementation: str | None = None
    dimension: str | None = None


class Column(Value):
    """One property of a schema object."""

    name: str
    logical_type: LogicalType = LogicalType.STRING
    physical_type: str | None = None
    physical_name: str | None = None
    business_name: str | None = None
    description: str | None = None
    options: TypeOptions = TypeOptions()
    required: bool = False
    unique: bool = False
    key_position: int | None = None  # 1-based position in the primary key; None: not part of it
    valid_values: tuple[str | float | int | bool, ...] = ()  # `enum` or an invalidValues rule that must be 0
    aliases: tuple[str, ...] = ()  # millwright.aliases, synonyms
    adopted: dict[str, str] = Field(
        default_factory=dict
    )  # source columns that the decision log adopted for it -> the run in which it did
    learned: dict[str, dict[str, str]] = Field(
        default_factory=dict
    )  # fingerprint of a header -> source columns that lessons know to mean it there -> a run that showed it
    standing: dict[str, SourceRule] = Field(default_factory=dict)  # source column -> the standing repair rule for it
    repair: RepairScope = RepairScope.VIOLATIONS
    transform_logic: str | None = None
    transform_sources: tuple[str, ...] = ()
    examples: tuple[Any, ...] = ()
    rules: tuple[QualityRule, ...] = ()
    properties: tuple["Column", ...] = ()  # of an object
    items: "Column | None" = None  # of an array


class Relationship(Value):
    """Values of `columns` must exist in `to_columns` of `to_table`; a row with a null in `columns` is exempt."""

    id: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]


class Table(Value):
    """One schema object: a table that the run must publish."""

    name: str
    physical_name: str | None = None
    description: str | None = None
    columns: tuple[Column, ...]
    relationships: tuple[Relationship, ...] = ()
    rules: tuple[QualityRule, ...] = ()
    sources: tuple[str, ...] = ()  # millwright.sources
    keep: Keep | None = None  # None: identical rows are merged, rows that clash are quarantined
    on_violation: OnViolation = OnViolation.REPAIR
    remedy_open: bool = False  # the contract does not say what happens to rows that break a rule
    stakes: dict[str, float] = Field(
        default_factory=dict
    )  # millwright.stakes: how much each aim counts; 1 unless given
    drift: Drift = Drift.DISCARD_VALUE
    max_quarantine: float = 0.05
    relaxed_quarantine: float | None = None  # what a recovery may raise it to; None: nothing may
    may_be_empty: bool = False  # a rowCount rule of the contract accepts 0
    transform_logic: str | None = None  # SQL of a derived table
    transform_sources: tuple[str, ...] = ()

    @property
    def derived(self) -> bool:
        """Whether the table is made from other tables by SQL."""
        return self.transform_logic is not None

    @property
    def key(self) -> tuple[str, ...]:
        """The names of the primary key's columns in their order; empty when there is none."""
        keyed = [column for column in self.columns if column.key_position is not None]
        return tuple(column.name for column in sorted(keyed, key=lambda column: column.key_position or 0))

    def column(self, name: str) -> Column:
        """Return the column called `name`; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


class Contract(Value):
    """A data contract: what every published table must be."""

    id: str
    name: str
    version: str
    api_version: str
    status: str | None = None
    tables: tuple[Table, ...]
    path: str
    sha256: str

    def table(self, name: str) -> Table:
        """Return the table called `name`; KeyError when there is none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)
