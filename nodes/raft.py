"""Raft in supersteps: what one replica does in its turn."""

from collections.abc import Mapping

from pydantic import TypeAdapter

from algorithms.consensus.quorum import Configuration
from algorithms.consensus.raft import Replica
from algorithms.consensus.raft_group import act, leading, restart_seed
from nodes.context import validated
from nodes.rounds import Rounds, Standing
from state.raft import RaftMemory, RaftMessage, RaftRole, RaftSettings, RaftStorage
from state.rounds import GroupRequest, Plain, TurnInput, TurnOutput

_STORAGE, _MEMORY = TypeAdapter(RaftStorage), TypeAdapter(RaftMemory)


class RaftRules:
    """Raft as a group's rules: replicas with the settings of the paper, pre-vote and check of the quorum."""

    message: TypeAdapter[RaftMessage] = TypeAdapter(RaftMessage)

    def request(self, given: object) -> GroupRequest:
        """Return the validated request."""
        return validated(GroupRequest, given, "group")

    def turn(self, group: GroupRequest, given: TurnInput) -> TurnOutput:
        """Take the replica up as it was, or start it from what it kept; let it act; put it away."""
        member, schedule = int(given["member"]), group.schedule
        storage = RaftStorage() if given["kept"] is None else _STORAGE.validate_python(given["kept"])
        seed = restart_seed(schedule, member, given["number"])
        replica = Replica(member, Configuration(frozenset(group.members)), storage, RaftSettings(), seed)
        if given["memory"] is not None:
            replica.remember(_MEMORY.validate_python(given["memory"]))
        messages = [self.message.validate_python(each) for each in given["messages"]]
        turn = act(replica, storage, messages, given["proposals"])
        said = [self.message.dump_python(each, mode="json", exclude_defaults=True) for each in turn.messages]
        return {
            "kept": {given["member"]: _STORAGE.dump_python(turn.storage, mode="json")},
            "memory": {given["member"]: _MEMORY.dump_python(replica.memory, mode="json")},
            "said": {given["member"]: said},
        }

    def standing(self, group: GroupRequest, member: int, kept: Plain | None, memory: Plain | None) -> Standing:  # noqa: ARG002
        """Return role, term and the entries that are known to be committed."""
        if kept is None:
            return Standing(leads=False, term=0, decided=())
        leads = memory is not None and memory["role"] == RaftRole.LEADER
        committed = [entry["data"] for entry in kept["entries"] if entry["index"] <= kept["commit"]]
        decided = tuple(data for data in committed if data)
        return Standing(leads, kept["term"], decided)

    def receivers(self, standing: Mapping[int, Standing]) -> tuple[int, ...]:
        """Return the leader of the newest term."""
        found = leading(
            {
                member: (RaftRole.LEADER if each.leads else RaftRole.FOLLOWER, each.term)
                for member, each in standing.items()
            }
        )
        return () if found is None else (found,)

    def shown(self, message: RaftMessage) -> str:
        """Return kind, sender and recipient."""
        return f"{message.kind.value} {message.sender}→{message.recipient}"


ROUNDS = Rounds(RaftRules())
