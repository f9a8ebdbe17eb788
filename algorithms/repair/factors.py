"""Columns as numbers: every distinct text of a column has a code, so that a table is worked on by whole arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]

BLANK: Final = -1  # the code of a blank cell, and of the proposal to make a cell blank
NOTHING: Final = -2  # the code of "wrong, and nothing is known to put in its place"


@dataclass(slots=True)
class Factor:
    """One column: `codes[row]` is the place of the row's text in `values`, or BLANK.

    `values` grows when a specialist proposes a text that the column does not hold (`code_of`).
    """

    name: str
    codes: Codes
    values: list[str]
    places: dict[str, int]

    @property
    def size(self) -> int:
        """How many codes there are."""
        return len(self.values)

    def counts(self) -> Codes:
        """Return how many rows hold each code; length `size`."""
        return np.bincount(self.codes[self.codes >= 0], minlength=self.size)

    def code_of(self, text: str) -> int:
        """Return the code of a text, a new one where the column does not hold it; BLANK for a blank text."""
        if not text.strip():
            return BLANK
        code = self.places.get(text)
        if code is None:
            code = self.places[text] = len(self.values)
            self.values.append(text)
        return code

    def text(self, code: int) -> str | None:
        """Return the text of a code: "" for BLANK, None for NOTHING."""
        return self.values[code] if code >= 0 else "" if code == BLANK else None

    def with_codes(self, codes: Codes) -> "Factor":
        """Return the same vocabulary with other cells."""
        return Factor(self.name, codes, self.values, self.places)


def factorise(columns: Mapping[str, Sequence[str | None]]) -> list[Factor]:
    """Return the columns as factors; ValueError when their lengths differ. Codes follow the sorted texts."""
    lengths = {len(cells) for cells in columns.values()}
    if len(lengths) > 1:
        raise ValueError(f"columns of different lengths: {sorted(lengths)}")
    return [_factor(name, cells) for name, cells in columns.items()]


def _factor(name: str, cells: Sequence[str | None]) -> Factor:
    values = sorted({text for text in cells if text is not None and text.strip()})
    places = {text: code for code, text in enumerate(values)}
    codes = np.fromiter((places.get(text, BLANK) if text else BLANK for text in cells), np.int64, len(cells))
    return Factor(name, codes, values, places)
