"""What a voter says about cells of one column. A specialist has several voters: one for each operator and strength."""

from collections.abc import Callable
from dataclasses import dataclass

from algorithms.repair.factors import Codes
from state.repair import CellFault


@dataclass(frozen=True, slots=True)
class Opinions:
    """Arrays of one length, a place for each cell spoken of; a choice equal to the cell's value says it is right.

    `right` and `wrong` are the pseudo-votes that the voter begins with: how it fared on the table itself where that
    can be counted, else on generated tables.
    """

    specialist: str
    voter: str  # unique in the column: the specialist's operator and the strength of what it says
    column: int  # the column's place in the table
    rows: Codes  # no row twice
    choices: Codes  # codes of the column; BLANK, NOTHING
    right: float
    wrong: float
    fault: CellFault
    reason: Callable[[int], str]  # the words for a row
