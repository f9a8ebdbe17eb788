"""The rows of one sheet as their file has them: every cell as text, or what is wrong with it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tools.sources.excel_book import Attributes, Sheet, Workbook, plain
from tools.sources.excel_dates import Shown, date_text, number_text

NOT_AVAILABLE = "#N/A"
"""What a sheet shows where there is no value: it is read as none."""

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class SheetRow(NamedTuple):
    """A row with at least one value: its number in the sheet, texts by column from 0, and faults by column."""

    number: int
    cells: dict[int, str]
    faults: dict[int, str]
    texts: frozenset[int]  # columns whose cell is a text, not a number, date or boolean


def sheet_rows(book: Workbook, sheet: Sheet) -> Iterator[SheetRow]:
    """Yield the rows of the sheet that hold a value, in their order."""
    reader = _Rows(book)
    parser = book.parser(reader.start, reader.end, reader.characters)
    for block in book.blocks(sheet.member):
        book.parse(parser, block)
        yield from reader.take()
    book.parse(parser, b"", last=True)
    yield from reader.take()


def column_number(reference: str) -> int:
    """Return the column of a cell such as "AB12", from 0; -1 when it names none."""
    number = 0
    for letter in reference:
        if not letter.isalpha():
            break
        number = number * 26 + ord(letter.upper()) - 64
    return number - 1


def column_letters(number: int) -> str:
    """Return the letters of a column counted from 0."""
    letters, rest = "", number + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


@dataclass
class _Cell:
    column: int = -1
    kind: str = "n"
    style: int = 0
    parts: list[str] = field(default_factory=list)
    filled: bool = False  # there is a value, even an empty text
    formula: bool = False


class _Rows:
    """Collects rows from the events of a parser."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.texts, self.formats = book.texts, book.formats
        self.done: list[SheetRow] = []
        self.number, self.column = 0, -1
        self.row = SheetRow(0, {}, {}, frozenset())
        self.texted: set[int] = set()
        self.filled = False
        self.cell = _Cell()
        self.within = self.spoken = False

    def take(self) -> list[SheetRow]:
        """Return the rows that are complete."""
        done, self.done = self.done, []
        return done

    def start(self, tag: str, attributes: Attributes) -> None:
        """Begin an element."""
        name = plain(tag)
        if name == "c":
            reference = attributes.get("r", "")
            self.column = column_number(reference) if reference else self.column + 1
            self.cell = _Cell(self.column, attributes.get("t", "n"), int(attributes.get("s", "0")))
        elif name in {"v", "t"}:
            self.within = not self.spoken
        elif name == "f":
            self.cell.formula = True
        elif name == "is":
            self.cell.filled = True
        elif name == "rPh":
            self.spoken = True
        elif name == "row":
            self._start_row(attributes)

    def characters(self, text: str) -> None:
        """Take text within an element."""
        if self.within:
            self.cell.parts.append(text)

    def end(self, tag: str) -> None:
        """End an element."""
        name = plain(tag)
        if name in {"v", "t"}:
            self.within = False
        elif name == "c":
            self._end_cell()
        elif name == "rPh":
            self.spoken = False
        elif name == "row" and self.filled:
            self.done.append(self.row._replace(texts=frozenset(self.texted)))

    def _start_row(self, attributes: Attributes) -> None:
        self.number = int(attributes.get("r", self.number + 1))
        self.column, self.filled, self.texted = -1, False, set()
        self.row = SheetRow(self.number, {}, {}, frozenset())

    def _end_cell(self) -> None:
        cell, raw = self.cell, "".join(self.cell.parts)
        if not (raw or cell.filled or cell.formula):
            return
        self.filled = True
        if cell.formula and not raw and cell.kind != "str":
            self.row.faults[cell.column] = "a formula without a stored value: open the workbook in Excel and save it"
        elif cell.kind == "e":
            self._error(cell.column, raw)
        elif cell.kind in {"s", "inlineStr", "str"}:
            self.texted.add(cell.column)
            self.row.cells[cell.column] = _unescaped(self.texts[int(raw)] if cell.kind == "s" else raw)
        else:
            self._value(cell, raw)

    def _value(self, cell: _Cell, raw: str) -> None:
        if cell.kind == "b":
            text: str | None = "true" if raw == "1" else "false"
        elif cell.kind == "d":
            text = raw.replace("T", " ")
        else:
            shown = self.formats[cell.style] if cell.style < len(self.formats) else Shown.NUMBER
            since = self.book.since_1904
            text = number_text(raw) if shown is Shown.NUMBER else date_text(raw, shown, since_1904=since)
        if text is None:
            self.row.faults[cell.column] = f"the number {raw} is formatted as a date and is none"
            text = raw
        self.row.cells[cell.column] = text

    def _error(self, column: int, raw: str) -> None:
        self.row.cells[column] = "" if raw == NOT_AVAILABLE else raw
        if raw != NOT_AVAILABLE:
            self.row.faults[column] = f"the error {raw}"


def _unescaped(text: str) -> str:
    """Return a text with the characters that XML cannot hold and workbooks write as _x000D_."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
