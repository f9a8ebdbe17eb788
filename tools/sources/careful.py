"""Lands one file record by record: whatever is wrong in it costs no more than the lines that are wrong.

Lines without a quote are counted, not cut: the engine cuts them, many at a time. Records with quotes are cut here, and
those with bytes that are no UTF-8 are rejected here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path

import duckdb
import numpy as np

from state.errors import SourceError
from state.sources import LINE_BITS, FileBooks, SourceFile, Variant
from tools.sources.damage import NO_UTF8, is_damaged, show_damage
from tools.sources.records import LINE_ENDS, UNCLOSED, Parsed, parse_record
from tools.sources.rejects import Reject, field_count_reason, insert_rejects, make_reject
from tools.sources.swallowed import swallows_records
from tools.sources.transactions import Closing, close_books, transaction, variant_table
from tools.sql.quote import literal

_BATCH_CHARACTERS = 4 << 20
_KNOWN_ROWS = 64
_VIEW = "landing_batch"
# Control characters and noncharacters of Unicode, to join fields that hold the file's own delimiter.
_SEPARATORS = tuple(map(chr, (*range(0x1F, 0x0D, -1), *range(0x01, 0x09), *range(0xFDD0, 0xFDF0))))


@dataclass
class Batch:
    """A run of physical lines cut into records, rejects and blank lines.

    `rows` holds a record as its line (cut at every delimiter) or as its fields; `starts` the lines they begin at.
    """

    rows: list[str | list[str]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    record_lines: int = 0
    blank_lines: int = 0


def load_careful(connection: duckdb.DuckDBPyConnection, variant: Variant, file: SourceFile) -> FileBooks:
    """Land a text file in one transaction and return its books; nothing of it may be in the workspace before."""
    return load_batches(connection, variant, [(file, read_batches(file, len(variant.columns)))])[0]


def load_batches(
    connection: duckdb.DuckDBPyConnection, variant: Variant, readings: Sequence[tuple[SourceFile, Iterable[Batch]]]
) -> list[FileBooks]:
    """Land what is read of files in one transaction; return their books, checked against the inventory's counts."""
    with transaction(connection):
        return [load(connection, variant, file, batches) for file, batches in readings]


def load(
    connection: duckdb.DuckDBPyConnection, variant: Variant, file: SourceFile, batches: Iterable[Batch]
) -> FileBooks:
    """Land what is read of one file within the transaction of whoever calls; return its books, checked."""
    records = rejects = record_lines = reject_lines = blank_lines = 0
    for batch in batches:
        insert_batch(connection, variant_table(variant), file, batch)
        insert_rejects(connection, file.file_id, batch.rejects)
        records += len(batch.rows)
        rejects += len(batch.rejects)
        record_lines += batch.record_lines
        reject_lines += sum(reject.span for reject in batch.rejects)
        blank_lines += batch.blank_lines
    books = FileBooks(
        file_id=file.file_id,
        name=file.name,
        lines=file.lines,
        header_lines=file.header_lines,
        blank_lines=blank_lines,
        record_lines=record_lines,
        reject_lines=reject_lines,
        records=records,
        rejects=rejects,
    )
    close_books(connection, [Closing(file, variant.variant_id, books)])
    return books


def read_batches(file: SourceFile, width: int) -> Iterator[Batch]:
    """Yield the records of the file behind its header in batches; `width` is the number of fields of a record."""
    errors = "surrogateescape" if file.damaged else "backslashreplace"
    with Path(file.text_path).open(encoding="utf-8-sig", errors=errors, newline="") as handle:
        for _ in range(file.header_lines):
            handle.readline()
        yield from _Reader(handle, file, width).batches()


class _Reader:
    """Reads physical lines and cuts them into records; holds the lines of a batch and what it looked ahead."""

    def __init__(self, handle: TextIOWrapper, file: SourceFile, width: int) -> None:
        self.handle, self.width = handle, width
        self.delimiter, self.quote = file.dialect.delimiter, file.dialect.quote
        self.damaged = file.damaged
        self.lines: list[str] = []
        self.at = 0
        self.known: list[str | list[str]] = []  # records that came before this batch
        self.first = file.header_lines + 1  # number of the physical line self.lines[0]

    def batches(self) -> Iterator[Batch]:
        """Yield all batches to the end of the file."""
        while self._refill():
            batch = Batch()
            while self.at < len(self.lines):
                self._plain_lines(batch)
                if self.at < len(self.lines):
                    self._single_record(batch)
            self.known = batch.rows[-_KNOWN_ROWS:] or self.known
            yield batch

    def _refill(self) -> bool:
        self.first += self.at
        self.at = 0
        self.lines = self.handle.readlines(_BATCH_CHARACTERS)
        return bool(self.lines)

    def _plain_lines(self, batch: Batch) -> None:
        """Take lines up to the next one with a quote or damage. Speed matters: this sees every line of most files."""
        delimiter, quote, commas, lines = self.delimiter, self.quote, self.width - 1, self.lines
        damaged = self.damaged
        rows, starts, before = batch.rows, batch.starts, len(batch.rows)
        at = self.at
        for at in range(self.at, len(lines)):
            line = lines[at]
            if (quote and quote in line) or (damaged and is_damaged(line)):
                break
            text = line.rstrip(LINE_ENDS)
            if not text:
                batch.blank_lines += 1
            elif text.count(delimiter) == commas:
                rows.append(text)
                starts.append(self.first + at)
            else:
                reason = field_count_reason(text.count(delimiter) + 1, self.width)
                batch.rejects.append(make_reject(self.first + at, 1, text, reason))
        else:
            at = len(lines)
        batch.record_lines += len(rows) - before
        self.at = at

    def _single_record(self, batch: Batch) -> None:
        parsed = parse_record(self._line_at, self.delimiter, self.quote)
        lines = self.lines[self.at : self.at + parsed.span]
        if parsed.span > 1 and self._swallows(parsed, lines, batch):
            parsed = Parsed([], 1, UNCLOSED)
        number = self.first + self.at
        self.at += parsed.span
        damaged = self.damaged and any(map(is_damaged, lines[: parsed.span]))
        if not damaged and not parsed.problem and len(parsed.fields) == self.width:
            batch.rows.append(parsed.fields)
            batch.starts.append(number)
            batch.record_lines += parsed.span
            return
        reason = NO_UTF8 if damaged else parsed.problem or field_count_reason(len(parsed.fields), self.width)
        batch.rejects.append(make_reject(number, parsed.span, show_damage("".join(lines[: parsed.span])), reason))

    def _line_at(self, index: int) -> str | None:
        """Return the line `index` lines from here, reading ahead where it must."""
        while self.at + index >= len(self.lines):
            more = self.handle.readlines(_BATCH_CHARACTERS)
            if not more:
                return None
            self.lines += more
        return self.lines[self.at + index]

    def _swallows(self, parsed: Parsed, lines: Sequence[str], batch: Batch) -> bool:
        complete = len(parsed.fields) == self.width
        inner = lines[1:-1] if complete else lines[1:]
        return swallows_records(inner, batch.rows[-_KNOWN_ROWS:] or self.known, self.width, self.delimiter, self.quote)


def insert_batch(connection: duckdb.DuckDBPyConnection, table: str, file: SourceFile, batch: Batch) -> None:
    """Add the records of a batch to the table with the quoted name `table`; all have the same number of fields."""
    if not batch.rows:
        return
    separator, texts = _join(batch.rows, file)
    rows = np.empty(len(texts), object)
    rows[:] = texts
    connection.register(_VIEW, {"line": np.array(batch.starts, np.int64), "text": rows})
    first = batch.rows[0]  # fields of none are a record too: an object of JSON without members
    width = texts[0].count(separator) + 1 if isinstance(first, str) else len(first)
    fields = "".join(f", fields[{position + 1}]" for position in range(width))
    # One lambda for all fields: a NULLIF for each of 5,000 columns takes the engine half a minute to plan.
    values = f"list_transform(string_split(text, {literal(separator)}), lambda value: nullif(value, ''))"
    connection.execute(
        f"insert into {table} select {file.file_id << LINE_BITS} + line{fields} "
        f"from (select line, {values} as fields from {_VIEW})"
    )
    connection.unregister(_VIEW)


def _join(rows: list[str | list[str]], file: SourceFile) -> tuple[str, list[str]]:
    """Return a separator and each record as one text that, cut at every separator, gives its fields."""
    delimiter = file.dialect.delimiter
    cut = [row for row in rows if not isinstance(row, str)]
    if not any(delimiter in value for fields in cut for value in fields):
        return delimiter, [row if isinstance(row, str) else delimiter.join(row) for row in rows]
    for separator in _SEPARATORS:
        texts = [row.replace(delimiter, separator) if isinstance(row, str) else separator.join(row) for row in rows]
        width = 1 + (rows[0].count(delimiter) if isinstance(rows[0], str) else len(rows[0]) - 1)
        if all(text.count(separator) == width - 1 for text in texts):
            return separator, texts
    raise SourceError(
        "uses every control character of Unicode within its fields", where=file.name, hint="check that it is text"
    )
