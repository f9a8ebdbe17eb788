"""One member's copy of a decision log: stable storage of its replica as a file to which lines are only added.

Each line is one record in JSON: term, vote and commit index as they then were, the entries that take the place of all
from the first one's index on, and the digest of the line before with its own content. A line that was cut by a crash
is the last one, without its end; it was never answered for and is dropped. Any other line that does not fit is a fault.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from state.raft import Entry, RaftStorage
from state.values import Value, digest
from tools.files import sync_folder

_START = "0" * 64


class _Record(Value):
    """One line."""

    term: int
    vote: int
    commit: int
    entries: tuple[tuple[int, int, str], ...] = ()  # term, index, data
    chain: str

    def chained(self, before: str) -> str:
        """Return what its chain must be."""
        return digest([before, self.term, self.vote, self.commit, self.entries])


@dataclass(frozen=True, slots=True)
class Journal:
    """A copy as it was read. `fault` says what is wrong with it: then it counts as lost."""

    path: Path
    storage: RaftStorage
    chain: str = _START
    whole: int = 0  # bytes up to which its lines are whole
    fault: str = ""

    def lost(self, reason: str) -> "Journal":
        """Return the copy as one that does not count."""
        return replace(self, fault=reason)


def read_journal(path: Path) -> Journal:
    """Return a copy as it stands on disk; an empty one where there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Journal(path, RaftStorage())
    storage, chain, whole = RaftStorage(), _START, 0
    *lines, _ = content.split(b"\n")  # what follows the last end of a line was cut by a crash
    for number, line in enumerate((text + b"\n" for text in lines), 1):
        record = _read(line)
        if record is None or record.chained(chain) != record.chain:
            return Journal(path, storage, chain, whole, f"line {number} of {path.name} was changed")
        storage, chain, whole = _kept(storage, record), record.chain, whole + len(line)
    return Journal(path, storage, chain, whole)


def append(journal: Journal, storage: RaftStorage) -> Journal:
    """Add what changed between the journal's storage and another, and return once it is on disk.

    A commit index alone is not waited for: after a crash it is found again.
    """
    if storage == journal.storage:
        return journal
    new = _new_entries(journal.storage.entries, storage.entries)
    content = [(entry.term, entry.index, entry.data) for entry in new]
    record = _Record(term=storage.term, vote=storage.vote, commit=storage.commit, entries=tuple(content), chain="")
    chain = record.chained(journal.chain)
    line = record.model_copy(update={"chain": chain}).model_dump_json().encode() + b"\n"
    before = journal.storage
    promised = bool(new) or (before.term, before.vote) != (storage.term, storage.vote)
    _write(journal.path, journal.whole, line, wait=promised)
    return Journal(journal.path, storage, chain, journal.whole + len(line))


def _write(path: Path, at: int, line: bytes, *, wait: bool) -> None:
    new = not path.exists()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.ftruncate(handle, at)  # what a crash cut off
        os.pwrite(handle, line, at)
        if wait:
            os.fsync(handle)
    finally:
        os.close(handle)
    if new:
        sync_folder(path.parent)


def _read(line: bytes) -> _Record | None:
    try:
        record = _Record.model_validate_json(line)
    except ValidationError:
        return None
    return record if record.model_dump_json().encode() + b"\n" == line else None


def _kept(storage: RaftStorage, record: _Record) -> RaftStorage:
    entries = storage.entries
    if record.entries:
        first = record.entries[0][1]
        taken = tuple(Entry(term, index, data) for term, index, data in record.entries)
        entries = (*entries[: first - 1], *taken)
    return RaftStorage(record.term, record.vote, record.commit, storage.snapshot, entries)


def _new_entries(before: Sequence[Entry], after: Sequence[Entry]) -> Sequence[Entry]:
    """Return the entries from the first on that differs; a log never only loses entries."""
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    return after[same:]
