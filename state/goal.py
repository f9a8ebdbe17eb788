"""A goal in plain language: what a contract only describes, the SQL drafted for it, a person's word."""

from typing import Literal

from pydantic import Field

from state.models import ModelUse
from state.values import Value

MOST_GOAL = 2_000
"""Characters of a goal."""

MOST_SQL = 2_000
"""Characters of a drafted expression: a person reads it whole."""


class KnownColumn(Value):
    """A column that drafted SQL may use: one that files feed."""

    name: str
    type: str
    description: str = ""
    samples: tuple[str, ...] = ()  # few, short; shapes where a value is too long to be shown


class KnownTable(Value):
    """A table that drafted SQL may read: one that files feed."""

    name: str
    description: str = ""
    columns: tuple[KnownColumn, ...]


class Gap(Value):
    """A column, or a whole table, that is described, but that no source feeds and no SQL computes."""

    table: str
    column: str = ""  # empty: the table
    type: str = ""  # of the column
    description: str
    required: bool = False
    known: tuple[KnownColumn, ...] = ()  # of a column: what its SQL may use
    headers: tuple[str, ...] = ()  # of the sources, for the record of what else is there
    wanted: tuple[KnownColumn, ...] = ()  # of a table: its columns
    tables: tuple[KnownTable, ...] = ()  # of a table: what its SQL may read

    @property
    def subject(self) -> str:
        """The column's or the table's name in the contract."""
        return f"{self.table}.{self.column}" if self.column else self.table


class SampleResult(Value):
    """What drafted SQL makes of one row of the sample, all as text."""

    given: dict[str, str | None]
    result: str | None


class Draft(Value):
    """The SQL drafted for a gap (an expression, of a table a query), checked and tried; or why there is none."""

    gap: Gap
    sql: str = ""  # empty: none, and `fallback` says why
    reason: str = ""
    by: str = ""  # the model with its version
    fallback: str = ""
    samples: tuple[SampleResult, ...] = ()
    use: ModelUse = ModelUse()


class GoalDrafts(Value):
    """All drafts of a run with the goal they were made for."""

    goal: str
    drafts: tuple[Draft, ...]

    @property
    def offered(self) -> tuple[Draft, ...]:
        """The drafts that a person is asked about."""
        return tuple(draft for draft in self.drafts if draft.sql)


class DraftsAnswer(Value):
    """An answer to SQL that was drafted. What is not accepted stays out of the contract."""

    accept: tuple[str, ...] = Field(default=(), title="Accept", description="What the SQL is accepted for")
    reject: tuple[str, ...] = Field(default=(), title="Reject", description="What the SQL is rejected for")
    edit: dict[str, str] = Field(default={}, title="Edit", description="Other SQL, by what it is for")
    rest: Literal["accept", "reject"] = Field(
        default="reject", title="Rest", description="What is said about all others"
    )
    by: str = Field(default="", max_length=200, title="By", description="Who answers")
    note: str = Field(default="", max_length=1_000, title="Note", description="A word for the record")

    def accepts(self, subject: str) -> bool:
        """Return whether SQL is accepted for a column or a table: the drafted, or what stands in `edit`."""
        named = subject in self.accept or subject in self.edit
        return named or (self.rest == "accept" and subject not in self.reject)
