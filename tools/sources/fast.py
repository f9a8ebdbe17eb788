"""Lands files with the engine's own reader, many small ones or one large one a call, and proves what it did.

The engine numbers no lines. The place of a record in the table is its place among the records of its file, and the
rejects say which lines in between are none; both are checked against the prescan's line count. A file for which they
do not add up is not landed here.
"""

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import duckdb

from state.sources import LINE_BITS, FileBooks, SourceFile, Variant
from tools.sources.audit import inner_delimiters, nothing_cut_off
from tools.sources.limits import FAST_LINE_BYTES
from tools.sources.records import parse_line
from tools.sources.rejects import Reject, field_count_reason, insert_rejects, make_reject
from tools.sources.transactions import Closing, close_books, transaction, variant_table
from tools.sql.quote import literal

MAX_REJECTS = 10_000
"""Rejects per call; with more of them the engine's reader has no advantage."""

LARGE = 32 << 20
"""Bytes from which a file is read in a call of its own."""

_GROUP_FILES = 64
_AUDITED_COLUMNS = 500  # beyond, planning the count of delimiters takes the engine longer than reading otherwise
_BLOCK = 1 << 20
_RAGGED = ("MISSING COLUMNS", "TOO MANY COLUMNS")
_ERRORS, _SCANS, _INCOMING = "landing_errors", "landing_scans", "landing_incoming"


class Landed(NamedTuple):
    """Records of one file as the engine appended them: `records` rows from row id `first` on."""

    file: SourceFile
    first: int
    records: int
    rejects: list[Reject]


def engine_can_read(file: SourceFile) -> bool:
    """Whether the engine takes the path for no pattern, and the audit of what it read is cheap."""
    audited = file.open_ends and len(file.header) > _AUDITED_COLUMNS
    return not audited and not any(sign in file.text_path for sign in "*?[]{}")


def load_fast(connection: duckdb.DuckDBPyConnection, variant: Variant, files: Sequence[SourceFile]) -> list[FileBooks]:
    """Land those of the files that the engine reads exactly; return their books. Nothing is left of the others."""
    books: list[FileBooks] = []
    for large, group in groupby(sorted(files, key=_call), key=_call):
        members = list(group)
        size = 1 if large[0] else _GROUP_FILES
        for start in range(0, len(members), size):
            load = _load_large if large[0] else _load_group
            books += load(connection, variant, members[start : start + size])
    return books


def _call(file: SourceFile) -> tuple[bool, str]:
    return file.size >= LARGE, file.dialect.delimiter


def _load_group(connection: duckdb.DuckDBPyConnection, variant: Variant, files: list[SourceFile]) -> list[FileBooks]:
    """Land small files of one delimiter: into a table with their names first, from there to the variant's table."""
    connection.execute(f"create or replace temp table {_INCOMING} as {reader_sql(variant, files, 'filename = true')}")
    by_path = {file.text_path: file for file in files}
    rows = connection.execute(
        f"select filename, min(rowid), max(rowid), count(*) from {_INCOMING} group by 1"
    ).fetchall()
    # A file whose rows do not stand together cannot be numbered by their order.
    placed = {path: (first, count) for path, first, last, count in rows if last - first + 1 == count}
    rejected = read_rejects(connection, variant, files)
    scattered = {path for path, *_ in rows} - set(placed)
    landed = [
        Landed(file, *placed.get(path, (0, 0)), rejected[path])
        for path, file in by_path.items()
        if path in rejected and path not in scattered
    ]
    exact = [item for item in landed if is_exact(connection, variant, item, f"{_INCOMING} where {_of_file(item.file)}")]
    landed = sorted(exact, key=lambda item: item.first)
    with transaction(connection):
        if chosen := [item for item in landed if item.records]:
            fields = "".join(f", c{position}" for position in range(len(variant.columns)))
            names = ", ".join(literal(item.file.text_path) for item in chosen)
            connection.execute(
                f"insert into {variant_table(variant)} select {row_number_sql(chosen)}{fields} "
                f"from {_INCOMING} where filename in ({names})"
            )
        books = close(connection, variant, landed)
    connection.execute(f"drop table {_INCOMING}")
    return books


def _load_large(connection: duckdb.DuckDBPyConnection, variant: Variant, files: list[SourceFile]) -> list[FileBooks]:
    """Land one file straight into the variant's table and number its rows afterwards.

    Numbering while reading would keep the engine from reading with more than one thread. Rows without a number carry
    line 0, so that the next attempt finds and removes what a crash left.
    """
    (file,) = files
    table, unnumbered = variant_table(variant), file.file_id << LINE_BITS
    connection.execute(f"insert into {table} select {unnumbered}, * from ({reader_sql(variant, files)})")
    row = connection.execute(
        f"select coalesce(min(rowid), 0), coalesce(max(rowid), -1), count(*) from {table} where _row = {unnumbered}"
    ).fetchone()
    first, last, count = row or (0, -1, 0)
    rejected = read_rejects(connection, variant, files)
    item = Landed(file, first, count, rejected.get(file.text_path, []))
    proved = last - first + 1 == count and file.text_path in rejected
    if not (proved and is_exact(connection, variant, item, f"{table} where _row = {unnumbered}")):
        connection.execute(f"delete from {table} where _row = {unnumbered}")
        return []
    with transaction(connection):
        connection.execute(f"update {table} set _row = {row_number_sql([item])} where _row = {unnumbered}")
        return close(connection, variant, [item])


def reader_sql(variant: Variant, files: Sequence[SourceFile], *more: str, keep_rejects: bool = True) -> str:
    """Return the SELECT that reads the files; faulty lines go to the temporary tables of rejects, or nowhere."""
    paths = ", ".join(literal(file.text_path) for file in files)
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(variant.columns)))
    # new_line stays unset: set, it loses lines without a reject. strict_mode stays on: off, it cuts long records.
    options = [
        "auto_detect = false", "header = false", "skip = 1", "quote = '\"'", "escape = '\"'", "compression = 'none'",
        f"delim = {literal(files[0].dialect.delimiter)}", f"columns = {{{columns}}}", "hive_partitioning = false",
        *more,
    ]  # fmt: skip
    if keep_rejects:
        options += ["store_rejects = true", f"rejects_table = '{_ERRORS}'", f"rejects_scan = '{_SCANS}'"]
        options.append(f"rejects_limit = {MAX_REJECTS * (len(variant.columns) + 1)}")
    else:
        options.append("ignore_errors = true")
    return f"select * from read_csv([{paths}], {', '.join(options)})"


def read_rejects(
    connection: duckdb.DuckDBPyConnection, variant: Variant, files: Sequence[SourceFile]
) -> dict[str, list[Reject]]:
    """Return the rejects of each file by its path, without files whose rejects cannot be proved to be single lines."""
    rows = connection.execute(
        f"select s.file_path, e.line_byte_position, list(distinct e.error_type::varchar) from {_ERRORS} e "
        f"join {_SCANS} s using (scan_id, file_id) group by all order by 1, 2"
    ).fetchall()
    connection.execute(f"drop table {_ERRORS}")
    connection.execute(f"drop table {_SCANS}")
    by_path: dict[str, list[int] | None] = {file.text_path: [] for file in files}
    for path, offset, kinds in rows:
        offsets = by_path[path]
        if offsets is None or len(offsets) >= MAX_REJECTS or not set(kinds) <= set(_RAGGED):
            by_path[path] = None
        else:
            offsets.append(offset)
    delimiter, width = files[0].dialect.delimiter, len(variant.columns)
    proved = {
        path: _prove(Path(path), offsets, delimiter, width) for path, offsets in by_path.items() if offsets is not None
    }
    return {path: rejects for path, rejects in proved.items() if rejects is not None}


def _prove(path: Path, offsets: Sequence[int], delimiter: str, width: int) -> list[Reject] | None:
    """Return the rejects that begin at these offsets as the file has them; None when one is no ragged single line."""
    rejects: list[Reject] = []
    number, counted = 1, 0
    with path.open("rb") as handle:
        for offset in offsets:
            start = _line_start(handle.fileno(), offset)
            number += _count_line_feeds(handle.fileno(), counted, start)
            handle.seek(start)
            text = handle.readline().decode(errors="backslashreplace")
            parsed = parse_line(text, delimiter, '"')
            again = bool(rejects) and start == counted
            if again or parsed.problem or len(parsed.fields) == width:
                return None
            counted = start
            rejects.append(make_reject(number, 1, text, field_count_reason(len(parsed.fields), width)))
    return rejects


def _line_start(descriptor: int, offset: int) -> int:
    """Return where the line begins that holds the byte at `offset`: the engine's offsets are at times one too far."""
    low = max(0, offset - FAST_LINE_BYTES)
    return low + os.pread(descriptor, offset - low, low).rfind(b"\n") + 1


def _count_line_feeds(descriptor: int, start: int, stop: int) -> int:
    """Return the number of line feeds in the bytes from `start` up to `stop`."""
    count = 0
    while start < stop:
        block = os.pread(descriptor, min(_BLOCK, stop - start), start)
        count += block.count(b"\n")
        start += len(block) or stop
    return count


def is_exact(connection: duckdb.DuckDBPyConnection, variant: Variant, item: Landed, rows: str) -> bool:
    """Whether the engine lost nothing of the file; `rows` is what follows FROM to find its records."""
    file = item.file
    # Where records and rejects are all lines behind the header, each of them is exactly one line.
    if file.lines != file.header_lines + item.records + len(item.rejects):
        return False
    if not file.open_ends:
        return True
    inner = inner_delimiters(connection, variant, file, rows)
    return nothing_cut_off(file, len(variant.columns), item.records, inner, item.rejects)


def _of_file(file: SourceFile) -> str:
    return f"filename = {literal(file.text_path)}"


def row_number_sql(items: Sequence[Landed], place: str = "rowid") -> str:
    """Return SQL that gives `_row` from `place`, the record's place in the order of the file.

    It is a constant to add for each run of records between two rejects.
    """
    runs: dict[int, int] = {}
    for item in items:
        first_line = item.file.header_lines + 1
        add = (item.file.file_id << LINE_BITS) + first_line - item.first
        runs[item.first] = add
        for before, reject in enumerate(item.rejects):
            runs[item.first + reject.line - first_line - before] = add + before + 1
    return f"{place} + {_choose(sorted(runs.items()), place)}"


def _choose(runs: Sequence[tuple[int, int]], place: str) -> str:
    """Return SQL that finds the run a place lies in by halving, so that thousands of runs stay cheap."""
    if len(runs) == 1:
        return str(runs[0][1])
    middle = len(runs) // 2
    before, after = (_choose(part, place) for part in (runs[:middle], runs[middle:]))
    return f"case when {place} < {runs[middle][0]} then {before} else {after} end"


def close(connection: duckdb.DuckDBPyConnection, variant: Variant, items: Sequence[Landed]) -> list[FileBooks]:
    """Write the rejects and the books of files whose records are landed."""
    for item in items:
        insert_rejects(connection, item.file.file_id, item.rejects)
    closings = [Closing(item.file, variant.variant_id, _books(item)) for item in items]
    close_books(connection, closings)
    return [closing.books for closing in closings]


def _books(item: Landed) -> FileBooks:
    return FileBooks(
        file_id=item.file.file_id,
        name=item.file.name,
        lines=item.file.lines,
        header_lines=item.file.header_lines,
        blank_lines=0,
        record_lines=item.records,
        reject_lines=len(item.rejects),
        records=item.records,
        rejects=len(item.rejects),
    )
