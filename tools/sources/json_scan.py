"""Counts the elements of a JSON array from its bytes alone: strings, brackets and commas, nothing of what they mean.

It shares no code with what reads the elements, so that the books of a document are checked by a second opinion.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 20
_QUOTE, _ESCAPE, _COMMA = 34, 92, 44
_OPEN, _CLOSE = (91, 123), (93, 125)
_BLANKS = (32, 9, 10, 13)

_Bytes = NDArray[np.uint8]


def count_elements(path: Path, start: int) -> int | None:
    """Return the elements of the array whose bracket is the byte at `start`; None when its brackets do not close."""
    counter = _Counter()
    with path.open("rb") as handle:
        handle.seek(start)
        while block := handle.read(_BLOCK):
            if counter.feed(np.frombuffer(block, np.uint8)):
                return counter.commas + counter.filled
    return None


def count_documents(path: Path) -> int:
    """Return the objects and arrays that stand in the file outside of any other."""
    counter = _Counter()
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            counter.feed(np.frombuffer(block, np.uint8))
    return counter.documents


class _Counter:
    """Counts commas on the level of the array, over blocks."""

    def __init__(self) -> None:
        self.escaped = False  # the byte before this block escapes its first one
        self.inside = False  # a string goes on
        self.depth = 0
        self.commas = 0
        self.filled = False  # anything but blanks stands in the array
        self.documents = 0

    def feed(self, block: _Bytes) -> bool:
        """Count one block; return whether the array ended in it."""
        quotes = (block == _QUOTE) & ~self._escaped(block)
        within = (np.cumsum(quotes) + self.inside) % 2 == 1
        text = within | quotes
        opens, closes = np.isin(block, _OPEN) & ~text, np.isin(block, _CLOSE) & ~text
        depth = self.depth + np.cumsum(opens.astype(np.int64) - closes)
        ends = np.flatnonzero(closes & (depth == 0))
        self.documents += len(ends)
        stop = int(ends[0]) if len(ends) else len(block)
        head = slice(0, stop)
        self.commas += int(((block[head] == _COMMA) & ~text[head] & (depth[head] == 1)).sum())
        first = int(self.depth == 0)  # the bracket of the array itself is no element
        self.filled = self.filled or bool((~np.isin(block[first:stop], _BLANKS)).any())
        self.inside, self.depth = bool(within[-1]), int(depth[-1])
        return bool(len(ends))

    def _escaped(self, block: _Bytes) -> NDArray[np.bool_]:
        """Return which bytes are escaped: those behind an odd run of backslashes."""
        found = np.zeros(len(block), bool)
        at = np.flatnonzero(block == _ESCAPE)
        skip = -1
        found[0] = self.escaped
        if self.escaped:
            skip = 0
        self.escaped = False
        for place in at.tolist():
            if place == skip:
                continue
            skip = place + 1
            if skip < len(block):
                found[skip] = True
            else:
                self.escaped = True
        return found
