"""The log of a PBFT replica: slots between the watermarks, and the votes on each in the present view."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from state.pbft import (
    Commit,
    CommitCertificate,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    Slot,
)
from state.signed import Refusal, Signed


@dataclass(slots=True)
class SlotVotes:
    """One sequence number: what was accepted, who voted for what, and what was proved."""

    sequence: int
    pre_prepare: Signed[PrePrepare] | None = None
    prepares: dict[int, Signed[Prepare]] = field(default_factory=dict)  # by signer; the first one counts
    commits: dict[int, Signed[Commit]] = field(default_factory=dict)
    prepared: PreparedCertificate | None = None
    decided: CommitCertificate | None = None

    def prove_prepared(self, quorum: int) -> bool:
        """Whether the votes are, for the first time in this view, a certificate."""
        if self.pre_prepare is None or self.is_prepared:
            return False
        primary = self.pre_prepare.signer
        votes = [vote for vote in self._matching(self.prepares.values()) if vote.signer != primary]
        if len(votes) < quorum - 1:
            return False
        self.prepared = PreparedCertificate(self.pre_prepare, tuple(votes))
        return True

    def prove_decided(self, quorum: int) -> bool:
        """Whether the request is prepared here and, for the first time, decided."""
        if self.pre_prepare is None or not self.is_prepared or self.decided is not None:
            return False
        votes = list(self._matching(self.commits.values()))
        if len(votes) < quorum:
            return False
        self.decided = CommitCertificate(self.pre_prepare, tuple(votes))
        return True

    @property
    def is_prepared(self) -> bool:
        """Whether there is a certificate of the present view."""
        if self.prepared is None or self.pre_prepare is None:
            return False
        return self.prepared.pre_prepare.statement.view == self.pre_prepare.statement.view

    def clear(self) -> None:
        """Forget the votes of a view that ended. What was proved stays."""
        self.pre_prepare = None
        self.prepares = {}
        self.commits = {}

    def record(self) -> Slot:
        """Return what is to be kept: votes of others can be asked for again."""
        return Slot(self.sequence, self.pre_prepare, self.prepared, self.decided)

    def _matching(self, votes: Iterable[Signed[Prepare] | Signed[Commit]]) -> Iterator[Any]:
        place = self.pre_prepare.statement if self.pre_prepare else None
        for vote in votes:
            if place is not None and vote.statement.digest == place.digest and vote.statement.view == place.view:
                yield vote


class PbftLog:
    """Slots after the lower watermark, which is the stable checkpoint, up to the upper one."""

    def __init__(self, stable: int, window: int, slots: Iterable[Slot] = ()) -> None:
        self.stable = stable
        self.window = window
        self.changed: set[int] = set()  # slots that are to be kept anew
        self._slots = {
            slot.sequence: SlotVotes(slot.sequence, slot.pre_prepare, prepared=slot.prepared, decided=slot.decided)
            for slot in slots
        }

    @property
    def high(self) -> int:
        """The upper watermark."""
        return self.stable + self.window

    def within(self, sequence: int) -> bool:
        """Whether a sequence number lies between the watermarks."""
        return self.stable < sequence <= self.high

    def slot(self, sequence: int) -> SlotVotes:
        """Return the slot of a sequence number, which is to be within the watermarks."""
        return self._slots.setdefault(sequence, SlotVotes(sequence))

    def slots(self) -> list[SlotVotes]:
        """Return the slots by sequence number."""
        return [self._slots[sequence] for sequence in sorted(self._slots)]

    def decided(self, sequence: int) -> CommitCertificate | None:
        """Return the proof that a slot is decided, if there is one."""
        slot = self._slots.get(sequence)
        return slot.decided if slot else None

    def collect(self, stable: int) -> None:
        """Raise the lower watermark, and drop what it leaves behind."""
        self.stable = max(self.stable, stable)
        self._slots = {sequence: slot for sequence, slot in self._slots.items() if sequence > self.stable}

    def clear(self) -> None:
        """Forget the votes of a view that ended."""
        for slot in self._slots.values():
            slot.clear()
            self.changed.add(slot.sequence)

    def changed_slots(self) -> tuple[Slot, ...]:
        """Return the slots that are to be kept anew, once."""
        kept = [self._slots[sequence].record() for sequence in sorted(self.changed) if sequence in self._slots]
        self.changed = set()
        return tuple(kept)


def cast(votes: dict[int, Signed[Any]], signed: Signed[Any]) -> Refusal | None:
    """Count a vote; the first of each signer stands."""
    first = votes.setdefault(signed.signer, signed)
    if first is signed:
        return None
    return Refusal.DUPLICATE if first.statement == signed.statement else Refusal.CONFLICTING
