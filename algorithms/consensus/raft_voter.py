"""The part of a Raft replica that every role has: terms, elections, and the log as a follower keeps it."""

import random
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any

from algorithms.consensus.quorum import Configuration, VoteResult
from algorithms.consensus.raft_log import RaftLog
from state.raft import NOBODY, Entry, RaftKind, RaftMessage, RaftRole, RaftSettings, RaftStorage, Snapshot

VOTES = {RaftKind.PRE_VOTE: RaftKind.PRE_VOTE_REPLY, RaftKind.VOTE: RaftKind.VOTE_REPLY}
FROM_LEADER = (RaftKind.APPEND, RaftKind.HEARTBEAT, RaftKind.SNAPSHOT)
AWAITED = {RaftRole.PRE_CANDIDATE: RaftKind.PRE_VOTE_REPLY, RaftRole.CANDIDATE: RaftKind.VOTE_REPLY}


@dataclass(slots=True)
class Outbox:
    """What a replica has to say, and what of it is on stable storage."""

    kept: tuple[int, int, int]  # term, vote, commit
    kept_index: int  # of the log
    applied: int
    messages: list[RaftMessage] = field(default_factory=list)
    own: list[RaftMessage] = field(default_factory=list)  # to itself: they count when what they speak of is kept
    snapshot: Snapshot | None = None


class Voter(ABC):
    """Terms, votes and the log. What a leader does is added by `Replica`.

    Timeouts are drawn from `seed` and how many were drawn before, so that a replica can be put away and taken up again.
    """

    def __init__(
        self,
        replica_id: int,
        configuration: Configuration,
        storage: RaftStorage | None = None,
        settings: RaftSettings | None = None,
        seed: str = "",
    ) -> None:
        self.id = replica_id
        self.configuration = configuration
        self.settings = settings or RaftSettings()
        storage = storage or RaftStorage()
        self.term, self.vote = storage.term, storage.vote
        self.log = RaftLog(storage.snapshot, storage.entries)
        self.commit = max(storage.commit, storage.snapshot.index)
        self._seed, self._drawn = seed or str(replica_id), 0
        self._outbox = Outbox((self.term, self.vote, self.commit), self.log.last_index, self.commit)
        self._become(RaftRole.FOLLOWER, NOBODY)

    @abstractmethod
    def _begin_leading(self) -> None:
        """Lead the term that was won."""

    # Terms and elections

    def _term_agrees(self, message: RaftMessage) -> bool:
        """Take over a newer term; False where the message is of an older one, or is none of this replica's business."""
        if message.term > self.term:
            return self._newer_term(message)
        if message.term == self.term:
            return True
        if message.kind in (RaftKind.APPEND, RaftKind.HEARTBEAT):
            # An old leader learns of the term: without it, it could not be unseated where votes are asked for first.
            self._send(RaftKind.APPEND_REPLY, message.sender)
        elif message.kind is RaftKind.PRE_VOTE:
            self._send(RaftKind.PRE_VOTE_REPLY, message.sender, rejected=True)
        return False

    def _newer_term(self, message: RaftMessage) -> bool:
        if message.kind in VOTES:
            heard = self.leader != NOBODY and self._elapsed < self.settings.election_ticks
            if self.settings.check_quorum and heard:
                return False
        if message.kind is RaftKind.PRE_VOTE or (message.kind is RaftKind.PRE_VOTE_REPLY and not message.rejected):
            return True
        self._follow(message.term, message.sender if message.kind in FROM_LEADER else NOBODY)
        return True

    def _follow(self, term: int, leader: int) -> None:
        if term > self.term:
            self.term, self.vote = term, NOBODY
        self._become(RaftRole.FOLLOWER, leader)

    def _become(self, role: RaftRole, leader: int) -> None:
        self.role, self.leader = role, leader
        self._votes: dict[int, bool] = {}
        self._elapsed, self._timeout = 0, self._drawn_timeout()

    def _drawn_timeout(self) -> int:
        self._drawn += 1
        draw = random.Random(f"{self._seed} {self._drawn}")  # noqa: S311  spread, not secrecy
        return draw.randint(self.settings.election_ticks, 2 * self.settings.election_ticks - 1)

    def _campaign(self, role: RaftRole) -> None:
        kind = RaftKind.PRE_VOTE
        if role is RaftRole.CANDIDATE:
            self.term, self.vote, kind = self.term + 1, self.id, RaftKind.VOTE
        self._become(role, NOBODY)
        term = self.term if role is RaftRole.CANDIDATE else self.term + 1
        self._outbox.own.append(RaftMessage(VOTES[kind], self.id, self.id, term))
        for peer in sorted(self.configuration.members - {self.id}):
            self._send(kind, peer, term=term, index=self.log.last_index, log_term=self.log.last_term)

    def _answer_vote(self, message: RaftMessage) -> None:
        asked = message.kind is RaftKind.PRE_VOTE
        free = self.vote == NOBODY and self.leader == NOBODY
        may = self.vote == message.sender or free or (asked and message.term > self.term)
        granted = may and self.log.is_behind(message.index, message.log_term)
        if granted and not asked:
            self.vote, self._elapsed = message.sender, 0
        self._send(
            VOTES[message.kind],
            message.sender,
            term=message.term if granted else self.term,
            rejected=not granted,
        )

    def _count_vote(self, message: RaftMessage) -> None:
        self._votes.setdefault(message.sender, not message.rejected)
        result = self.configuration.result(self._votes)
        if result is VoteResult.LOST:
            self._follow(self.term, NOBODY)
        elif result is VoteResult.WON and self.role is RaftRole.PRE_CANDIDATE:
            self._campaign(RaftRole.CANDIDATE)
        elif result is VoteResult.WON:
            self._begin_leading()

    # The log, as follower

    def _hear_leader(self, message: RaftMessage) -> None:
        if self.role is not RaftRole.FOLLOWER or self.leader != message.sender:
            self._follow(self.term, message.sender)
        self._elapsed = 0
        if message.kind is RaftKind.HEARTBEAT:
            self.commit = max(self.commit, min(message.commit, self.log.last_index))
            self._send(RaftKind.HEARTBEAT_REPLY, message.sender)
        elif message.kind is RaftKind.APPEND:
            self._take_entries(message)
        elif message.snapshot is not None:
            self._take_snapshot(message.snapshot, message.sender)

    def _take_entries(self, message: RaftMessage) -> None:
        if message.index < self.commit:
            self._send(RaftKind.APPEND_REPLY, message.sender, index=self.commit)
            return
        if self.log.term_at(message.index) != message.log_term:
            hint, term = self.log.agreement(min(message.index, self.log.last_index), message.log_term)
            self._send(
                RaftKind.APPEND_REPLY, message.sender, index=message.index, log_term=term, rejected=True, hint=hint
            )
            return
        self._append_taken(message.entries)
        last = message.index + len(message.entries)
        self.commit = max(self.commit, min(message.commit, last))
        self._send(RaftKind.APPEND_REPLY, message.sender, index=last)

    def _append_taken(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            if self.log.term_at(entry.index) != entry.term:
                # What is replaced is kept anew.
                self._outbox.kept_index = min(self._outbox.kept_index, entry.index - 1)
                break
        self.log.append(entries)

    def _take_snapshot(self, snapshot: Snapshot, leader: int) -> None:
        if snapshot.index > self.commit:
            self.commit = snapshot.index
            if self.log.term_at(snapshot.index) != snapshot.term:
                self.log.compact(snapshot)
                self._outbox.snapshot = snapshot
                self._outbox.kept_index = self._outbox.applied = snapshot.index
        self._send(RaftKind.APPEND_REPLY, leader, index=self.commit)

    def _send(self, kind: RaftKind, recipient: int, **content: Any) -> None:  # noqa: ANN401  fields of the message
        message = RaftMessage(kind, self.id, recipient, self.term)
        self._outbox.messages.append(replace(message, **content) if content else message)
