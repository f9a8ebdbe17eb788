"""Writing the shop's files: one entry at a time, as one of several systems exports it."""

import csv
import gzip
import io
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Cell = str | int | Decimal | bool | date | datetime | None
Fate = Literal["published", "quarantined", "merged"]


@dataclass
class Entry:
    """One line of an input file: what is true, what is written instead, and what should become of it."""

    values: dict[str, Cell]
    written: dict[str, str] = field(default_factory=dict)
    fate: Fate = "published"
    broken: str | None = None  # the whole line as it stands in the file, when it is no record


@dataclass(frozen=True)
class Export:
    """How one system writes its file: names, order, separators, encoding and formats."""

    file: str
    header: tuple[tuple[str, str], ...]  # (column of the contract, or "" for one it does not know; name in the file)
    delimiter: str = ","
    encoding: str = "utf-8"
    byte_order_mark: bool = False
    line_end: str = "\n"
    day: str = "%Y-%m-%d"
    moment: str = "%Y-%m-%d %H:%M:%S"
    yes_no: tuple[str, str] = ("true", "false")
    number: Callable[[str, Decimal], str] = lambda _column, value: str(value)
    form: Literal["NFC", "NFD"] = "NFC"


def rendered(export: Export, entries: Iterable[Entry]) -> bytes:
    """Return the bytes of one input file."""
    text = io.StringIO()
    text.write("\ufeff" if export.byte_order_mark else "")
    writer = csv.writer(text, delimiter=export.delimiter, lineterminator=export.line_end)
    writer.writerow([name for _, name in export.header])
    for number, entry in enumerate(entries):
        if entry.broken is not None:
            text.write(entry.broken + export.line_end)
            continue
        writer.writerow([shown(export, entry, column, number) for column, _ in export.header])
    content = text.getvalue().encode(export.encoding)
    return gzip.compress(content, mtime=0) if export.file.endswith(".gz") else content


def shown(export: Export, entry: Entry, column: str, number: int) -> str:
    """Return one cell as this system writes it."""
    if not column:
        return ("gold", "silver", "basic")[number % 3]
    if column in entry.written:
        return entry.written[column]
    return unicodedata.normalize(export.form, _formatted(export, column, entry.values[column]))


def _formatted(export: Export, column: str, value: Cell) -> str:
    if isinstance(value, bool):
        return export.yes_no[0] if value else export.yes_no[1]
    if isinstance(value, datetime):
        return value.strftime(export.moment)
    if isinstance(value, date):
        return value.strftime(export.day)
    if isinstance(value, Decimal):
        return export.number(column, value)
    return "" if value is None else str(value)


def truth(columns: Sequence[str], entries: Iterable[Entry]) -> str:
    """Return the rows that should be published, canonical and sorted by key, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    canonical = Export("", same_names(columns))
    good = [entry for entry in entries if entry.fate == "published"]
    for entry in sorted(good, key=lambda entry: str(entry.values[columns[0]])):
        writer.writerow([shown(canonical, Entry(entry.values), column, 0) for column in columns])
    return text.getvalue()


def accounting(entries: Sequence[Entry]) -> dict[str, int]:
    """Return the books of one table."""
    fates = [entry.fate for entry in entries]
    return {
        "rows_read": len(fates),
        "rows_published": fates.count("published"),
        "rows_quarantined": fates.count("quarantined"),
        "rows_merged": fates.count("merged"),
        "rejects": sum(entry.broken is not None for entry in entries),
    }


def same_names(columns: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return a header that calls the columns what the contract calls them."""
    return tuple((column, column) for column in columns)


def clean(entry: Entry) -> bool:
    """Whether an entry is a record to be published and is written as it is."""
    return entry.fate == "published" and not entry.written and entry.broken is None


def imperial(column: str, value: Decimal) -> str:
    """Return a number with grouping commas, a percent sign or a unit."""
    return {"amount": f"{value:,}", "discount": f"{value * 100:.0f}%", "weight": f"{value} kg"}[column]


def swapped(number: str) -> str:
    """Return "1,234.5" as "1.234,5"."""
    return number.translate(str.maketrans(",.", ".,"))
