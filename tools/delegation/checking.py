"""Whether a report is true, by evidence that does not come from the worker.

Of a scan: the files are counted, hashed and their lines counted here, and one file is scanned again. Of a landing:
books and rows in the workspace are counted and set against the scan, and one file is read again by the reader that is
not the engine's. Which file that is follows from what the worker wrote: it is not settled before the work is done.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

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
        row[0]: row[1:]
        for row in connection.execute(
            "select file_id, sha256, lines, header_lines, blank_lines, record_lines, reject_lines, records, rejects "
            f"from land.files where file_id in ({ids})"
        ).fetchall()
    }
    for file in files:
        if file.file_id not in books:
            return f"{file.name} is not landed"
        sha256, lines, *parts = books[file.file_id]
        if sha256 != file.sha256 or lines != file.lines or sum(parts[:4]) != file.lines or parts[0] > file.header_lines:
            return f"the books of {file.name} do not balance"
    records = {file_id: row[6] for file_id, row in books.items()}
    told = {"files": len(books), "records": sum(records.values()), "rejects": sum(row[7] for row in books.values())}
    if told != report.figures:
        return "the books say otherwise"
    return _rows_otherwise(connection, inventory, files, records) or _read_otherwise(
        connection, inventory, files, report
    )


def _rows_otherwise(
    connection: duckdb.DuckDBPyConnection, inventory: Inventory, files: Sequence[SourceFile], records: dict[int, int]
) -> str:
    """Count the rows of each file; none may be there twice, or on a line that the file does not have."""
    ids = {file.file_id for file in files}
    for variant in inventory.variants:
        own = sorted(ids.intersection(variant.file_ids))
        if not own:
            continue
        file_id = f"(_row >> {LINE_BITS})"
        bounds = f"_row between {own[0] << LINE_BITS} and {(own[-1] + 1) << LINE_BITS}"
        rows = connection.execute(
            f"select {file_id}, count(*), count(distinct _row), max(_row & {(1 << LINE_BITS) - 1}) "
            f"from {variant_table(variant)} where {bounds} and {file_id} in ({', '.join(map(str, own))}) group by 1"
        ).fetchall()
        counts = {row[0]: row[1:] for row in rows}
        for each in own:
            count, distinct, last = counts.get(each, (0, 0, 0))
            file = inventory.files[each]
            if not count == distinct == records[each] or (last > file.lines and not file.numbered):
                return f"{file.name} has {count} rows where its books have {records[each]}"
    return ""


def _read_otherwise(
    connection: duckdb.DuckDBPyConnection, inventory: Inventory, files: Sequence[SourceFile], report: OrderReport
) -> str:
    """Read one small text file again, record by record, and compare every value."""
    known = {file_id: variant for variant in inventory.variants for file_id in variant.file_ids}
    small = [
        file
        for file in files
        if file.kind is Kind.TEXT and file.size <= _SMALL and file.reading in {Reading.FAST, Reading.CAREFUL}
    ]
    if not small:
        return ""
    file = _drawn(small, report)
    variant = known[file.file_id]
    fields = "".join(f", c{position}" for position in range(len(variant.columns)))
    first, after = file.file_id << LINE_BITS, (file.file_id + 1) << LINE_BITS
    own = f"_row >= {first} and _row < {after}"
    landed = connection.execute(
        f"select _row - {first}{fields} from {variant_table(variant)} where {own} order by 1"
    ).fetchall()
    return "" if landed == _rows_of(file, variant) else f"{file.name} holds other records"


def _rows_of(file: SourceFile, variant: Variant) -> list[tuple[int | str | None, ...]]:
    rows: list[tuple[int | str | None, ...]] = []
    for batch in read_batches(file, len(variant.columns)):
        for start, row in zip(batch.starts, batch.rows, strict=True):
            fields = row.split(file.dialect.delimiter) if isinstance(row, str) else row
            rows.append((start, *(field or None for field in fields)))
    return rows
