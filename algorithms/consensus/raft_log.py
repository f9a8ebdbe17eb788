"""The log of a Raft replica: entries after a snapshot, without gaps."""

from collections.abc import Sequence

from state.raft import Entry, Snapshot


class RaftLog:
    """Entries of one replica. What lies at or before the snapshot is known by the snapshot alone."""

    def __init__(self, snapshot: Snapshot, entries: Sequence[Entry]) -> None:
        self.snapshot = snapshot
        self.entries = list(entries)

    @property
    def last_index(self) -> int:
        """Index of the last entry, or of the snapshot."""
        return self.snapshot.index + len(self.entries)

    @property
    def last_term(self) -> int:
        """Term of the last entry, or of the snapshot."""
        return self.entries[-1].term if self.entries else self.snapshot.term

    def term_at(self, index: int) -> int | None:
        """Return the term of the entry at `index`; None where it is not known any more, or not yet."""
        place = index - self.snapshot.index
        if place == 0:
            return self.snapshot.term
        return self.entries[place - 1].term if 0 < place <= len(self.entries) else None

    def between(self, first: int, last: int) -> tuple[Entry, ...]:
        """Return the entries from `first` to `last`, both included."""
        offset = self.snapshot.index + 1
        return tuple(self.entries[max(0, first - offset) : max(0, last - offset + 1)])

    def is_behind(self, index: int, term: int) -> bool:
        """Return whether a log that ends at (index, term) is at least as up to date as this one (section 5.4.1)."""
        return (term, index) >= (self.last_term, self.last_index)

    def append(self, entries: Sequence[Entry]) -> None:
        """Put entries in their place; from the first that conflicts on, those that were there go (section 5.3).

        Entries that are there already stay, so that an old message takes nothing back.
        """
        for position, entry in enumerate(entries):
            if self.term_at(entry.index) == entry.term or entry.index <= self.snapshot.index:
                continue
            del self.entries[entry.index - self.snapshot.index - 1 :]
            self.entries += entries[position:]
            return

    def agreement(self, index: int, term: int) -> tuple[int, int]:
        """Return the last place, at or before `index`, whose term is at most `term`, and that term.

        Where two logs differ, they cannot agree after it; one message skips a whole term that way. Term 0 where the
        place is not known any more.
        """
        while index > 0:
            own = self.term_at(index)
            if own is None:
                return index, 0
            if own <= term:
                return index, own
            index -= 1
        return 0, 0

    def compact(self, snapshot: Snapshot) -> None:
        """Let the snapshot stand for all entries up to its index; entries that follow it stay where they agree."""
        known = self.term_at(snapshot.index) == snapshot.term
        self.entries = list(self.between(snapshot.index + 1, self.last_index)) if known else []
        self.snapshot = snapshot
