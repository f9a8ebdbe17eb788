"""Scanning by orders: each attempt writes what it found, and its copies of files, to a place of its own.

Only the attempt that is accepted is read, so that a worker that comes to itself later changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from state.contract import Contract
from state.delegation import Order
from state.sources import Inventory
from state.values import digest
from tools.delegation.book import OrderBook
from tools.files import write_durably
from tools.sources.dialect import Memory
from tools.sources.inventory import Asked, ScannedPart, put_together, scan_files
from tools.sources.limits import LandingLimits


def scan_order(folder: Path, book: OrderBook, order: Order, limits: LandingLimits) -> tuple[dict[str, int], str]:
    """Scan the files of an order; return figures and the digest of what was written."""
    part = scan_files(book.found, book.orders[order.key], _copies(folder, order), limits, book.wanted)
    return figures_of(part), write_part(folder, order, part)


def figures_of(part: ScannedPart) -> dict[str, int]:
    """Return what a report says of a scanned part."""
    files = [file for scanned in part.scanned for file in scanned.files]
    return {"files": len(files), "lines": sum(file.lines for file in files)}


def write_part(folder: Path, order: Order, part: ScannedPart) -> str:
    """Write what an attempt found; return its digest."""
    text = part.model_dump_json()
    write_durably(_part_path(folder, order.key, order.attempt), text.encode())
    return digest(text)


def read_part(folder: Path, key: str, attempt: int) -> tuple[ScannedPart, str]:
    """Return what an attempt found, and the digest of what is there; FileNotFoundError where it wrote nothing."""
    text = _part_path(folder, key, attempt).read_text()
    return ScannedPart.model_validate_json(text), digest(text)


def accept_part(folder: Path, key: str, attempt: int) -> None:
    """Note that the attempt counts."""
    accepted = _part_path(folder, key, 0)
    accepted.unlink(missing_ok=True)
    accepted.hardlink_to(_part_path(folder, key, attempt))


def join_scans(
    folder: Path, book: OrderBook, limits: LandingLimits, contract: Contract | None
) -> tuple[Inventory, int]:
    """Return the inventory of all accepted parts, and how many of these had to be scanned again for it.

    One worker alone asks clevercsv about each header once, at the first file that has it. A part that asked at another
    file and was told otherwise is scanned again with what is said at the first one: all is as one worker finds it.
    """
    parts = {key: read_part(folder, key, 0)[0] for key in book.orders}
    said = first_said(asked for part in parts.values() for asked in part.asked)
    again = [key for key, part in parts.items() if _told_otherwise(part.asked, said)]
    for key in again:
        copies = folder / "again" / key.replace("/", "-")
        parts[key] = scan_files(book.found, book.orders[key], copies, limits, book.wanted, said)
    return put_together(book.found, parts.values(), book.wanted, contract), len(again)


def first_said(asked: Iterable[Asked]) -> Memory:
    """Return what was said of each header at the first file that has it."""
    first: dict[tuple[str, str], Asked] = {}
    for each in asked:
        name = (each.header, each.extension)
        if name not in first or each.place < first[name].place:
            first[name] = each
    return {name: (each.delimiter, each.quote) for name, each in first.items()}


def _told_otherwise(asked: Sequence[Asked], said: Mapping[tuple[str, str], tuple[str, str]]) -> bool:
    return any(said[each.header, each.extension] != (each.delimiter, each.quote) for each in asked)


def _part_path(folder: Path, key: str, attempt: int) -> Path:
    """Return where an attempt is written; attempt 0 is the accepted one."""
    return folder / f"{key.split('/', 1)[1].replace('/', '-')}.{attempt}.json"


def _copies(folder: Path, order: Order) -> Path:
    return folder / f"{order.key.split('/', 1)[1].replace('/', '-')}.{order.attempt}.copies"
