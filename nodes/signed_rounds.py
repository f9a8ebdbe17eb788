"""Protocols whose members sign, in supersteps: PBFT with a client that asks, and stake, where members ask."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from algorithms.consensus.authentication import Authenticator, derived_signatures
from algorithms.consensus.memory import from_plain, memory_of, remember, to_plain
from algorithms.consensus.pbft import Replica
from algorithms.consensus.pbft_certificates import Committee
from algorithms.consensus.pbft_client import Client
from algorithms.consensus.signed_group import act, act_outside
from algorithms.consensus.stake import StakeReplica
from nodes.context import validated
from nodes.rounds import Rounds, Standing
from state.pbft import PbftSettings, PbftStorage, Request
from state.rounds import Plain, SignedRequest, TurnInput, TurnOutput
from state.signed import SignedMessage
from state.stake import StakeSettings, StakeState, StakeStorage


@lru_cache(maxsize=8)
def keys_of(seed: int, principals: int) -> Mapping[int, Authenticator]:
    """Return the keys of members and client, from 1: derived from the seed, so that every superstep has the same."""
    return derived_signatures(f"{seed}", range(1, principals + 1))


def listed(data: str, request: Request) -> str:
    """Return the application state that tells what was asked for, a line each."""
    return f"{data}\n{request.data}" if data else request.data


class SignedRules(ABC):
    """What PBFT and stake have in common as a group's rules."""

    def request(self, given: object) -> SignedRequest:
        """Return the validated request."""
        return validated(SignedRequest, given, "group")

    def dump(self, message: SignedMessage) -> Plain:
        """Return a message as JSON data."""
        return to_plain(message)

    def read(self, content: Plain) -> SignedMessage:
        """Return a message."""
        message: SignedMessage = from_plain(content)
        return message

    def shown(self, message: SignedMessage) -> str:
        """Return what was signed, by whom it was passed on and to whom."""
        return f"{type(message.signed.statement).__name__} {message.sender}→{message.recipient}"

    def turn(self, group: SignedRequest, given: TurnInput) -> TurnOutput:
        """Take the member up as it was, or start it from what it kept; let it act; put it away."""
        kept = self.first(group) if given["kept"] is None else from_plain(given["kept"])
        machine = self.started(group, int(given["member"]), kept)
        if given["memory"] is not None:
            remember(machine, given["memory"])
        for data in given["proposals"]:
            machine.propose(data)
        said: list[SignedMessage] = []
        for output in act(machine, [self.read(each) for each in given["messages"]]):
            kept = output.kept(kept)
            said += output.messages
        return self._put_away(given["member"], machine, said, to_plain(kept))

    @abstractmethod
    def first(self, group: SignedRequest) -> Any:  # noqa: ANN401  the protocol's own type
        """Return what a member keeps before it kept anything."""

    @abstractmethod
    def started(self, group: SignedRequest, member: int, kept: Any) -> Any:  # noqa: ANN401
        """Return a member that starts from what it kept."""

    def _put_away(self, member: str, machine: object, said: Sequence[SignedMessage], kept: Plain) -> TurnOutput:
        messages = [self.dump(each) for each in said]
        return {"kept": {member: kept}, "memory": {member: memory_of(machine)}, "said": {member: messages}}


class PbftRules(SignedRules):
    """PBFT: a client, with the number after the members', asks for what is proposed, one thing after the other."""

    def outsiders(self, group: SignedRequest) -> tuple[int, ...]:
        """Return the client."""
        return (group.size + 1,)

    def receivers(self, group: SignedRequest, standing: Mapping[int, Standing]) -> tuple[int, ...]:  # noqa: ARG002
        """Return the client: it is always there."""
        return (group.size + 1,)

    def standing(self, group: SignedRequest, member: int, kept: Plain, memory: Plain) -> Standing:
        """Return who leads the view, and what was executed."""
        storage = self.first(group) if kept is None else from_plain(kept)
        leads = memory is not None and not storage.changing and _committee(group).primary(storage.view) == member
        decided = tuple(storage.state.data.splitlines())
        return Standing(leads, memory is not None, storage.view, decided)

    def turn(self, group: SignedRequest, given: TurnInput) -> TurnOutput:
        """Let a member take its turn, or the client."""
        place = int(given["member"])
        if place in group.members:
            return super().turn(group, given)
        client = client_of(group)
        if given["memory"] is not None:
            remember(client, given["memory"])
        for data in given["proposals"]:
            client.ask(data)
        said = act_outside(client, [self.read(each) for each in given["messages"]])
        return self._put_away(given["member"], client, said, None)

    def first(self, group: SignedRequest) -> PbftStorage:  # noqa: ARG002
        """Return what a member keeps before it kept anything."""
        return PbftStorage()

    def started(self, group: SignedRequest, member: int, kept: PbftStorage) -> Replica:
        """Return a replica that starts from what it kept."""
        keys = keys_of(group.schedule.seed, group.size + 1)
        return Replica(member, _committee(group), keys[member], kept, PbftSettings(), listed)


class StakeRules(SignedRules):
    """Stake: the first member that runs asks for what is proposed. Member n has stake n, so that stakes differ."""

    def outsiders(self, group: SignedRequest) -> tuple[int, ...]:  # noqa: ARG002
        """Return nobody: members ask."""
        return ()

    def receivers(self, group: SignedRequest, standing: Mapping[int, Standing]) -> tuple[int, ...]:  # noqa: ARG002
        """Return the first member that runs."""
        return tuple(member for member, each in sorted(standing.items()) if each.running)[:1]

    def standing(self, group: SignedRequest, member: int, kept: Plain, memory: Plain) -> Standing:  # noqa: ARG002
        """Return the height, and what was decided; who leads changes with every round."""
        storage = self.first(group) if kept is None else from_plain(kept)
        decided = [request.statement.data for each in storage.decisions for request in each.block.requests]
        return Standing(leads=False, running=memory is not None, term=storage.state.height, decided=tuple(decided))

    def first(self, group: SignedRequest) -> StakeStorage:
        """Return what a member keeps before it kept anything."""
        return StakeStorage(StakeState(tuple((member, member) for member in group.members)))

    def started(self, group: SignedRequest, member: int, kept: StakeStorage) -> StakeReplica:
        """Return a replica that starts from what it kept."""
        return StakeReplica(member, keys_of(group.schedule.seed, group.size)[member], kept, StakeSettings())


def client_of(group: SignedRequest) -> Client:
    """Return the client of a PBFT group before it asked for anything."""
    place, settings = group.size + 1, PbftSettings()
    keys = keys_of(group.schedule.seed, place)[place]
    return Client(place, _committee(group), keys, settings.request_ticks // 2)


def _committee(group: SignedRequest) -> Committee:
    return Committee(group.members)


PBFT, STAKE = Rounds(PbftRules()), Rounds(StakeRules())
