"""Replicas with one planted bug each. A check that does not find them is no check."""

from collections.abc import Callable
from dataclasses import replace

from algorithms.consensus.quorum import Configuration
from algorithms.consensus.raft import Replica
from algorithms.consensus.raft_group import MakeReplica
from state.raft import NOBODY, Entry, RaftMessage, RaftRole, RaftSettings, RaftStorage


class VotesTwice(Replica):
    """Gives its vote to everybody who asks."""

    def _answer_vote(self, message: RaftMessage) -> None:
        self.vote = NOBODY
        self.leader = NOBODY
        super()._answer_vote(message)


class VotesForShortLogs(Replica):
    """Does not look whether the candidate's log is up to date."""

    def _answer_vote(self, message: RaftMessage) -> None:
        super()._answer_vote(replace(message, index=2**40, log_term=2**40))


class CountsOldEntries(Replica):
    """Commits an entry of an earlier term by counting (figure 8)."""

    def _advance_commit(self) -> bool:
        reached = self.configuration.reached({peer: each.match for peer, each in self.progress.items()})
        advanced = reached > self.commit
        self.commit = max(self.commit, reached)
        return advanced


class SmallQuorum(Replica):
    """Commits what one other has."""

    def _advance_commit(self) -> bool:
        matches = sorted((each.match for each in self.progress.values()), reverse=True)
        reached = matches[min(1, len(matches) - 1)]
        advanced = reached > self.commit and self.log.term_at(reached) == self.term
        self.commit = reached if advanced else self.commit
        return advanced


class SkipsLogCheck(Replica):
    """Takes entries wherever they come, without looking at what is before them."""

    def _take_entries(self, message: RaftMessage) -> None:
        known = self.log.term_at(message.index)
        super()._take_entries(message if known is None else replace(message, log_term=known))


class KeepsConflicts(Replica):
    """Does not remove its own entries where the leader has others."""

    def _append_taken(self, entries: tuple[Entry, ...]) -> None:
        super()._append_taken(tuple(entry for entry in entries if self.log.term_at(entry.index) is None))


class CommitsUnseen(Replica):
    """Believes the leader's commit index for entries that it only happens to have."""

    def _take_entries(self, message: RaftMessage) -> None:
        super()._take_entries(message)
        self.commit = max(self.commit, min(message.commit, self.log.last_index))


class HearsOldTerms(Replica):
    """Takes messages of earlier terms as if they were of its own."""

    def _term_agrees(self, message: RaftMessage) -> bool:
        return True if message.term < self.term else super()._term_agrees(message)


class CutsAlways(Replica):
    """Removes all that follows an old message's entries."""

    def _append_taken(self, entries: tuple[Entry, ...]) -> None:
        if entries:
            place = entries[0].index - self.log.snapshot.index - 1
            if place >= 0:
                del self.log.entries[place:]
                self._outbox.kept_index = min(self._outbox.kept_index, entries[0].index - 1)
        super()._append_taken(entries)


class LeadsEarly(Replica):
    """Leads as soon as half of the others agree."""

    def _count_vote(self, message: RaftMessage) -> None:
        if self.role is RaftRole.CANDIDATE and not message.rejected and message.sender != self.id:
            self._begin_leading()
        else:
            super()._count_vote(message)


def _restarting(forget: Callable[[RaftStorage], RaftStorage]) -> MakeReplica:
    def make(
        member: int, configuration: Configuration, storage: RaftStorage, settings: RaftSettings, seed: str
    ) -> Replica:
        return Replica(member, configuration, forget(storage), settings, seed)

    return make


def _without_last(storage: RaftStorage) -> RaftStorage:
    return replace(storage, entries=storage.entries[:-2])


BUGS: dict[str, MakeReplica] = {
    "votes twice": VotesTwice,
    "votes for short logs": VotesForShortLogs,
    "commits old entries by counting": CountsOldEntries,
    "commits with two of many": SmallQuorum,
    "skips the log check": SkipsLogCheck,
    "keeps conflicting entries": KeepsConflicts,
    "commits what it was not told of": CommitsUnseen,
    "hears old terms": HearsOldTerms,
    "old messages cut the log": CutsAlways,
    "leads without a majority": LeadsEarly,
    "forgets its vote": _restarting(lambda storage: replace(storage, vote=NOBODY)),
    "forgets its term": _restarting(lambda storage: replace(storage, term=max(0, storage.term - 1), vote=NOBODY)),
    "forgets entries": _restarting(_without_last),
}
