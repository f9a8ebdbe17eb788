"""Tells a quoted field with line ends in it from two stray quotes that swallow the records between them.

By the grammar both are one field. They differ in what the lines within look like: text, or records like the others.
"""

from collections.abc import Sequence

from tools.sources.records import LINE_ENDS, parse_line

_SHARE = 0.9  # of the lines within that must look like records
_AGREEMENTS = 6
"""Delimiters at their places and fields of the shape that other records have there, over all lines within.

Prose hits the number of fields of a record by chance; it does not do so again and again with numbers where numbers
are due.
"""


def swallows_records(
    inner: Sequence[str], known: Sequence[str | list[str]], width: int, delimiter: str, quote: str
) -> bool:
    """Whether the lines `inner` of one quoted field look like records of `width` fields, as `known` ones look."""
    lines = [line for line in inner if line.strip(LINE_ENDS)]
    if width == 1 or not lines:
        return False
    shapes = {_shape(row.split(delimiter) if isinstance(row, str) else row) for row in known}
    agreements = alike = 0
    for line in lines:
        fields = parse_line(line, delimiter, quote).fields
        shape = _shape(fields)
        if len(fields) == width and (not shapes or shape in shapes):
            alike += 1
            agreements += width - 1 + shape.count("0")
    return alike >= _SHARE * len(lines) and agreements >= _AGREEMENTS


def _shape(fields: Sequence[str]) -> str:
    """Return one letter a field: "0" with digits and no letters, "a" with letters, "-" with neither."""
    return "".join(map(_kind, fields))


def _kind(value: str) -> str:
    if any(map(str.isalpha, value)):
        return "a"
    return "0" if any(map(str.isdigit, value)) else "-"
