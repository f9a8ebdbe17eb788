"""Raft's language: entries, messages, and what a replica must not forget (Ongaro and Ousterhout 2014)."""

from dataclasses import dataclass, field
from enum import StrEnum

NOBODY = 0
"""The id of no replica; replicas count from 1."""


class RaftRole(StrEnum):
    """What a replica is in its term."""

    FOLLOWER = "follower"
    PRE_CANDIDATE = "pre_candidate"  # asks whether it could win, without a new term
    CANDIDATE = "candidate"
    LEADER = "leader"


class RaftKind(StrEnum):
    """What a message is."""

    PRE_VOTE = "pre_vote"
    PRE_VOTE_REPLY = "pre_vote_reply"
    VOTE = "vote"
    VOTE_REPLY = "vote_reply"
    APPEND = "append"
    APPEND_REPLY = "append_reply"
    HEARTBEAT = "heartbeat"
    HEARTBEAT_REPLY = "heartbeat_reply"
    SNAPSHOT = "snapshot"


class Pace(StrEnum):
    """How a leader sends to a follower."""

    PROBE = "probe"  # one message, then an answer: where the logs agree is not known
    REPLICATE = "replicate"  # one message after the other
    SNAPSHOT = "snapshot"  # a snapshot is on its way


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log; an empty one opens a leader's term."""

    term: int
    index: int  # from 1
    data: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What stands for all entries up to `index`."""

    index: int = 0
    term: int = 0
    data: str = ""


@dataclass(frozen=True, slots=True)
class RaftMessage:
    """One message; `index` and `log_term` name a place in the log, of the sender or of what it answers."""

    kind: RaftKind
    sender: int
    recipient: int
    term: int
    index: int = 0
    log_term: int = 0
    commit: int = 0
    entries: tuple[Entry, ...] = ()
    snapshot: Snapshot | None = None
    rejected: bool = False
    hint: int = 0  # of a rejected append: where the logs may agree


@dataclass(frozen=True, slots=True)
class RaftStorage:
    """What a replica keeps on stable storage; it restarts from this."""

    term: int = 0
    vote: int = NOBODY
    commit: int = 0  # may lag behind: it is found again
    snapshot: Snapshot = Snapshot()
    entries: tuple[Entry, ...] = field(default=())  # after the snapshot, without gaps


@dataclass(frozen=True, slots=True)
class FollowerMemory:
    """What a leader knows about one follower: see `algorithms.consensus.raft_progress`."""

    match: int
    following: int
    pace: Pace
    active: bool
    sent_commit: int
    pending_snapshot: int
    in_flight: tuple[int, ...]
    paused: bool
    waited: int = 0


@dataclass(frozen=True, slots=True)
class RaftMemory:
    """What a replica knows between two rounds besides its stable storage; a crash takes it."""

    role: RaftRole
    leader: int
    votes: dict[int, bool]
    elapsed: int  # ticks
    timeout: int  # ticks
    seed: str
    drawn: int  # timeouts so far
    progress: dict[int, FollowerMemory]  # of a leader


@dataclass(frozen=True, slots=True)
class RaftSettings:
    """How a replica behaves; times in ticks."""

    election_ticks: int = 10  # without a leader for that long, and up to twice that, an election begins
    heartbeat_ticks: int = 1
    pre_vote: bool = True  # ask before a term is begun: a replica that was away unseats nobody
    check_quorum: bool = True  # a leader steps down without a quorum; who hears a leader gives no vote
    most_in_flight: int = 256  # messages with entries to one follower before an answer
    most_entries: int = 1_000  # in one message
