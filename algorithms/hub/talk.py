"""A chief, workers and the hub between them, round by round: what the exchange does, and what a worker does.

The chief looks for every order in the hub: one that is not there was lost and is given again, under the same id. A
worker that is down in the round after its turn was killed between effect and acknowledgement: what it said and
acknowledged is lost, what it did is not.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from algorithms.consensus.scheduling import members_down
from algorithms.hub.exchange import Exchange
from algorithms.hub.losses import draw
from algorithms.hub.signing import signed
from state.agents import AgentCard, Role
from state.hub import Letter
from state.hub_talk import HubTalk
from state.messages import DeadLetter, Message, MessageKind, Priority, Receipt
from state.signing import Signer, Verifier

CHIEF = "chief"


class Played(NamedTuple):
    """What the exchange did in a round."""

    changed: tuple[Letter, ...]
    due: Mapping[str, tuple[Message, ...]]  # by worker that is up
    receipts: tuple[Receipt, ...]
    lost: tuple[str, ...]
    down: tuple[str, ...]
    conversation: tuple[Message, ...]
    dead: tuple[DeadLetter, ...]


def worker_of(number: int) -> str:
    """Return the name of a worker."""
    return f"worker:{number}"


def names_of(talk: HubTalk) -> tuple[str, ...]:
    """Return all who talk."""
    return (CHIEF, *(worker_of(number) for number in range(1, talk.workers + 1)))


def down_in(talk: HubTalk, number: int) -> frozenset[str]:
    """Return the workers that are down in a round."""
    return frozenset(map(worker_of, members_down(talk.schedule, number, range(1, talk.workers + 1))))


def orders_of(talk: HubTalk, number: int, chief: Signer) -> list[Message]:
    """Return the orders that the chief has given up to a round, signed."""
    found = []
    for place, order in enumerate(talk.orders, 1):
        if order.round > number:
            continue
        message = Message(
            message_id=f"order:{place}",
            kind=MessageKind.DELEGATION,
            sender=CHIEF,
            recipient=worker_of(order.worker),
            content={"text": order.text},
            conversation="talk",
            priority=Priority(order.priority),
            sent_at=float(order.round),
            expires_at=None if order.life is None else float(order.round + order.life),
            response_required=True,
        )
        found.append(signed(message, chief))
    return found


class Talk:
    """The exchange of one round, made from its letters."""

    def __init__(self, talk: HubTalk, letters: Sequence[Letter], verifier: Verifier) -> None:
        self._talk, self._known = talk, {letter.message.message_id for letter in letters}
        self._exchange = Exchange(verifier, talk.settings)
        self._exchange.register(AgentCard(id=CHIEF, version="1", role=Role.COORDINATOR, skills=()))
        for name in names_of(talk)[1:]:
            self._exchange.register(AgentCard(id=name, version="1", role=Role.WORKER, skills=("perform",)))
        self._exchange.restore(letters)

    def play(
        self,
        number: int,
        orders: Sequence[Message],
        said: Mapping[str, Sequence[Message]],
        done: Mapping[str, Sequence[str]],
    ) -> Played:
        """Take what was said in the round before, and hand out what is due in this one."""
        down, now = down_in(self._talk, number), float(number)
        spoken = [message for name, each in said.items() if name not in down for message in each]
        missing = [order for order in orders if order.message_id not in self._known]
        receipts, lost = self._send(number, (*missing, *spoken))
        for name, settled in done.items():
            if name not in down:
                for message_id in settled:
                    self._exchange.acknowledge(name, message_id, now)
        for reply in self._exchange.receive(CHIEF, now, 100):
            self._exchange.acknowledge(CHIEF, reply.message_id, now)
        up = [name for name in names_of(self._talk)[1:] if name not in down]
        due = {name: self._exchange.receive(name, now, 2) for name in up}
        return Played(
            changed=self._exchange.changed(),
            due=due,
            receipts=tuple(receipts),
            lost=tuple(lost),
            down=tuple(sorted(down)),
            conversation=self._exchange.replay("talk"),
            dead=self._exchange.dead_letters(),
        )

    def _send(self, number: int, messages: Sequence[Message]) -> tuple[list[Receipt], list[str]]:
        schedule, receipts, lost = self._talk.schedule, [], []
        for message in messages:
            subject = f"{number} {message.message_id}"
            if draw(schedule.seed, "drop", subject) < schedule.drop:
                lost.append(message.message_id)
                continue
            copies = 2 if draw(schedule.seed, "duplicate", subject) < schedule.duplicate else 1
            receipts += [self._exchange.send(message, float(number)) for _ in range(copies)]
        return receipts, lost


class Turn(NamedTuple):
    """What a worker did in its turn."""

    said: tuple[Message, ...]
    done: tuple[str, ...]
    effects: tuple[str, ...]  # of all its turns


def take_turn(worker: str, messages: Sequence[Message], effects: Sequence[str], number: int, signer: Signer) -> Turn:
    """Let each message have its effect unless it had it before, then answer and acknowledge it."""
    kept, said = list(effects), []
    for message in messages:
        if message.message_id not in kept:
            kept.append(message.message_id)
        reply = Message(
            message_id=f"{message.message_id}:done:{number}",
            kind=MessageKind.RESPONSE,
            sender=worker,
            recipient=message.sender,
            content={"text": f"done: {message.content['text']}"},
            conversation=message.conversation,
            in_reply_to=message.message_id,
            sent_at=float(number),
        )
        said.append(signed(reply, signer))
    return Turn(tuple(said), tuple(message.message_id for message in messages), tuple(kept))
