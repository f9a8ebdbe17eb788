"""What a Raft leader knows about one follower, and how much it may send before an answer."""

from collections import deque

from state.raft import FollowerMemory, Pace


class Progress:
    """Progress of one follower: what it has (`match`), what is sent next, and messages under way."""

    def __init__(self, following: int, most_in_flight: int) -> None:
        self.match = 0
        self.following = following
        self.pace = Pace.PROBE
        self.active = False  # was heard of since the leader looked last
        self.sent_commit = 0
        self.pending_snapshot = 0
        self.in_flight: deque[int] = deque()
        self.paused = False
        self.waited = 0  # signs of life since a snapshot was sent that the follower has not taken yet
        self._most = most_in_flight

    @classmethod
    def revived(cls, memory: FollowerMemory, most_in_flight: int) -> "Progress":
        """Return what a leader knew when its memory was put away."""
        progress = cls(memory.following, most_in_flight)
        progress.match, progress.pace, progress.active = memory.match, memory.pace, memory.active
        progress.sent_commit, progress.pending_snapshot = memory.sent_commit, memory.pending_snapshot
        progress.in_flight, progress.paused = deque(memory.in_flight), memory.paused
        progress.waited = memory.waited
        return progress

    @property
    def memory(self) -> FollowerMemory:
        """What is known, to be put away."""
        return FollowerMemory(
            self.match,
            self.following,
            self.pace,
            self.active,
            self.sent_commit,
            self.pending_snapshot,
            tuple(self.in_flight),
            self.paused,
            self.waited,
        )

    @property
    def full(self) -> bool:
        """Whether no message with entries may be sent before an answer."""
        return len(self.in_flight) >= self._most

    @property
    def waits(self) -> bool:
        """Whether nothing may be sent before an answer."""
        return self.pace is Pace.SNAPSHOT or self.paused

    def sent(self, entries: int, commit: int) -> None:
        """Note a message with so many entries."""
        if self.pace is Pace.REPLICATE:
            if entries:
                self.following += entries
                self.in_flight.append(self.following - 1)
            self.paused = self.full
        elif entries:
            self.paused = True
        self.sent_commit = commit

    def acknowledge(self, index: int) -> bool:
        """Note that the follower has everything up to `index`; whether that is new."""
        if index <= self.match:
            return False
        self.match = index
        self.following = max(self.following, index + 1)
        self.paused = False
        return True

    def release(self, index: int) -> None:
        """Forget messages under way up to `index`: they arrived."""
        while self.in_flight and self.in_flight[0] <= index:
            self.in_flight.popleft()
        self.paused = False

    def step_back(self, rejected: int, hint: int) -> bool:
        """Send from an earlier place after a rejection; False where the rejection is an old one."""
        if self.pace is Pace.REPLICATE:
            if rejected <= self.match:
                return False
            self.following = self.match + 1
        elif self.following - 1 != rejected:
            return False
        else:
            self.following = max(min(rejected, hint + 1), self.match + 1)
        self.sent_commit = min(self.sent_commit, self.following - 1)
        self.paused = False
        return True

    def probe(self) -> None:
        """Send one message at a time again, from where the follower is known to be."""
        after_snapshot = self.pending_snapshot if self.pace is Pace.SNAPSHOT else 0
        self.following = max(self.match, after_snapshot) + 1
        self.sent_commit = min(self.sent_commit, self.following - 1)
        self._change(Pace.PROBE)

    def replicate(self) -> None:
        """Send one message after the other."""
        self.following = self.match + 1
        self._change(Pace.REPLICATE)

    def send_snapshot(self, index: int) -> None:
        """Wait for the follower to take a snapshot up to `index`."""
        self._change(Pace.SNAPSHOT)
        self.pending_snapshot = index
        self.following = index + 1

    def missed_snapshot(self, patience: int) -> bool:
        """Note a sign of life of the follower; whether it must have missed the snapshot that was sent to it."""
        if self.pace is not Pace.SNAPSHOT:
            return False
        self.waited += 1
        return self.waited > patience

    def _change(self, pace: Pace) -> None:
        self.pace = pace
        self.paused = False
        self.pending_snapshot = 0
        self.waited = 0
        self.in_flight.clear()
