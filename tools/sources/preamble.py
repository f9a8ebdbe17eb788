"""Finds the header among the first rows of a table: lines of a report may stand above it.

The evidence is what the rows below look like. A header has about as many fields as they have, all of them text, and
none twice; what stands above it has fewer. Where the first row could be the header, it is.
"""

import re
from collections import Counter
from collections.abc import Sequence

LOOKED_AT = 50
"""Rows in which a header is looked for."""

_WIDE = 0.8  # of the fields that most rows have
_ROWS_BELOW = 3  # that it takes to know how wide the table is
_DATA = re.compile(r"[+-]?[\d.,]*\d%?|\d{4}-\d{2}-\d{2}.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*")


def header_place(rows: Sequence[Sequence[str]]) -> int:
    """Return the place of the header in `rows`, none of which is blank; 0 where nothing clear speaks for another."""
    filled = [[text.strip() for text in row if text.strip()] for row in rows]
    usual = _usual_width(filled)
    if usual < 2 or _fits(filled[0], usual):  # noqa: PLR2004  a table of one column has no width to tell by
        return 0
    for place, row in enumerate(filled[:LOOKED_AT]):
        if _fits(row, usual):
            below = filled[place + 1 :]
            alike = sum(_is_wide(each, usual) for each in below)
            return place if alike >= max(1, len(below) / 2) else 0
        if _is_wide(row, usual):
            return 0  # data begin before any header
    return 0


def _usual_width(filled: Sequence[Sequence[str]]) -> int:
    widths = Counter(len(row) for row in filled if len(row) > 1)
    if not widths or (len(filled) > _ROWS_BELOW and sum(widths.values()) < len(filled) / 2):
        return 0
    # Of widths about as frequent the greater one: rows with nulls are narrower than the table.
    most = max(widths.values())
    return max(width for width, count in widths.items() if count * 2 >= most)


def _is_wide(row: Sequence[str], usual: int) -> bool:
    return len(row) >= max(2, _WIDE * usual)


def _fits(row: Sequence[str], usual: int) -> bool:
    names = [name.lower() for name in row]
    return _is_wide(row, usual) and len(set(names)) == len(names) and not any(map(_DATA.fullmatch, names))
