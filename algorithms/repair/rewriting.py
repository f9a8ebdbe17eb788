"""A rewriting: distinct texts of a column and the text that each should be, by one operator."""

from collections.abc import Mapping
from dataclasses import dataclass

from state.repair import CellFault


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What one operator makes of distinct texts; `texts` maps a code to the new text ("" makes the cell blank).

    None as new text says that the text is wrong and nothing is known to put in its place. `reliability` is the share of
    such rewritings that are right, as measured on generated tables.
    """

    operator: str
    texts: Mapping[int, str | None]
    reliability: float
    fault: CellFault
    reason: str
