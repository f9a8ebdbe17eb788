"""What the specialists hear: the table in its normal form, and what is known of it so far."""

from dataclasses import dataclass

from algorithms.repair.factors import Factor, Numbers
from algorithms.repair.settings import CouncilSettings
from algorithms.repair.suspicion import Suspicion


@dataclass(frozen=True, slots=True)
class Hearing:
    """The table as every specialist gets it; lists are column by column."""

    factors: list[Factor]  # in normal form
    trust: list[Numbers]  # what each cell counts for in a majority
    suspicions: list[Suspicion]
    settings: CouncilSettings
