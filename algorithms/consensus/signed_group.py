"""A group whose members sign what they say, and the network between them, round by round under a fault schedule.

What runs in it is one machine per member (a replica, or a traitor) and what asks it for something from outside.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.scheduling import Held, opened, sent
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


def act(machine: Machine[OutputT], messages: Sequence[SignedMessage]) -> list[OutputT]:
    """Let a member hear and tick; return what is to be kept, then sent, in this order."""
    for message in messages:
        machine.receive(message)
    machine.tick()
    outputs = []
    while machine.has_output:
        outputs.append(machine.output())
    return outputs


def act_outside(outsider: Outsider, messages: Sequence[SignedMessage]) -> list[SignedMessage]:
    """Let an outsider hear and tick; return what it says."""
    for message in messages:
        outsider.receive(message)
    outsider.tick()
    return outsider.messages()


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
        opening = opened(self.schedule, self.number + 1, self.held, self.members, tuple(self.outsiders))
        self.number = opening.number
        for member in self.members:
            if member in opening.down:
                self.replicas.pop(member, None)
            elif member not in self.replicas:
                self.replicas[member] = self._started(member)
        outputs: dict[int, Sequence[OutputT]] = {}
        said: list[SignedMessage] = []
        for member in sorted(self.replicas):
            outputs[member] = act(self.replicas[member], opening.to(member))
            for output in outputs[member]:
                said += self._keep(member, output)
        for place, outsider in self.outsiders.items():
            said += act_outside(outsider, opening.to(place))
        self.held = [*opening.held, *sent(self.schedule, self.number, said)]
        return Round(self.number, opening.due, tuple(said), outputs, opening.down)
