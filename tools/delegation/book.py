"""The order book of an assignment in the run's folder: which files each order is about. State holds the keys alone."""

import shutil
from functools import lru_cache
from pathlib import Path

from state.delegation import Assignment, TeamRef
from state.sources import Wanted
from state.values import Value
from tools.files import write_durably
from tools.sources.find import FoundSources

FOLDER = "delegation"


class OrderBook(Value):
    """What an assignment is about, and its orders: places among the found files, or ids of files to land."""

    found: FoundSources = FoundSources(files=())  # to scan
    wanted: Wanted = Wanted()  # of what is scanned
    orders: dict[str, tuple[int, ...]]
    teams: tuple[TeamRef, ...]


def delegation_folder(run_folder: Path, assignment: Assignment) -> Path:
    """Return where order book and results of an assignment lie."""
    return run_folder / FOLDER / assignment.key.replace(":", "-")


def write_book(folder: Path, book: OrderBook) -> None:
    """Begin an assignment: whatever is there of an earlier life goes."""
    shutil.rmtree(folder, ignore_errors=True)
    write_durably(folder / "book.json", book.model_dump_json().encode())


def read_book(folder: Path) -> OrderBook:
    """Return the order book."""
    path = folder / "book.json"
    found = path.stat()
    return _book(str(path), (found.st_mtime_ns, found.st_ino, found.st_size))


@lru_cache(maxsize=4)
def _book(path: str, _version: tuple[int, int, int]) -> OrderBook:
    return OrderBook.model_validate_json(Path(path).read_bytes())
