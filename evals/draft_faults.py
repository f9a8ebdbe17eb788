"""Faults that happen to files on their way, put into a sheet from a seed; what a column is is told from its values.

A fault returns the damaged text of the file, or None where the sheet has nothing that it could happen to.
"""

import csv
import io
import random
import re
from collections.abc import Callable, Sequence

from evals.draft_data import Sheet

Row = list[str]
Damage = Callable[["Target"], str | None]

_SHARE = 0.05  # of the rows, for faults of single cells
_FEWEST = 3
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_NO_QUANTITY = re.compile(r"(?i)(id|index|zip|phone|number|key|no)$|code")
_MOST_CATEGORIES = 20
_SHORTEST_WORD = 4
_EVEN = 0.5  # chance of one of two ways of the same fault


class Target:
    """A sheet to be damaged, and the chance it happens by."""

    def __init__(self, sheet: Sheet, seed: int) -> None:
        self.sheet, self.chance = sheet, random.Random(seed)  # noqa: S311  faults, no secret
        self.rows: list[Row] = [list(row) for row in sheet.rows]

    def some(self, share: float = _SHARE) -> list[Row]:
        """Return some of the rows, to be changed in place."""
        return self.chance.sample(self.rows, min(len(self.rows), max(_FEWEST, int(share * len(self.rows)))))

    def pick(self, wanted: Callable[[Sequence[str]], bool]) -> int | None:
        """Return a column whose filled values are wanted; None when there is none."""
        filled = [[value for value in self.sheet.column(place) if value] for place in range(len(self.sheet.header))]
        found = [place for place, values in enumerate(filled) if values and wanted(values)]
        return self.chance.choice(found) if found else None

    def quantity(self) -> int | None:
        """Return a column of numbers that are measured or counted, not the numbers of things."""
        names = [not _NO_QUANTITY.search(name) for name in self.sheet.header]
        columns = [self.sheet.column(place) for place in range(len(names))]
        found = [place for place, values in enumerate(columns) if names[place] and _is_quantity(values)]
        return self.chance.choice(found) if found else None

    def text(self) -> str:
        """Return the damaged file."""
        return _written([list(self.sheet.header), *self.rows])


def _written(rows: Sequence[Row], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", delimiter=delimiter).writerows(rows)
    return text.getvalue()


def _is_quantity(values: Sequence[str]) -> bool:
    filled = [value for value in values if value]
    read = [value for value in filled if _NUMBER.fullmatch(value)]
    return bool(read) and len(read) == len(filled) and len(set(filled)) >= 5  # noqa: PLR2004  no flag


def _is_category(values: Sequence[str]) -> bool:
    known = set(values)
    return 1 < len(known) <= _MOST_CATEGORIES and len(values) >= 5 * len(known) and all(map(_is_word, known))


def _is_word(value: str) -> bool:
    letters = any(letter.isalpha() for letter in value) and not any(letter.isdigit() for letter in value)
    return letters and len(value) >= _SHORTEST_WORD


def _is_coded(values: Sequence[str]) -> bool:
    """Whether texts are codes of one length with a digit in each."""
    whole = all(re.search(r"\d", value) and not re.search(r"\s", value) for value in values)
    return whole and len({len(value) for value in values}) == 1 and not all(map(_DATE.fullmatch, values))


def shifted_columns(target: Target) -> str | None:
    """Move the values of some rows one column to the right."""
    for row in target.some():
        row[:] = [row[-1], *row[:-1]]
    return target.text()


def mixed_delimiter(target: Target) -> str | None:
    """Cut some rows with another delimiter than the header says."""
    broken = {id(row) for row in target.some()}
    lines = [_written([list(target.sheet.header)])]
    lines += [_written([row], ";" if id(row) in broken else ",") for row in target.rows]
    return "".join(lines) if len(target.sheet.header) > 1 else None


def unit_changed(target: Target) -> str | None:
    """Write one quantity in thousandths: every value is a thousand times as great."""
    place = target.quantity()
    if place is None:
        return None
    for row in target.rows:
        row[place] = f"{float(row[place]) * 1000:g}" if row[place] else ""
    return target.text()


def swapped_columns(target: Target) -> str | None:
    """Let two columns change places under an unchanged header."""
    different = [place for place in range(len(target.sheet.header)) if len(set(target.sheet.column(place))) > 1]
    if len(different) < 2:  # noqa: PLR2004  two columns
        return None
    first, second = target.chance.sample(different, 2)
    for row in target.rows:
        row[first], row[second] = row[second], row[first]
    return target.text()


def repeated_rows(target: Target) -> str | None:
    """Write a tenth of the rows twice."""
    target.rows += [list(row) for row in target.some(0.1)]
    return target.text()


def emptied_cells(target: Target) -> str | None:
    """Empty a column that is always filled in a fifth of the rows."""
    full = [place for place in range(len(target.sheet.header)) if all(target.sheet.column(place))]
    if not full:
        return None
    place = target.chance.choice(full)
    for row in target.some(0.2):
        row[place] = ""
    return target.text()


def misspelt_category(target: Target) -> str | None:
    """Swap two letters, or lose one, in some values of a closed list."""
    place = target.pick(_is_category)
    if place is None:
        return None
    for row in target.some():
        row[place] = _misspelt(row[place], target.chance)
    return target.text() if any(row[place] not in set(target.sheet.column(place)) for row in target.rows) else None


def _misspelt(value: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(value) - 1)
    if chance.random() < _EVEN:
        return value[:at] + value[at + 1 :]
    return value[: at - 1] + value[at] + value[at - 1] + value[at + 1 :]


def outliers(target: Target) -> str | None:
    """Make a few values of a quantity a hundred times its greatest one."""
    place = target.quantity()
    if place is None:
        return None
    most = max(abs(float(value)) for value in target.sheet.column(place) if value)
    for row in target.some(0.01):
        row[place] = f"{100 * max(most, 1):.0f}"
    return target.text()


def unreadable_dates(target: Target) -> str | None:
    """Make some dates name a day that does not exist."""
    place = target.pick(lambda values: all(map(_DATE.fullmatch, values)))
    if place is None:
        return None
    for row in target.some():
        row[place] = f"{row[place][:5]}13-45"
    return target.text()


def wrong_dates(target: Target) -> str | None:
    """Move some dates to another millennium."""
    place = target.pick(lambda values: all(map(_DATE.fullmatch, values)))
    if place is None:
        return None
    for row in target.some():
        row[place] = f"1{row[place][1:]}" if row[place].startswith("2") else row[place]
    return target.text()


def truncated_file(target: Target) -> str | None:
    """End the file somewhere in its first half."""
    text = target.text()
    return text[: int(len(text) * target.chance.uniform(0.05, 0.5))]


def broken_codes(target: Target) -> str | None:
    """Cut a character of some codes of fixed length, or write an O for a digit."""
    place = target.pick(_is_coded)
    if place is None:
        return None
    for row in target.some():
        row[place] = row[place][:-1] if target.chance.random() < _EVEN else re.sub(r"\d", "O", row[place], count=1)
    return target.text()


def negative_amounts(target: Target) -> str | None:
    """Make some values negative of a quantity that never is."""
    place = target.quantity()
    if place is None or any(value.startswith("-") for value in target.sheet.column(place)):
        return None
    for row in target.some():
        row[place] = f"-{row[place]}" if row[place] not in ("", "0", "0.0") else row[place]
    return target.text()


def words_for_numbers(target: Target) -> str | None:
    """Write words for some values of a quantity."""
    place = target.quantity()
    if place is None:
        return None
    for row in target.some():
        row[place] = "see comment"
    return target.text()


def lost_column(target: Target) -> str | None:
    """Leave out a column that is always filled."""
    full = [place for place in range(len(target.sheet.header)) if all(target.sheet.column(place))]
    if not full or len(target.sheet.header) < 3:  # noqa: PLR2004  a table is left
        return None
    place = target.chance.choice(full)
    return _written([[*row[:place], *row[place + 1 :]] for row in [list(target.sheet.header), *target.rows]])


FAULTS: dict[str, Damage] = {
    each.__name__: each
    for each in (
        shifted_columns, mixed_delimiter, unit_changed, swapped_columns, repeated_rows, emptied_cells,
        misspelt_category, outliers, unreadable_dates, wrong_dates, truncated_file, broken_codes, negative_amounts,
        words_for_numbers, lost_column,
    )
}  # fmt: skip
"""Every fault of one file by its name; orphan keys need two files, see `evals.draft`."""


def orphan_keys(target: Target, column: str) -> str:
    """Make some rows refer to what is not there."""
    place = target.sheet.header.index(column)
    for row in target.some():
        row[place] = "99" + row[place] if row[place].isdigit() else row[place][:1] + "9" + row[place][2:]
    return target.text()
