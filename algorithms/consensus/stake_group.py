"""A group of stake replicas, driven round by round under a fault schedule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.signed_group import Machine, Outsider, SignedGroup
from algorithms.consensus.stake import StakeReplica
from algorithms.consensus.stake_keeper import StakeOutput
from state.signed import SignedMessage
from state.stake import StakeSettings, StakeState, StakeStorage


class StakeMachine(Machine[StakeOutput], Protocol):
    """What takes part as a member: a replica, or a traitor."""

    def propose(self, data: str) -> int:
        """Ask for something."""


class MakeStake(Protocol):
    """Starts a member, a replica or a traitor, from what it kept."""

    def __call__(
        self, member: int, authenticator: Authenticator, storage: StakeStorage, settings: StakeSettings, /
    ) -> StakeMachine:
        """Return the member."""


@dataclass(slots=True)
class StakeGroup(SignedGroup[StakeStorage, StakeOutput]):
    """Replicas, what each keeps, and messages under way."""

    stakes: Mapping[int, int]  # at the beginning, by member
    settings: StakeSettings = field(default_factory=StakeSettings)
    make: MakeStake = StakeReplica
    speakers: dict[int, StakeMachine] = field(default_factory=dict)  # the same replicas, as those one can ask

    @property
    def members(self) -> tuple[int, ...]:
        """The ids of the group."""
        return tuple(sorted(self.stakes))

    @property
    def outsiders(self) -> Mapping[int, Outsider]:
        """Nobody: members ask."""
        return {}

    def ask(self, member: int, data: str) -> bool:
        """Let a member ask for something; False where it is down."""
        if member not in self.replicas:
            return False
        self.speakers[member].propose(data)
        return True

    def _started(self, member: int) -> Machine[StakeOutput]:
        first = StakeStorage(StakeState(tuple(sorted(self.stakes.items()))))
        kept = self.storage.setdefault(member, first)
        self.speakers[member] = self.make(member, self.authenticators[member], kept, self.settings)
        return self.speakers[member]

    def _keep(self, member: int, output: StakeOutput) -> tuple[SignedMessage, ...]:
        self.storage[member] = output.kept(self.storage[member])
        return output.messages
