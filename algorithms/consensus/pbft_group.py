"""A group of PBFT replicas and their clients, driven round by round under a fault schedule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.pbft import Replica
from algorithms.consensus.pbft_certificates import Committee
from algorithms.consensus.pbft_client import Client
from algorithms.consensus.pbft_output import PbftOutput
from algorithms.consensus.signed_group import Machine, SignedGroup
from state.pbft import PbftSettings, PbftStorage
from state.signed import SignedMessage


class MakePbft(Protocol):
    """Starts a member, a replica or a traitor, from what it kept."""

    def __call__(
        self,
        replica_id: int,
        committee: Committee,
        authenticator: Authenticator,
        storage: PbftStorage,
        settings: PbftSettings,
        /,
    ) -> Machine[PbftOutput]:
        """Return the member."""


@dataclass(slots=True)
class PbftGroup(SignedGroup[PbftStorage, PbftOutput]):
    """Replicas, what each keeps, clients, and messages under way."""

    committee: Committee
    settings: PbftSettings = field(default_factory=PbftSettings)
    make: MakePbft = Replica
    clients: dict[int, Client] = field(default_factory=dict)

    @property
    def members(self) -> tuple[int, ...]:
        """The ids of the group."""
        return self.committee.members

    @property
    def outsiders(self) -> Mapping[int, Client]:
        """The clients that asked for something."""
        return self.clients

    def ask(self, client: int, data: str) -> None:
        """Let a client ask for something; its id is none of a member's."""
        if client not in self.clients:
            keys = self.authenticators[client]
            self.clients[client] = Client(client, self.committee, keys, self.settings.request_ticks // 2 or 1)
        self.clients[client].ask(data)

    def _started(self, member: int) -> Machine[PbftOutput]:
        kept = self.storage.setdefault(member, PbftStorage())
        return self.make(member, self.committee, self.authenticators[member], kept, self.settings)

    def _keep(self, member: int, output: PbftOutput) -> tuple[SignedMessage, ...]:
        self.storage[member] = output.kept(self.storage[member])
        return output.messages
