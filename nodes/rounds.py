"""A group of replicas in supersteps: the scheduler opens a round, the members take their turns side by side.

Nothing here knows a protocol: `GroupRules` says what one member does in its turn. What a member keeps is in the
checkpoint after its turn; what it said is delivered by the scheduler in a later superstep, never before.
"""

from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from pydantic import TypeAdapter

from algorithms.consensus.scheduling import Addressed, Held, Opening, opened, sent
from nodes.events import emit
from state.rounds import GroupRequest, GroupState, Plain, TurnInput, TurnOutput

MessageT = TypeVar("MessageT", bound=Addressed)
RequestT = TypeVar("RequestT", bound=GroupRequest)

_LINES = 20
"""Rounds told in the state; all are on the stream."""

_SHOWN = 4
"""Lost messages told by name in one round."""


class Standing(NamedTuple):
    """How a member stands: does it lead, in which term (or view), and what it holds as decided."""

    leads: bool
    term: int
    decided: tuple[str, ...]


class GroupRules(Protocol[RequestT, MessageT]):
    """What a protocol says about itself to be played in supersteps."""

    @property
    def message(self) -> TypeAdapter[MessageT]:
        """How a message becomes JSON data and is read again."""

    def request(self, given: object) -> RequestT:
        """Return the validated request; SetupError says what is wrong with it."""

    def turn(self, group: RequestT, given: TurnInput) -> TurnOutput:
        """Let one member take its turn."""

    def standing(self, group: RequestT, member: int, kept: Plain | None, memory: Plain | None) -> Standing:
        """Return how a member stands after its turn; one that is down has no memory."""

    def receivers(self, standing: Mapping[int, Standing]) -> tuple[int, ...]:
        """Return the members that are handed proposals; none where they must wait. `standing` is of those up."""

    def shown(self, message: MessageT) -> str:
        """Return a message in a few words."""


class Rounds(Generic[RequestT, MessageT]):
    """The two nodes of a group, for one protocol."""

    def __init__(self, rules: GroupRules[RequestT, MessageT]) -> None:
        self._rules = rules

    def schedule(self, state: GroupState) -> GroupState:
        """Close the round that was played, tell it, and open the next."""
        group, number = self._rules.request(state.get("group")), state.get("number", 0)
        kept, memory = state.get("kept", {}), state.get("memory", {})
        standing = {
            member: self._rules.standing(group, member, kept.get(str(member)), memory.get(str(member)))
            for member in group.members
        }
        held: list[Held[MessageT]] = [(when, self._read(message)) for when, message in state.get("held", [])]
        closed: GroupState = {"group": group, "told": state.get("told", [])}
        closed["decided"] = {str(member): list(each.decided) for member, each in standing.items()}
        if number:
            said = [self._read(each) for member in group.members for each in state["said"].get(str(member), [])]
            under_way = sent(group.schedule, number, said)
            closed["told"] = [*closed["told"], self._tell(state, standing, said, under_way)][-_LINES:]
            held += under_way
        if number >= group.rounds:
            return closed | {"held": self._plain(held), "due": {}, "over": True}
        opening = opened(group.schedule, number + 1, held, group.members)
        return closed | self._opened(state, group, standing, opening)

    def turn(self, state: TurnInput) -> TurnOutput:
        """Let one member hear what arrived, act, and keep what is to be kept."""
        return self._rules.turn(self._rules.request(state["group"]), state)

    def _opened(
        self, state: GroupState, group: RequestT, standing: Mapping[int, Standing], opening: Opening[MessageT]
    ) -> GroupState:
        number = opening.number
        up = {member: each for member, each in standing.items() if member not in opening.down}
        waiting = [*state.get("waiting", []), *(one.data for one in group.proposals if one.round == number)]
        receivers = self._rules.receivers(up)
        lost = [self._rules.shown(message) for message in opening.lost]
        return {
            "number": number,
            "over": False,
            "memory": {str(member): None for member in opening.down},
            "said": {str(member): [] for member in opening.down},
            "held": self._plain(opening.held),
            "due": {str(member): [self._dump(message) for message in opening.to(member)] for member in up},
            "opening": {"delivered": len(opening.due), "lost": lost, "down": sorted(opening.down)},
            "handed": {str(member): waiting for member in receivers},
            "waiting": [] if receivers else waiting,
        }

    def _tell(
        self,
        state: GroupState,
        standing: Mapping[int, Standing],
        said: Sequence[MessageT],
        under_way: Sequence[Held[MessageT]],
    ) -> str:
        """Emit what happened in the round; return it as one line."""
        number, opening = state["number"], state["opening"]
        arrived = {id(message) for _, message in under_way}
        lost = [*opening["lost"], *(self._rules.shown(message) for message in said if id(message) not in arrived)]
        leaders = [(each.term, member) for member, each in standing.items() if each.leads]
        term, leader = max(leaders, default=(max(each.term for each in standing.values()), 0))
        decided = max(len(each.decided) for each in standing.values())
        line = f"round {number}: {f'{leader} leads' if leader else 'nobody leads'} in term {term}, {decided} decided"
        line += f"; delivered {opening['delivered']}, sent {len(said)}, lost {len(lost)}"
        line += f" ({', '.join(lost[:_SHOWN])}{', ...' if len(lost) > _SHOWN else ''})" if lost else ""
        line += f"; down: {', '.join(map(str, opening['down']))}" if opening["down"] else ""
        fields = {"round": number, "leader": leader, "term": term, "decided": decided, "lost": len(lost)}
        emit("round", f"round:{number}", **fields, delivered=opening["delivered"], sent=len(said), told=line)
        return line

    def _plain(self, held: Sequence[Held[MessageT]]) -> list[tuple[int, Plain]]:
        return [(when, self._dump(message)) for when, message in held]

    def _dump(self, message: MessageT) -> Plain:
        return dict(self._rules.message.dump_python(message, mode="json", exclude_defaults=True))

    def _read(self, message: Plain) -> MessageT:
        return self._rules.message.validate_python(message)
