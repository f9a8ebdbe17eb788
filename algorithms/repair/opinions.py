"""What one specialist says about cells of one column."""

from collections.abc import Callable
from dataclasses import dataclass

from algorithms.repair.factors import Codes, Numbers
from state.repair import CellFault


@dataclass(frozen=True, slots=True)
class Opinions:
    """Arrays of one length, a place for each cell spoken of; a choice equal to the cell's value says it is right.

    `reliability` is the chance that the choice is right when the specialist speaks so, measured on the table itself.
    """

    voter: str  # the specialist
    column: int  # the column's place in the table
    rows: Codes
    choices: Codes  # codes of the column; BLANK, NOTHING
    reliability: Numbers
    fault: CellFault
    reason: Callable[[int], str]  # the words for the n-th place
