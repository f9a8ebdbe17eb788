"""Adopting: every member that can be reached judges a proposal, signs what it accepts, and the log is replicated."""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from algorithms.consensus.quorum import majority
from algorithms.decision_log import START, fold, in_force, quorum, sealed, statement, subject_of
from state.decision_log import MEMBERS, Acceptance, Adopted, LogEntry, Proposal, Ruling, Verdict
from state.faults import FaultSchedule
from tools.decision_log.keys import private_keys, public_keys
from tools.decision_log.reading import judged, log_folder, read_journals, read_log, standing
from tools.decision_log.replication import Replication

Judge = Callable[[str, Proposal, Sequence[LogEntry], Adopted], Verdict]
"""From member, proposal, log and what is in force to the member's verdict."""


def adopt(
    home: Path, contract: str, proposals: Sequence[Proposal], judge: Judge, schedule: FaultSchedule, now: datetime
) -> tuple[Ruling, ...]:
    """Bring proposals before the council and return what became of each, in their order.

    What is in force already is not proposed again; such proposals have no ruling, but for those that this very run
    brought in before it was killed.
    """
    known = read_log(home, contract)
    if known.usable and all(in_force(proposal, standing(known)) for proposal in proposals):
        return tuple(ruling for one in proposals if (ruling := _before(one, known.entries)) is not None)
    with log_lock(home, contract):
        keys, journals = private_keys(home), read_journals(home, contract)
        reading = judged(contract, journals, public_keys(home))
        if not reading.usable:
            told = f"the log does not hold: {reading.fault.reason}" if reading.fault else "the log does not hold"
            return tuple(Ruling(proposal=one, adopted=False, reason=told) for one in proposals)
        lost = {copy.member: copy.fault for copy in reading.copies if copy.fault}
        whole = {
            member: journal if member not in lost else journal.lost(lost[member])
            for member, journal in journals.items()
        }
        with Replication(whole, schedule) as session:
            if not session.settle():
                told = f"no {majority(len(MEMBERS))} of {len(MEMBERS)} members could be reached"
                return tuple(Ruling(proposal=one, adopted=False, reason=told) for one in proposals)
            rulings = [_ruling(session, proposal, keys, judge, now) for proposal in proposals]
    return tuple(ruling for ruling in rulings if ruling is not None)


def _ruling(
    session: Replication,
    proposal: Proposal,
    keys: Mapping[str, Ed25519PrivateKey],
    judge: Judge,
    now: datetime,
) -> Ruling | None:
    entries = session.entries
    adopted = fold(entries)
    if in_force(proposal, adopted):
        return _before(proposal, entries)
    reachable = session.reachable
    verdicts = tuple(judge(member, proposal, entries, adopted) for member in reachable)
    index, previous, at = len(entries) + 1, entries[-1].digest if entries else START, now.isoformat()
    acceptances = [
        Acceptance(
            member=one.member,
            reason=one.reason,
            signature=keys[one.member].sign(statement(index, previous, at, proposal, one.member, one.reason)).hex(),
        )
        for one in verdicts
        if one.accepts
    ]
    away = tuple(member for member in MEMBERS if member not in reachable)
    told = f"{len(acceptances)} of {len(MEMBERS)} members accept, {quorum(len(MEMBERS))} are needed"
    if len(acceptances) < quorum(len(MEMBERS)):
        return Ruling(proposal=proposal, adopted=False, reason=told, verdicts=verdicts, unreachable=away)
    if not session.replicate(sealed(index, previous, at, proposal, acceptances)):
        told = f"{told}, but the entry did not reach a majority of the copies"
        return Ruling(proposal=proposal, adopted=False, reason=told, verdicts=verdicts, unreachable=away)
    return Ruling(proposal=proposal, adopted=True, reason=told, index=index, verdicts=verdicts, unreachable=away)


def _before(proposal: Proposal, entries: Sequence[LogEntry]) -> Ruling | None:
    """Return the ruling that this run's proposal got before the run was killed; None where another run brought it."""
    for entry in reversed(entries) if proposal.run_id else ():
        if entry.proposal.run_id == proposal.run_id and subject_of(entry.proposal) == subject_of(proposal):
            verdicts = tuple(Verdict(member=one.member, accepts=True, reason=one.reason) for one in entry.acceptances)
            told = f"{len(verdicts)} of {len(MEMBERS)} members accept, {quorum(len(MEMBERS))} are needed"
            return Ruling(proposal=proposal, adopted=True, reason=told, index=entry.index, verdicts=verdicts)
    return None


@contextmanager
def log_lock(home: Path, contract: str) -> Iterator[None]:
    """Hold the log of a contract for this session, waiting for others; the lock ends with the process."""
    folder = log_folder(home, contract)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
