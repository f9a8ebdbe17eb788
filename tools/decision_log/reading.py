"""Reading a decision log: all copies, what they agree on, and the first thing that does not hold.

Layout of `<home>/decisions/<contract>/`: `lock`, and `<member>.jsonl` for each member of the council.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

from pydantic import ValidationError

from algorithms.consensus.quorum import majority
from algorithms.decision_log import first_fault, fold, parted_at
from state.decision_log import MEMBERS, Adopted, CopyState, LogEntry, LogFault, LogReading
from state.raft import RaftStorage
from state.values import digest
from tools.decision_log.journal import Journal, read_journal
from tools.decision_log.keys import public_keys, verifier

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


def log_folder(home: Path, contract: str) -> Path:
    """Return where the log of a contract, named by its id, lies."""
    return home / "decisions" / f"{_UNSAFE.sub('-', contract)[:60].strip('.')}-{digest(contract)[:8]}"


def read_journals(home: Path, contract: str) -> dict[str, Journal]:
    """Return every member's copy."""
    folder = log_folder(home, contract)
    return {member: read_journal(folder / f"{member}.jsonl") for member in MEMBERS}


def read_log(home: Path, contract: str) -> LogReading:
    """Return the log, verified: digests, signatures, and every copy against the others."""
    journals = read_journals(home, contract)
    if not any(journal.storage.entries or journal.fault for journal in journals.values()):
        return LogReading(contract=contract, copies=tuple(CopyState(member=member, entries=0) for member in MEMBERS))
    return judged(contract, journals, public_keys(home))


def judged(contract: str, journals: Mapping[str, Journal], keys: bytes) -> LogReading:
    """Return what copies say together; a copy that was changed says nothing."""
    held: dict[str, tuple[LogEntry, ...]] = {}
    faults: dict[str, LogFault] = {}
    for member, journal in journals.items():
        entries, fault = _entries(journal)
        fault = _verified(keys, contract, tuple(committed(journal.storage)[: len(entries)])) or fault
        held[member] = entries
        if fault is not None:
            faults[member] = fault.model_copy(update={"copy_of": member})
    whole = {member: entries for member, entries in held.items() if member not in faults}
    longest = max(whole.values(), key=len, default=())
    parted = [at for entries in whole.values() if (at := parted_at(entries, longest)) is not None]
    fault = min(faults.values(), key=lambda each: each.index or len(longest) + 1, default=None)
    if parted:
        fault = LogFault(index=min(parted), reason="copies that hold say different things: the log was forked")
    copies = tuple(
        CopyState(member=member, entries=len(held[member]), fault=_told(faults.get(member))) for member in journals
    )
    usable = not parted and len(whole) >= majority(len(MEMBERS))
    return LogReading(contract=contract, entries=longest, copies=copies, fault=fault, usable=usable)


def committed(storage: RaftStorage) -> list[str]:
    """Return the data of the entries that are known to be committed; leaders' empty ones left out."""
    return [entry.data for entry in storage.entries if entry.index <= storage.commit and entry.data]


def standing(reading: LogReading, *, before_run: str = "") -> Adopted:
    """Return what is in force by a log; nothing where too few of its copies hold.

    With a run that is what was in force before its first entry: one that was killed while it adopted proposes the same.
    A person's revocation belongs to no run.
    """
    if not reading.usable:
        return Adopted()
    if not before_run:
        return fold(reading.entries)
    return fold(tuple(takewhile(lambda entry: entry.proposal.run_id != before_run, reading.entries)))


@lru_cache(maxsize=16)
def _verified(keys: bytes, contract: str, said: tuple[str, ...]) -> LogFault | None:
    """Return the first fault of a log by what it says; the copies, and the reads of one run, mostly say the same."""
    entries = [LogEntry.model_validate_json(text) for text in said]
    return first_fault(entries, contract, len(MEMBERS), verifier(keys).verify)


def _entries(journal: Journal) -> tuple[tuple[LogEntry, ...], LogFault | None]:
    """Return the committed entries of a copy up to the first that cannot be read, and what is wrong with it."""
    data, entries = committed(journal.storage), list[LogEntry]()
    for number, text in enumerate(data, 1):
        try:
            entry = LogEntry.model_validate_json(text)
        except ValidationError:
            return tuple(entries), LogFault(index=number, reason="it cannot be read")
        entries.append(entry)
    fault = LogFault(index=len(entries) + 1, reason=journal.fault) if journal.fault else None
    return tuple(entries), fault


def _told(fault: LogFault | None) -> str:
    return "" if fault is None else f"entry {fault.index}: {fault.reason}"
