"""The critique of a result that meets its contract: where it stays below its bar, and what was done about it."""

from pydantic import Field

from state.values import Value


class Critique(Value):
    """One look at a table that meets the contract and has more rows in quarantine than its quality bar."""

    critique_id: str  # "orders#1"
    table: str
    bar: float  # share of rows
    rows_read: int = Field(ge=0)
    rows_quarantined: int = Field(ge=0)
    findings: tuple[str, ...]  # what rows were set aside for and where, the most rows first
    recovery: int | None = None  # number of the recovery that was put in place; None: none was found
    answer: str  # what is done, or why nothing is

    @property
    def share(self) -> float:
        """Rows in quarantine per row read."""
        return self.rows_quarantined / self.rows_read if self.rows_read else 0.0
