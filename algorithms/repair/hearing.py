"""What the specialists hear: the table in its normal form, and what is known of it so far."""

from dataclasses import dataclass

from algorithms.repair.factors import Factor, Numbers
from algorithms.repair.settings import CouncilSettings
from state.contract import Column, Table


@dataclass(frozen=True, slots=True)
class Hearing:
    """The table as every specialist gets it."""

    factors: list[Factor]  # in normal form
    trust: list[Numbers]  # what each cell counts for in a majority, column by column
    settings: CouncilSettings
    contract: Table | None

    def contracted(self, column: int) -> Column | None:
        """Return what the contract says of a column; None where it says nothing."""
        name = self.factors[column].name
        known = self.contract.columns if self.contract else ()
        return next((one for one in known if one.name == name), None)
