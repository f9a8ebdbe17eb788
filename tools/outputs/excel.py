"""One table as an Excel file (Office Open XML), row by row: numbers, truth values and text; never a formula.

Written here because writers in use treat some text as more than text (a link, a formula, markup of their own), and text
from data must not choose. Whoever calls sees to it that the table fits into a sheet.
"""

import re
import zipfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape

Cell = str | int | float | bool | Decimal | None

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
MOST_CHARACTERS = 32_767

_EXACT_DIGITS = 15
"""Digits of a number that Excel keeps."""

# What XML cannot hold, a carriage return (readers of XML make a line feed of it), and text that looks like the escape.
_TO_ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the same table gives the same bytes

_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}">'
        '<sheets><sheet name="data" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_LINKS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
_SHEET_BEGINS = (
    f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)


def write_excel(path: Path, rows: Iterable[Sequence[Cell]]) -> int:
    """Write the rows, of which the first is the header, to the new file `path`; return how many there were."""
    count = 0
    with path.open("xb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in _PARTS.items():
            book.writestr(_entry(name), _HEAD + content)
        with book.open(_entry("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as sheet:
            sheet.write((_HEAD + _SHEET_BEGINS).encode())
            for count, row in enumerate(rows, start=1):
                _write_row(sheet, count, row)
            sheet.write(b"</sheetData></worksheet>")
    return count


def length(text: str) -> int:
    """Return the characters of a text as Excel counts them: in UTF-16."""
    return len(text) + sum(character > "\uffff" for character in text)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _FIXED_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _write_row(sheet: IO[bytes], number: int, row: Sequence[Cell]) -> None:
    cells = "".join(
        _cell(cell, f"{_letters(index)}{number}") for index, cell in enumerate(row) if cell is not None and cell != ""
    )
    sheet.write(f'<row r="{number}">{cells}</row>'.encode())


def _cell(cell: Cell, place: str) -> str:
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, int | float | Decimal) and _is_exact(cell):
        return f'<c r="{place}"><v>{cell}</v></c>'
    text = escape(_TO_ESCAPE.sub(_escaped, str(cell)))
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _escaped(match: re.Match[str]) -> str:
    return f"_x{ord(match[0]):04X}_"


def _is_exact(number: float | Decimal) -> bool:
    """Return whether Excel keeps the number as it is."""
    if isinstance(number, float):
        return isfinite(number)
    return len(Decimal(number).normalize().as_tuple().digits) <= _EXACT_DIGITS


def _letters(index: int) -> str:
    """Return the name of a column: A, B, ..., Z, AA, ..."""
    letters, left = "", index + 1
    while left:
        left, digit = divmod(left - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters
