"""Sheets of .xlsx workbooks: every sheet with a value is a source, its rows are records.

Rules, also in `docs/contract.md`: `#N/A` is no value; a row with another error, with a formula that has no stored
value or with cells beyond the header is a reject. A value merged over several rows holds for each of them, a heading
merged over several columns for each of these. Hidden rows, columns and sheets are read and told.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from state.sources import Kind, SourceFile
from tools.sources.careful import Batch
from tools.sources.described import Described
from tools.sources.excel_book import Sheet, Workbook
from tools.sources.excel_rows import SheetRow, column_letters, column_number, sheet_rows
from tools.sources.excel_scan import SheetScan, scan_sheet
from tools.sources.header import unique_names
from tools.sources.limits import LandingLimits
from tools.sources.preamble import header_place
from tools.sources.rejects import make_reject

_SAMPLE = 200
_ROWS = 2048  # of one batch
_SHOWN = 3
_OFTEN = 0.5  # share of rows with a value in a column beyond the header, from which it is a column without a name


def describe_sheets(path: Path, name: str, limits: LandingLimits) -> Iterator[Described]:
    """Yield the sheets with at least one value."""
    with Workbook(path, name, limits) as book:
        for sheet in book.sheets:
            scan = scan_sheet(book.blocks(sheet.member))
            if scan.last_row:
                yield _described(book, sheet, scan)


def read_sheet(file: SourceFile) -> Iterator[Batch]:
    """Yield the records of a sheet below its header."""
    with Workbook(Path(file.text_path), file.name) as book:
        sheet = next(each for each in book.sheets if each.name == file.part)
        merged = _merged_down(scan_sheet(book.blocks(sheet.member)), file.header_lines)
        batch, width = Batch(blank_lines=file.blank_lines), len(file.header)
        for row in sheet_rows(book, sheet):
            if row.number <= file.header_lines:
                continue
            _take_row(batch, row, width, merged)
            if len(batch.rows) + len(batch.rejects) >= _ROWS:
                yield batch
                batch = Batch()
        yield batch


def _take_row(batch: Batch, row: SheetRow, width: int, merged: "_MergedDown") -> None:
    cells = merged.fill(row)
    beyond = sum(1 for column, text in cells.items() if column >= width and text)
    if row.faults or beyond:
        faults = [f"{column_letters(column)}{row.number} holds {what}" for column, what in sorted(row.faults.items())]
        faults += [f"{beyond} cells stand beyond the {width} columns of the header"] * bool(beyond)
        raw = "\t".join(cells.get(column, "") for column in range(max(cells, default=-1) + 1))
        batch.rejects.append(make_reject(row.number, 1, raw, "; ".join(faults[:_SHOWN])))
        return
    batch.rows.append([cells.get(column, "") for column in range(width)])
    batch.starts.append(row.number)
    batch.record_lines += 1


def _described(book: Workbook, sheet: Sheet, scan: SheetScan) -> Described:
    sample = list(islice(sheet_rows(book, sheet), _SAMPLE))
    texts = [[_header_text(row, column) for column in range(max(row.cells, default=-1) + 1)] for row in sample]
    place = header_place(texts)
    header_row = sample[place]
    names = _header(header_row, sample[place + 1 :], scan)
    filled_below = sum(number > header_row.number for number in scan.filled)
    told = _told(sheet, scan, texts[:place], header_row.number)
    return Described(
        Kind.EXCEL,
        unique_names(names),
        scan.last_row,
        f"a sheet, its header in row {header_row.number}",
        part=sheet.name,
        label=f"#{sheet.name}",
        header_lines=header_row.number,
        blank_lines=scan.last_row - header_row.number - filled_below,
        warnings=told,
    )


def _header_text(row: SheetRow, column: int) -> str:
    """Return the text of a cell for judging headers; a number, date or boolean shows that it is data."""
    text = row.cells.get(column, "")
    return text if column in row.texts or not text else "0"


def _header(row: SheetRow, below: list[SheetRow], scan: SheetScan) -> list[str]:
    """Return the names of the columns; a heading merged over several columns is the heading of each."""
    names = dict(row.cells)
    for first, top, last, bottom in scan.merged:
        if top <= row.number <= bottom:
            start = column_number(first)
            text = names.get(start, "")
            names.update(dict.fromkeys(range(start, column_number(last) + 1), text) if text else {})
    width = max((column for column, text in names.items() if text.strip()), default=-1) + 1
    counts: dict[int, int] = {}
    for each in below:
        for column, text in each.cells.items():
            counts[column] = counts.get(column, 0) + bool(text)
    often = [column for column, count in counts.items() if count >= _OFTEN * len(below)]
    width = max([width, *(column + 1 for column in often)])
    return [names.get(column, "") for column in range(width)]


def _told(sheet: Sheet, scan: SheetScan, preamble: list[list[str]], header_row: int) -> tuple[str, ...]:
    told = ["the sheet is hidden; it is read"] * sheet.hidden
    if preamble:
        shown = "; ".join(" ".join(text for text in row if text)[:60] for row in preamble[:_SHOWN])
        told.append(f"{len(preamble)} rows above the header in row {header_row} are no records: {shown!r}")
    hidden = [(scan.hidden_rows, "rows"), (scan.hidden_columns, "columns")]
    told += [f"{count} {what} are hidden; they are read" for count, what in hidden if count]
    told += [f"{scan.missing} cells show #N/A: they are read as no value"] * bool(scan.missing)
    merged = [each for each in scan.merged if each[1] > header_row and each[3] > each[1]]
    if merged:
        first, top, last, bottom = merged[0]
        where = f"{first}{top}:{last}{bottom}"
        told.append(f"{len(merged)} merged ranges ({where}, ...): the value holds for each of their rows")
    return tuple(told)


class _MergedDown:
    """Values merged over several rows, filled in as the rows pass."""

    def __init__(self, ranges: list[tuple[int, int, int]]) -> None:
        self.waiting = sorted(ranges, key=lambda each: each[1])
        self.open: list[tuple[int, int, str]] = []  # column, last row, text

    def fill(self, row: SheetRow) -> dict[int, str]:
        """Return the cells of the row with the values that are merged into it."""
        cells = dict(row.cells)
        self.open = [each for each in self.open if each[1] >= row.number]
        cells.update({column: text for column, _, text in self.open})
        while self.waiting and self.waiting[0][1] <= row.number:
            column, top, bottom = self.waiting.pop(0)
            if top == row.number:
                self.open.append((column, bottom, cells.get(column, "")))
        return cells


def _merged_down(scan: SheetScan, header_row: int) -> _MergedDown:
    return _MergedDown(
        [
            (column_number(first), top, bottom)
            for first, top, _, bottom in scan.merged
            if top > header_row and bottom > top
        ]
    )
