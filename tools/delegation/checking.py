"""Whether a report is true, by evidence that does not come from the worker.

Of a scan: the files are counted, hashed and their lines counted here, and one file is scanned again. Of a landing:
books and rows in the workspace are counted and set against the scan, and every file of which a line is no record, and
one of the others, is read again by the reader that is not the engine's. Which one is drawn follows from what the worker
wrote: it is not settled before the work is done.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import duckdb

from state.delegation import Order, OrderReport
from state.sources import LINE_BITS, Inventory, Kind, Reading, SourceFile, Variant
from tools.delegation.book import OrderBook
from tools.delegation.scanning import figures_of, read_part
from tools.sources.careful import read_batches
from tools.sources.dialect import Memory
from tools.sources.inventory import ScannedFile, ScannedPart, scan_files
from tools.sources.limits import LandingLimits
from tools.sources.transactions import variant_table

Item = TypeVar("Item")

_SMALL = 4 << 20
"""Bytes up to which a file is read once more to check what is said of it."""


def false_scan(folder: Path, book: OrderBook, order: Order, report: OrderReport, limits: LandingLimits) -> str:
    """Return what is not true of a scan; empty where nothing is found."""
    try:
        part, found = read_part(folder, order.key, order.attempt)
    except (FileNotFoundError, ValueError):
        return "what it reports is not there"
    places = book.orders[order.key]
    if found != report.evidence or figures_of(part) != report.figures:
        return "what it wrote is not what it reports"
    if [each.place for each in part.scanned] != list(places):
        return "files are missing"
    wrong = next((file for each in part.scanned for file in each.files if _miscounted(file)), None)
    if wrong is not None:
        return f"{wrong.name} does not hold what it says"
    return _scanned_otherwise(folder, book, report, part, limits)


def _miscounted(file: SourceFile) -> bool:
    """Return whether size, hash or lines of a small plain text file are not as they are said to be."""
    path = Path(file.path)
    if file.compression != "none" or not path.is_file():
        return False  # of what is packed, and of what is gone meanwhile, the landing's books will tell
    size = path.stat().st_size
    if size != file.size:
        return True
    if size > _SMALL:
        return False
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != file.sha256:
        return True
    plain = file.kind is Kind.TEXT and not file.dialect.decoded_from and file.line_end in {"lf", "crlf"}
    counted = content.count(b"\n") + (bool(content) and not content.endswith(b"\n"))
    return plain and file.lines != counted - (file.dialect.bom and size == len(b"\xef\xbb\xbf"))


def _scanned_otherwise(
    folder: Path, book: OrderBook, report: OrderReport, part: ScannedPart, limits: LandingLimits
) -> str:
    """Scan one of the files again and compare; of those that are large none is."""
    small = [each for each in part.scanned if sum(file.size for file in each.files) <= _SMALL]
    if not small:
        return ""
    chosen = _drawn(small, report)
    # What clevercsv said at another file of the order is not asked again: it would be asked at this one.
    others = (each for each in part.asked if each.place != chosen.place)
    memory: Memory = {(each.header, each.extension): (each.delimiter, each.quote) for each in others}
    copies = folder / f"{report.key.split('/', 1)[1].replace('/', '-')}.{report.attempt}.check"
    again = scan_files(book.found, [chosen.place], copies, limits, book.wanted, memory).scanned[0]
    if _without_place(again) != _without_place(chosen):
        return f"{book.found.files[chosen.place].name} is described otherwise"
    return ""


def _without_place(scanned: ScannedFile) -> object:
    """Return what must be the same wherever copies were put."""
    own = {"text_path", "given_path", "stamp"}
    return [file.model_dump(exclude=own) for file in scanned.files], scanned.forms, scanned.warnings


def _drawn(items: Sequence[Item], report: OrderReport) -> Item:
    """Return one of the items, the same each time it is asked for this report."""
    drawn = hashlib.sha256(f"{report.key}#{report.attempt}:{report.evidence}".encode()).digest()
    return items[int.from_bytes(drawn[:8], "big") % len(items)]


def false_landing(
    connection: duckdb.DuckDBPyConnection, inventory: Inventory, file_ids: Sequence[int], report: OrderReport
) -> str:
    """Return what is not true of a landing; empty where nothing is found."""
    files = [inventory.files[file_id] for file_id in file_ids]
    ids = ", ".join(map(str, file_ids))
    books = {
        row[0]: _Books(*row[1:])
        for row in connection.execute(
            "select file_id, sha256, lines, header_lines, blank_lines, record_lines, reject_lines, records, rejects "
            f"from land.files where file_id in ({ids})"
        ).fetchall()
    }
    wrong = next((file for file in files if file.file_id not in books or not books[file.file_id].fit(file)), None)
    if wrong is not None:
        return f"{wrong.name} is not landed, or its books are not those of its lines"
    told = {
        "files": len(books),
        "records": sum(each.records for each in books.values()),
        "rejects": sum(each.rejects for each in books.values()),
    }
    if told != report.figures:
        return "the books say otherwise"
    return _rows_otherwise(connection, inventory, files, books) or _read_otherwise(
        connection, inventory, _to_read(files, books, report)
    )


class _Books(NamedTuple):
    """The books of one file as they stand in the workspace."""

    sha256: str
    lines: int
    header_lines: int
    blank_lines: int
    record_lines: int
    reject_lines: int
    records: int
    rejects: int

    def fit(self, file: SourceFile) -> bool:
        """Return whether they are of the lines that the scan counted; a blank line may be a part of a record."""
        total = self.header_lines + self.blank_lines + self.record_lines + self.reject_lines
        counted = (self.sha256, self.lines, total) == (file.sha256, file.lines, file.lines)
        return counted and self.header_lines == file.header_lines and self.blank_lines <= file.blank_lines


def _rows_otherwise(
    connection: duckdb.DuckDBPyConnection,
    inventory: Inventory,
    files: Sequence[SourceFile],
    books: Mapping[int, _Books],
) -> str:
    """Count the rows of each file; none may be there twice, or on a line that no record of the file is on."""
    ids = {file.file_id for file in files}
    for variant in inventory.variants:
        own = sorted(ids.intersection(variant.file_ids))
        if not own:
            continue
        file_id, line = f"(_row >> {LINE_BITS})", f"(_row & {(1 << LINE_BITS) - 1})"
        rows = connection.execute(
            f"select {file_id}, count(*), count(distinct _row), min({line}), max({line}) "
            f"from {variant_table(variant)} where {_among(own)} group by 1"
        ).fetchall()
        counts = {row[0]: row[1:] for row in rows}
        for each in own:
            count, distinct, first, last = counts.get(each, (0, 0, 0, 0))
            file = inventory.files[each]
            placed = file.numbered or not count or (first > file.header_lines and last <= file.lines)
            if not count == distinct == books[each].records or not placed:
                return f"{file.name} has {count} rows where its books have {books[each].records}"
    return ""


def _to_read(files: Sequence[SourceFile], books: Mapping[int, _Books], report: OrderReport) -> list[SourceFile]:
    """Return the small text files to read again: all of which a line is no record, and one of the others."""
    small = [
        file
        for file in files
        if file.kind is Kind.TEXT and file.size <= _SMALL and file.reading in {Reading.FAST, Reading.CAREFUL}
    ]
    odd = [file for file in small if books[file.file_id].rejects or books[file.file_id].blank_lines]
    plain = [file for file in small if file not in odd]
    return [*odd, *([_drawn(plain, report)] if plain else [])]


def _read_otherwise(connection: duckdb.DuckDBPyConnection, inventory: Inventory, files: Sequence[SourceFile]) -> str:
    """Read the files again, record by record, and compare every value."""
    ids = {file.file_id for file in files}
    for variant in inventory.variants:
        own = sorted(ids.intersection(variant.file_ids))
        if not own:
            continue
        fields = "".join(f", c{position}" for position in range(len(variant.columns)))
        landed = connection.execute(
            f"select _row{fields} from {variant_table(variant)} where {_among(own)} order by 1"
        ).fetchall()
        if landed != [row for file_id in own for row in _rows_of(inventory.files[file_id], variant)]:
            names = ", ".join(inventory.files[file_id].name for file_id in own[:3])
            return f"the files hold other records: {names}"
    return ""


def _among(file_ids: Sequence[int]) -> str:
    """Return a predicate on `_row` for the rows of the files, given in order."""
    bounds = f"_row between {file_ids[0] << LINE_BITS} and {(file_ids[-1] + 1) << LINE_BITS}"
    return f"{bounds} and _row >> {LINE_BITS} in ({', '.join(map(str, file_ids))})"


def _rows_of(file: SourceFile, variant: Variant) -> list[tuple[int | str | None, ...]]:
    rows: list[tuple[int | str | None, ...]] = []
    for batch in read_batches(file, len(variant.columns)):
        for start, row in zip(batch.starts, batch.rows, strict=True):
            fields = row.split(file.dialect.delimiter) if isinstance(row, str) else row
            rows.append((file.file_id << LINE_BITS | start, *(field or None for field in fields)))
    return rows
