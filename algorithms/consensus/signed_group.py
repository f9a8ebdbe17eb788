"""A group whose members sign what they say, and the network between them, round by round under a fault schedule.

What runs in it is one machine per member (a replica, or a traitor) and what asks it for something from outside.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.scheduling import Held, arriving, members_down, sent
from state.faults import FaultSchedule
from state.signed import SignedMessage

StorageT = TypeVar("StorageT")


OutputT_co = TypeVar("OutputT_co", covariant=True)
OutputT = TypeVar("OutputT")


class Machine(Protocol[OutputT_co]):
    """What takes part as a member."""

    def tick(self) -> None:
        """Let one unit of time pass."""

    def receive(self, message: SignedMessage) -> None:
        """Take one message."""

    @property
    def has_output(self) -> bool:
        """Whether there is something to keep, to send or to apply."""

    def output(self) -> OutputT_co:
        """Return what is to be kept, sent and applied."""


class Outsider(Protocol):
    """What asks a group for something, and is told what became of it."""

    def tick(self) -> None:
        """Let one unit of time pass."""

    def receive(self, message: SignedMessage) -> None:
        """Take one message."""

    def messages(self) -> list[SignedMessage]:
        """Return what is to be sent, once."""


@dataclass(slots=True)
class Round(Generic[OutputT]):
    """What happened in one round."""

    number: int
    delivered: tuple[SignedMessage, ...]
    sent: tuple[SignedMessage, ...]
    outputs: Mapping[int, Sequence[OutputT]]
    down: frozenset[int]


@dataclass(slots=True)
class SignedGroup(ABC, Generic[StorageT, OutputT]):
    """Machines, what each keeps, outsiders, and messages under way. A member that was down restarts from what it kept.

    A network without groups connects all; where it is parted, outsiders are members of a group like all others.
    """

    schedule: FaultSchedule
    authenticators: Mapping[int, Authenticator]  # of all members and outsiders
    number: int = field(default=0, kw_only=True)
    storage: dict[int, StorageT] = field(default_factory=dict, kw_only=True)
    replicas: dict[int, Machine[OutputT]] = field(default_factory=dict, kw_only=True)
    held: list[Held[SignedMessage]] = field(default_factory=list, kw_only=True)

    @property
    @abstractmethod
    def members(self) -> tuple[int, ...]:
        """The ids of the group."""

    @property
    @abstractmethod
    def outsiders(self) -> Mapping[int, Outsider]:
        """Those who ask, by their ids."""

    @abstractmethod
    def _started(self, member: int) -> Machine[OutputT]:
        """Start a member from what it kept."""

    @abstractmethod
    def _keep(self, member: int, output: OutputT) -> tuple[SignedMessage, ...]:
        """Keep what is to be kept, and return what is then to be sent."""

    def play_round(self) -> Round[OutputT]:
        """Play one round: crashes and restarts, arrivals, a tick; what is kept is kept before anything is sent."""
        self.number += 1
        down = members_down(self.schedule, self.number, self.members)
        for member in self.members:
            if member in down:
                self.replicas.pop(member, None)
            elif member not in self.replicas:
                self.replicas[member] = self._started(member)
        delivered = self._deliver()
        outputs, said = self._outputs()
        for outsider in self.outsiders.values():
            outsider.tick()
            said += outsider.messages()
        self.held += sent(self.schedule, self.number, said)
        return Round(self.number, delivered, tuple(said), outputs, down)

    def _deliver(self) -> tuple[SignedMessage, ...]:
        due, self.held = arriving(self.schedule, self.number, self.held, (*self.members, *self.outsiders))
        for message in due:
            taker = self.replicas.get(message.recipient) or self.outsiders.get(message.recipient)
            if taker is not None:
                taker.receive(message)
        return tuple(due)

    def _outputs(self) -> tuple[dict[int, list[OutputT]], list[SignedMessage]]:
        outputs: dict[int, list[OutputT]] = {member: [] for member in self.replicas}
        said: list[SignedMessage] = []
        for member, replica in self.replicas.items():
            replica.tick()
            while replica.has_output:
                output = replica.output()
                said += self._keep(member, output)
                outputs[member].append(output)
        return outputs, said
