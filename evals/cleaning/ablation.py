"""Other ways to decide on the same opinions: one specialist alone, any vote, two votes, no council at all."""

from collections import Counter, defaultdict
from typing import Final

import numpy as np

from algorithms.repair.council import Heard
from algorithms.repair.normal_forms import SPECIALIST as FORMAT
from algorithms.repair.witnesses import SPECIALIST as CELL

Cells = dict[tuple[int, str], str]
WEIGHTED: Final = "weighted vote"
ALONE: Final = "alone: "
_LIKELIER: Final = 0.5  # chance from which on a specialist by itself would change a cell


def other_ways(heard: Heard, keys: tuple[str, ...]) -> dict[str, Cells]:
    """Return the repairs of each way but the weighted vote; keys are never changed."""
    proposals = _proposals(heard, keys)
    ways: dict[str, Cells] = {f"{ALONE}{name}": cells for name, cells in proposals.items()}
    ways["any vote"] = _counted(proposals, 1)
    ways["two votes"] = _counted(proposals, 2)
    ways["without the council"] = dict(proposals[FORMAT])
    return ways


def _proposals(heard: Heard, keys: tuple[str, ...]) -> dict[str, Cells]:
    """Return what each specialist would put into which cells by itself."""
    found: dict[str, Cells] = {FORMAT: {}}
    for factor, formed in zip(heard.factors, heard.formed, strict=True):
        for row in np.flatnonzero(formed.codes != factor.codes) if factor.name not in keys else ():
            rewriting = formed.rewriting(int(factor.codes[row]))
            if rewriting is not None and rewriting.texts[int(factor.codes[row])] is not None:
                found[FORMAT][int(row), factor.name] = factor.text(int(formed.codes[row])) or ""
    for spoken in heard.opinions:
        factor = heard.hearing.factors[spoken.column]
        if spoken.specialist == CELL or factor.name in keys or spoken.right < _LIKELIER * (spoken.right + spoken.wrong):
            continue
        mine = found.setdefault(spoken.specialist, {})
        for place in np.flatnonzero(spoken.choices != factor.codes[spoken.rows]):
            text = factor.text(int(spoken.choices[place]))
            if text is not None:
                mine[int(spoken.rows[place]), factor.name] = text
    return found


def _counted(proposals: dict[str, Cells], fewest: int) -> Cells:
    """Return the cells for which at least so many specialists propose the same text; of equal ones the first."""
    votes: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for cells in proposals.values():
        for cell, text in cells.items():
            votes[cell][text] += 1
    best = {cell: min(counted.items(), key=lambda one: (-one[1], one[0])) for cell, counted in votes.items()}
    return {cell: text for cell, (text, count) in best.items() if count >= fewest}
