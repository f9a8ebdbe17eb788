"""A goal in plain language: columns a contract only describes, the SQL drafted for them, a person's word."""

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


class Gap(Value):
    """A column that is described, but that no source column feeds and no SQL computes."""

    table: str
    column: str
    type: str
    description: str
    required: bool
    known: tuple[KnownColumn, ...]
    headers: tuple[str, ...]  # of the sources, for the record of what else is there

    @property
    def subject(self) -> str:
        """The column's name in the contract."""
        return f"{self.table}.{self.column}"


class SampleResult(Value):
    """What drafted SQL makes of one row of the sample, all as text."""

    given: dict[str, str | None]
    result: str | None


class ColumnDraft(Value):
    """The SQL drafted for a gap, checked and tried; or why there is none."""

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
    drafts: tuple[ColumnDraft, ...]

    @property
    def offered(self) -> tuple[ColumnDraft, ...]:
        """The drafts that a person is asked about."""
        return tuple(draft for draft in self.drafts if draft.sql)


class DraftsAnswer(Value):
    """An answer to SQL that was drafted. What is not accepted stays out of the contract."""

    accept: tuple[str, ...] = Field(default=(), title="Accept", description="Columns whose SQL is accepted")
    reject: tuple[str, ...] = Field(default=(), title="Reject", description="Columns whose SQL is rejected")
    rest: Literal["accept", "reject"] = Field(
        default="reject", title="Rest", description="What is said about all others"
    )
    by: str = Field(default="", max_length=200, title="By", description="Who answers")
    note: str = Field(default="", max_length=1_000, title="Note", description="A word for the record")

    def accepts(self, subject: str) -> bool:
        """Return whether the SQL of a column is accepted."""
        return subject in self.accept or (self.rest == "accept" and subject not in self.reject)
