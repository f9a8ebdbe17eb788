"""A group of Raft replicas and the network between them, driven round by round under a fault schedule.

A round is shared by `RaftGroup`, which keeps its replicas alive, and by the graph `raft`, which puts them away between
two supersteps: `act` is all that happens to a replica in it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from algorithms.consensus.quorum import Configuration
from algorithms.consensus.raft import RaftOutput, Replica
from algorithms.consensus.scheduling import Held, opened, sent
from state.faults import FaultSchedule
from state.raft import RaftMessage, RaftRole, RaftSettings, RaftStorage

MakeReplica = Callable[[int, Configuration, RaftStorage, RaftSettings, str], Replica]


@dataclass(slots=True)
class Round:
    """What happened in one round."""

    number: int
    delivered: tuple[RaftMessage, ...]
    sent: tuple[RaftMessage, ...]
    outputs: Mapping[int, Sequence[RaftOutput]]
    down: frozenset[int]


@dataclass(frozen=True, slots=True)
class Turn:
    """What a replica did in its round: what it keeps now, and what it said after it was kept."""

    storage: RaftStorage
    outputs: tuple[RaftOutput, ...]

    @property
    def messages(self) -> tuple[RaftMessage, ...]:
        """What is sent."""
        return tuple(message for output in self.outputs for message in output.messages)


def act(replica: Replica, storage: RaftStorage, messages: Sequence[RaftMessage], proposals: Sequence[str] = ()) -> Turn:
    """Let a replica propose, hear and tick; what is to be kept is kept before anything is sent."""
    outputs = []
    for data in proposals:
        replica.propose(data)
    for message in messages:
        replica.receive(message)
    replica.tick()
    while replica.has_output:
        output = replica.output()
        storage = output.kept(storage)
        outputs.append(output)
        replica.saved()
    return Turn(storage, tuple(outputs))


def restart_seed(schedule: FaultSchedule, member: int, number: int) -> str:
    """Return the seed of the timeouts of a member that starts in a round."""
    return f"{schedule.seed} {member} {number}"


def leading(standing: Mapping[int, tuple[RaftRole, int]]) -> int | None:
    """Return the leader of the newest term by the role and term of all members that are up, if there is one."""
    leaders = [(term, member) for member, (role, term) in standing.items() if role is RaftRole.LEADER]
    return max(leaders)[1] if leaders else None


@dataclass(slots=True)
class RaftGroup:
    """Replicas, what each keeps, and messages under way. A member that was down restarts from what it kept."""

    configuration: Configuration
    schedule: FaultSchedule
    settings: RaftSettings = field(default_factory=RaftSettings)
    make: MakeReplica = Replica
    number: int = 0
    storage: dict[int, RaftStorage] = field(default_factory=dict)
    replicas: dict[int, Replica] = field(default_factory=dict)
    held: list[Held[RaftMessage]] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    @property
    def members(self) -> tuple[int, ...]:
        """The ids of the group."""
        return tuple(sorted(self.configuration.members))

    @property
    def leader(self) -> Replica | None:
        """The leader of the newest term that is up, if there is one."""
        found = leading({member: (replica.role, replica.term) for member, replica in self.replicas.items()})
        return None if found is None else self.replicas[found]

    def propose(self, data: str) -> None:
        """Hand data to the leader of the next round that begins with one."""
        self.waiting.append(data)

    def play_round(self) -> Round:
        """Play one round: crashes and restarts, proposals, arrivals, a tick."""
        opening = opened(self.schedule, self.number + 1, self.held, self.members)
        self.number = opening.number
        for member in opening.down:
            self.replicas.pop(member, None)
        leader, handed = self.leader, self.waiting
        if leader is not None:
            self.waiting = []
        outputs: dict[int, Sequence[RaftOutput]] = {}
        said: list[RaftMessage] = []
        for member in self.members:
            if member in opening.down:
                continue
            replica = self.replicas.get(member) or self._restarted(member)
            turn = act(replica, self.storage[member], opening.to(member), handed if replica is leader else ())
            self.storage[member], outputs[member] = turn.storage, turn.outputs
            said += turn.messages
        self.held = [*opening.held, *sent(self.schedule, self.number, said)]
        return Round(self.number, opening.due, tuple(said), outputs, opening.down)

    def _restarted(self, member: int) -> Replica:
        kept = self.storage.setdefault(member, RaftStorage())
        seed = restart_seed(self.schedule, member, self.number)
        self.replicas[member] = self.make(member, self.configuration, kept, self.settings, seed)
        return self.replicas[member]
