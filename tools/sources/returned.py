"""Quarantine files that come back corrected: recognised by their columns, fed to the table they came from.

A row that somebody corrected is a record. A reject, which has nothing but its raw text, is one when its columns were
filled in, else it stays a reject. The columns of the quarantine itself are no data: they are dropped here.
"""

from collections.abc import Iterator, Sequence

from state.contract import Contract, Table
from state.sources import Kind, Reading, SourceFile
from tools.sources.careful import Batch
from tools.sources.records import parse_line
from tools.sources.rejects import make_reject
from tools.spreadsheet_text import unprotect

SERVICE_COLUMNS = ("_reason", "_rule", "_file", "_line", "_raw", "_extra")
"""What quarantine adds to the contract's columns (`tools/outputs/side_tables.py`)."""

_SIGNS = {"_reason", "_rule", "_raw"}
"""Columns by which a quarantine file is known; somebody may have taken out the others."""


def mark_returned(file: SourceFile, contract: Contract | None) -> SourceFile:
    """Return the file with the contract's columns as its header when it is a quarantine file, else as it is."""
    if contract is None or not set(file.header) >= _SIGNS:
        return file
    kept = tuple(name for name in file.header if name not in SERVICE_COLUMNS)
    return file.model_copy(update={"header": kept, "returned": file.header, "reading": Reading.VALUES})


def returned_table(file: SourceFile, tables: Sequence[Table]) -> Table | None:
    """Return the table that a quarantine file came from: the one whose columns it has; of several, its namesake."""
    same = [table for table in tables if {column.name for column in table.columns} == set(file.header)]
    stem = file.name.replace("#", "/").rsplit("/", maxsplit=1)[-1].split(".", maxsplit=1)[0].lower()
    named = [table for table in same if table.name.lower() == stem]
    return next(iter(named or same), None)


def take_back(file: SourceFile, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield the rows of a quarantine file, read with all its columns, with the contract's alone."""
    place = {name: position for position, name in enumerate(file.returned)}
    kept = [place[name] for name in file.header]
    exported = file.kind is not Kind.PARQUET
    for batch in batches:
        taken = Batch(rejects=list(batch.rejects), blank_lines=batch.blank_lines, record_lines=batch.record_lines)
        for start, row in zip(batch.starts, batch.rows, strict=True):
            cells = row if isinstance(row, list) else parse_line(row, file.dialect.delimiter, "").fields
            texts = [unprotect(cell) for cell in cells] if exported else cells
            values = [texts[position] for position in kept]
            if any(values) or not texts[place["_raw"]]:
                taken.rows.append(values)
                taken.starts.append(start)
            else:
                reason = texts[place["_reason"]] or "rejected before"
                taken.rejects.append(make_reject(start, 1, texts[place["_raw"]], f"not corrected: {reason}"))
                taken.record_lines -= 1
        yield taken
