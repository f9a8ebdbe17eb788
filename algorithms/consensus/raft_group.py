"""A group of Raft replicas and the network between them, driven round by round under a fault schedule."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from algorithms.consensus.quorum import Configuration
from algorithms.consensus.raft import RaftOutput, Replica
from algorithms.consensus.scheduling import Held, arriving, members_down, sent
from state.faults import FaultSchedule
from state.raft import RaftMessage, RaftRole, RaftSettings, RaftStorage

MakeReplica = Callable[[int, Configuration, RaftStorage, RaftSettings, random.Random], Replica]


@dataclass(slots=True)
class Round:
    """What happened in one round."""

    number: int
    delivered: tuple[RaftMessage, ...]
    sent: tuple[RaftMessage, ...]
    outputs: Mapping[int, Sequence[RaftOutput]]
    down: frozenset[int]


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

    @property
    def members(self) -> tuple[int, ...]:
        """The ids of the group."""
        return tuple(sorted(self.configuration.members))

    @property
    def leader(self) -> Replica | None:
        """The leader of the newest term that is up, if there is one."""
        leading = [replica for replica in self.replicas.values() if replica.role is RaftRole.LEADER]
        return max(leading, key=lambda replica: replica.term, default=None)

    def play_round(self) -> Round:
        """Play one round: crashes and restarts, arrivals, a tick; what is kept is kept before anything is sent."""
        self.number += 1
        down = members_down(self.schedule, self.number, self.members)
        for member in self.members:
            if member in down:
                self.replicas.pop(member, None)
            elif member not in self.replicas:
                self.replicas[member] = self._restarted(member)
        due, self.held = arriving(self.schedule, self.number, self.held, self.members)
        outputs: dict[int, list[RaftOutput]] = {member: [] for member in self.replicas}
        for message in due:
            self.replicas[message.recipient].receive(message)
        for member, replica in self.replicas.items():
            replica.tick()
            while replica.has_output:
                output = replica.output()
                self.storage[member] = output.kept(self.storage[member])
                outputs[member].append(output)
                replica.saved()
        said = tuple(message for each in outputs.values() for output in each for message in output.messages)
        self.held += sent(self.schedule, self.number, said)
        return Round(self.number, tuple(due), said, outputs, down)

    def _restarted(self, member: int) -> Replica:
        draw = random.Random(f"{self.schedule.seed} {member} {self.number}")  # noqa: S311  spread, not secrecy
        kept = self.storage.setdefault(member, RaftStorage())
        return self.make(member, self.configuration, kept, self.settings, draw)
