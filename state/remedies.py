"""Bad rows of a table as what remedies are weighed by: which rows break rules in which columns, and what is allowed."""

from pydantic import Field

from state.conflicts import Remedy
from state.values import Value


def item_name(column: str, *, warning: bool = False, proposed: bool = False) -> str:
    """Return the name of an item: a column, those of its cells that have a proposal, or that only break a warning."""
    return f"{column} (warning)" if warning else f"{column} (proposed)" if proposed else column


class ItemStake(Value):
    """A column whose values break rules, and more than one remedy for them."""

    column: str
    warning: bool = False  # only rules that are warnings
    proposed: bool = False  # cells for which the repair council proposed another value
    confidence: float = Field(default=0.0, ge=0, le=1)  # of what was proposed, on average
    remedies: tuple[Remedy, ...]  # the default first
    rules: tuple[str, ...]  # that are broken
    cells: int = Field(ge=0)

    @property
    def name(self) -> str:
        """The column, and which of its cells it is about where not all."""
        return item_name(self.column, warning=self.warning, proposed=self.proposed)


class BrokenRows(Value):
    """So many rows break rules in just these items."""

    items: tuple[str, ...]  # their names
    rows: int = Field(ge=1)


class BadRows(Value):
    """The rows of a table that break rules, and what the contract allows."""

    table: str
    rows_read: int = Field(ge=1)
    rows_aside: int = Field(ge=0)  # in quarantine whatever is done about the items
    columns: int = Field(ge=1)
    checks: int = Field(ge=1)  # rules of the table
    max_quarantine: float = Field(ge=0, le=1)
    stakes: dict[str, float] = Field(default_factory=dict)  # what the contract says how much each aim counts
    items: tuple[ItemStake, ...]
    broken: tuple[BrokenRows, ...]


class RemedyRuling(Value):
    """What is done about the items of a table."""

    remedies: dict[str, Remedy]  # by the name of the item
    figures: dict[str, float]
    worth: dict[str, float]  # to each stakeholder
