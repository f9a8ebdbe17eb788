"""A Raft replica without input or output (Ongaro and Ousterhout 2014; pre-vote and leases after Ongaro's thesis, 2014).

Whoever drives it delivers messages (`receive`), lets time pass (`tick`) and hands over data (`propose`); then takes
its `output`, puts what is to be kept on stable storage, says so (`saved`), and sends the messages. Messages must not
be sent before what is to be kept is kept: a vote that is forgotten is a vote that can be given twice.
"""

from dataclasses import dataclass

from algorithms.consensus.quorum import VoteResult
from algorithms.consensus.raft_log import RaftLog
from algorithms.consensus.raft_progress import Progress
from algorithms.consensus.raft_voter import AWAITED, FROM_LEADER, VOTES, Outbox, Voter
from state.raft import NOBODY, Entry, Pace, RaftKind, RaftMemory, RaftMessage, RaftRole, RaftStorage, Snapshot


@dataclass(frozen=True, slots=True)
class RaftOutput:
    """What is to be kept, then sent and applied, in this order."""

    term: int
    vote: int
    commit: int
    entries: tuple[Entry, ...] = ()  # take the place of all that storage has from the first one's index on
    snapshot: Snapshot | None = None  # takes the place of all that storage has up to its index
    messages: tuple[RaftMessage, ...] = ()
    committed: tuple[Entry, ...] = ()

    def kept(self, storage: RaftStorage) -> RaftStorage:
        """Return storage with what is to be kept."""
        log = RaftLog(storage.snapshot, storage.entries)
        if self.snapshot is not None:
            log.compact(self.snapshot)
        if self.entries:
            del log.entries[self.entries[0].index - log.snapshot.index - 1 :]
            log.entries += self.entries
        return RaftStorage(self.term, self.vote, self.commit, log.snapshot, tuple(log.entries))


class Replica(Voter):
    """One replica. Its role, term and commit index may be read; nothing but its methods may change it."""

    progress: dict[int, Progress]
    """What a leader knows about its followers, and about itself; empty for all others."""

    # What drives it

    def tick(self) -> None:
        """Let one unit of time pass: followers begin elections, leaders send heartbeats and look for their quorum."""
        self._elapsed += 1
        if self.role is not RaftRole.LEADER:
            if self._elapsed >= self._timeout:
                self.campaign()
            return
        if self._elapsed % self.settings.heartbeat_ticks == 0:
            self.heartbeat()
        if self._elapsed >= self.settings.election_ticks:
            self._elapsed = 0
            if self.settings.check_quorum and not self._hears_quorum():
                self._follow(self.term, NOBODY)

    def campaign(self) -> None:
        """Begin an election, or the question before it."""
        if self.role is not RaftRole.LEADER and self.id in self.configuration.members:
            self._campaign(RaftRole.PRE_CANDIDATE if self.settings.pre_vote else RaftRole.CANDIDATE)

    def propose(self, data: str) -> bool:
        """Append data to the log; False where this is not the leader (`leader` says who is)."""
        if self.role is not RaftRole.LEADER:
            return False
        self._append_own(data)
        self._send_to_all()
        return True

    def receive(self, message: RaftMessage) -> None:
        """Take one message."""
        if message.sender not in self.configuration.members or not self._term_agrees(message):
            return
        if message.kind in VOTES:
            self._answer_vote(message)
        elif message.kind in FROM_LEADER:
            self._hear_leader(message)
        elif self.role is RaftRole.LEADER:
            self._hear_follower(message)
        elif message.kind is AWAITED.get(self.role):
            self._count_vote(message)

    def compact(self, index: int, data: str) -> None:
        """Let `data` stand for all entries up to `index`, which must have been applied."""
        term = self.log.term_at(index)
        if index > self._outbox.applied or term is None or index <= self.log.snapshot.index:
            return
        self._outbox.snapshot = Snapshot(index, term, data)
        self.log.compact(self._outbox.snapshot)

    def heartbeat(self) -> None:
        """Tell all followers that the leader lives."""
        for peer, progress in sorted(self.progress.items()):
            if peer != self.id and self.role is RaftRole.LEADER:
                # Not further than the follower's log is known to agree: it may hold other entries there.
                self._send(RaftKind.HEARTBEAT, peer, commit=min(progress.match, self.commit))

    def unreachable(self, peer: int) -> None:
        """Note that a message to `peer` was lost."""
        if peer in self.progress and self.progress[peer].pace is not Pace.PROBE:
            self.progress[peer].probe()

    # What it gives back

    @property
    def has_output(self) -> bool:
        """Whether there is something to keep, to send or to apply."""
        outbox = self._outbox
        if outbox.messages or outbox.own or outbox.snapshot or outbox.kept_index < self.log.last_index:
            return True
        return outbox.kept != (self.term, self.vote, self.commit)

    def output(self) -> RaftOutput:
        """Return what is to be kept, sent and applied. `saved` must follow before anything else."""
        outbox, last = self._outbox, self.log.last_index
        output = RaftOutput(
            self.term,
            self.vote,
            self.commit,
            self.log.between(outbox.kept_index + 1, last),
            outbox.snapshot,
            tuple(outbox.messages),
            self.log.between(outbox.applied + 1, self.commit),
        )
        kept, applied = (self.term, self.vote, self.commit), max(outbox.applied, self.commit)
        self._outbox = Outbox(kept, last, applied, own=outbox.own)
        return output

    def saved(self) -> None:
        """Note that the last output is on stable storage: now the replica's own vote and entries count."""
        own, self._outbox.own = self._outbox.own, []
        for message in own:
            self.receive(message)

    # Between two rounds

    @property
    def memory(self) -> RaftMemory:
        """What the replica knows besides its stable storage; to be asked for when there is no output."""
        progress = {peer: each.memory for peer, each in self.progress.items()}
        return RaftMemory(
            self.role,
            self.leader,
            dict(self._votes),
            self._elapsed,
            self._timeout,
            self._seed,
            self._drawn,
            progress,
        )

    def remember(self, memory: RaftMemory) -> None:
        """Be again what a replica with this stable storage was when its memory was put away."""
        self.role, self.leader, self._votes = memory.role, memory.leader, dict(memory.votes)
        self._elapsed, self._timeout = memory.elapsed, memory.timeout
        self._seed, self._drawn = memory.seed, memory.drawn
        most = self.settings.most_in_flight
        self.progress = {peer: Progress.revived(each, most) for peer, each in memory.progress.items()}

    def _become(self, role: RaftRole, leader: int) -> None:
        super()._become(role, leader)
        self.progress = {}

    def _begin_leading(self) -> None:
        self._become(RaftRole.LEADER, self.id)
        following = self.log.last_index + 1
        most = self.settings.most_in_flight
        self.progress = {peer: Progress(following, most) for peer in sorted(self.configuration.members)}
        self.progress[self.id].replicate()
        self._append_own("")  # entries of earlier terms are committed through one of this term (section 5.4.2)
        self._send_to_all()

    def _hears_quorum(self) -> bool:
        heard = {peer: progress.active or peer == self.id for peer, progress in self.progress.items()}
        for progress in self.progress.values():
            progress.active = False
        return self.configuration.result(heard) is VoteResult.WON

    # What a leader does

    def _append_own(self, data: str) -> None:
        self.log.append([Entry(self.term, self.log.last_index + 1, data)])
        self._outbox.own.append(
            RaftMessage(RaftKind.APPEND_REPLY, self.id, self.id, self.term, index=self.log.last_index)
        )

    def _send_to_all(self) -> None:
        for peer in sorted(self.progress):
            if peer != self.id:
                self._send_entries(peer)

    def _send_entries(self, peer: int, *, also_none: bool = True) -> bool:
        """Send what follows; also nothing but the commit index, if so told. Whether something was sent."""
        progress = self.progress[peer]
        if progress.waits:
            return False
        before = progress.following - 1
        log_term = self.log.term_at(before)
        if log_term is None:
            return self._send_snapshot(peer)
        # With too much under way an empty message keeps the follower from being forgotten: its answer frees the rest.
        held = progress.pace is Pace.REPLICATE and progress.full
        last = min(self.log.last_index, before + self.settings.most_entries)
        entries = () if held else self.log.between(before + 1, last)
        if not entries and not also_none:
            return False
        self._send(RaftKind.APPEND, peer, index=before, log_term=log_term, commit=self.commit, entries=entries)
        progress.sent(len(entries), self.commit)
        return True

    def _send_snapshot(self, peer: int) -> bool:
        progress = self.progress[peer]
        if not progress.active:
            return False
        progress.send_snapshot(self.log.snapshot.index)
        self._send(RaftKind.SNAPSHOT, peer, snapshot=self.log.snapshot, commit=self.commit)
        return True

    def _hear_follower(self, message: RaftMessage) -> None:
        progress = self.progress[message.sender]
        progress.active = True
        if message.kind is RaftKind.HEARTBEAT_REPLY:
            progress.paused = False
            if progress.missed_snapshot(self.settings.election_ticks):
                progress.probe()
            if progress.match < self.log.last_index or progress.pace is Pace.PROBE:
                self._send_entries(message.sender)
        elif message.kind is RaftKind.APPEND_REPLY and message.rejected:
            self._hear_rejection(message, progress)
        elif message.kind is RaftKind.APPEND_REPLY:
            self._hear_acknowledgement(message, progress)

    def _hear_rejection(self, message: RaftMessage, progress: Progress) -> None:
        hint = message.hint
        if message.log_term > 0:
            hint, _ = self.log.agreement(message.hint, message.log_term)
        if progress.step_back(message.index, hint):
            if progress.pace is Pace.REPLICATE:
                progress.probe()
            self._send_entries(message.sender)

    def _hear_acknowledgement(self, message: RaftMessage, progress: Progress) -> None:
        probed = progress.match == message.index and progress.pace is Pace.PROBE
        if not progress.acknowledge(message.index) and not probed:
            return
        if progress.pace is Pace.REPLICATE:
            progress.release(message.index)
        elif progress.pace is Pace.PROBE or progress.match >= progress.pending_snapshot:
            progress.replicate()
        if self._advance_commit():
            self._send_to_all()
        elif message.sender != self.id and progress.sent_commit < min(self.commit, progress.following - 1):
            self._send_entries(message.sender)
        while message.sender != self.id and self._send_entries(message.sender, also_none=False):
            pass

    def _advance_commit(self) -> bool:
        """Commit what a quorum has, if it is of this term: an older entry could still be replaced (figure 8)."""
        reached = self.configuration.reached({peer: progress.match for peer, progress in self.progress.items()})
        if reached <= self.commit or self.log.term_at(reached) != self.term:
            return False
        self.commit = reached
        return True
