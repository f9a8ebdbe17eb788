"""Finds the header among the first rows of a table: lines of a report may stand above it.

The evidence is what the rows below look like. A header has about as many fields as they have, all of them text and
none twice, and numbers or dates stand below it; what stands above it has fewer. Where the first row could be the
header, it is.
"""

import re
from collections import Counter
from collections.abc import Sequence

from tools.sources.records import LINE_ENDS, parse_line

LOOKED_AT = 50
"""Rows in which a header is looked for."""

_WIDE = 0.8  # of the fields that most rows have
_ROWS_BELOW = 3  # that it takes to know how wide the table is
_LINES_BELOW = 2
_NEARLY = 0.9
_DELIMITERS = (",", ";", "\t", "|")
_DATA = re.compile(r"[+-]?[\d.,]*\d%?|\d{4}-\d{2}-\d{2}.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*")


def header_place(rows: Sequence[Sequence[str]]) -> int:
    """Return the place of the header in `rows`, none of which is blank; 0 where nothing clear speaks for another."""
    usual = _usual_width(rows)
    if usual < 2 or _fits(rows[0], usual):  # noqa: PLR2004  a table of one column has no width to tell by
        return 0
    place = next((place for place, row in enumerate(rows[:LOOKED_AT]) if _is_wide(row, usual)), 0)
    below = rows[place + 1 :]
    alike = sum(_is_wide(each, usual) for each in below)
    sure = alike >= max(1, len(below) / 2) and _fits(rows[place], usual) and _heads(rows[place], below)
    return place if sure else 0


def preamble_lines(lines: Sequence[str]) -> int:
    """Return how many of the first lines of a delimited text stand above its header; the first one is not blank.

    Only where it is clear: the lines above have fewer fields than the header by any delimiter, and nearly all lines
    below have as many.
    """
    places = [_preamble_by(lines, delimiter) for delimiter in _DELIMITERS]
    return 0 if 0 in places else max((place for place in places if place is not None), default=0)


def _preamble_by(lines: Sequence[str], delimiter: str) -> int | None:
    """Return the lines above the header when this delimiter cuts the text: 0 for none, None when it does not cut it."""
    rows = [_cut(line, delimiter) for line in lines]
    widths = Counter(len(row) for row in rows[1:] if row)
    usual = max(widths, key=lambda width: (widths[width], width), default=0)
    if usual < 2:  # noqa: PLR2004  one field is not cut
        return None
    place = next(place for place, row in enumerate(rows) if len(row) >= usual)
    below = [row for row in rows[place + 1 :] if row]
    sure = len(below) >= _LINES_BELOW and sum(len(row) == usual for row in below) >= _NEARLY * len(below)
    if not sure:
        return None
    header = rows[place]
    return place if not place or (len(header) == usual and _fits(header, usual) and _heads(header, below)) else None


def _cut(line: str, delimiter: str) -> list[str]:
    fields = parse_line(line, delimiter, '"').fields if line.strip(LINE_ENDS) else []
    # A comma with a blank behind it is one of a sentence, or of "Smith, John".
    sentence = len(fields) > 1 and all(field.startswith(" ") for field in fields[1:])
    return [line] if sentence else fields


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    counts = [_filled(row) for row in rows]
    widths = Counter(count for count in counts if count > 1)
    if not widths or (len(rows) > _ROWS_BELOW and sum(widths.values()) < len(rows) / 2):
        return 0
    # Of widths about as frequent the greater one: rows with nulls are narrower than the table.
    most = max(widths.values())
    return max(width for width, count in widths.items() if count * 2 >= most)


def _filled(row: Sequence[str]) -> int:
    return sum(1 for text in row if text.strip())


def _is_wide(row: Sequence[str], usual: int) -> bool:
    return _filled(row) >= max(2, _WIDE * usual)


def _fits(row: Sequence[str], usual: int) -> bool:
    """Whether the row could be a header: wide, of texts, none of them twice."""
    names = [text.strip().lower() for text in row if text.strip()]
    return _is_wide(row, usual) and len(set(names)) == len(names) and not any(map(_DATA.fullmatch, names))


def _heads(header: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether numbers or dates stand below at least one name: of texts alone the first is a header or another row."""
    for column in range(len(header)):
        values = [row[column].strip() for row in below if column < len(row) and row[column].strip()]
        if len(values) > len(below) / 2 and sum(map(bool, map(_DATA.fullmatch, values))) >= _NEARLY * len(values):
            return True
    return False
