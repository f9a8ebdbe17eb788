"""Traitors: honest machines whose messages are held back, changed or made up, whatever the protocol.

A traitor has its own keys and those of its accomplices, and no others. What its protocol lets it do beside this is in
`pbft_traitors` and `stake_traitors`.
"""

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.signed_group import Machine
from state.pbft import Request
from state.signed import Signed, SignedMessage, Statement

_REMEMBERED = 200  # messages of others, to be said again or altered
_LATEST = 12  # ticks that a message is held back


class Said(Protocol):
    """What a traitor needs to know of its machine's output: a dataclass with messages."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def messages(self) -> tuple[SignedMessage, ...]:
        """What is to be sent."""


SaidT = TypeVar("SaidT", bound=Said)


@dataclass(slots=True)
class Conspiracy:
    """What traitors share: their keys, a client of their own, and which half of the members is told which story."""

    members: tuple[int, ...]
    keys: Mapping[int, Authenticator]  # of the traitors, and of their client
    client: int
    told: dict[tuple[int, int], Any] = field(default_factory=dict)  # by place: the second story
    _number: int = 0

    def twin(self) -> Signed[Request]:
        """Return a request that an accomplice asks for: another one each time."""
        self._number += 1
        request = Request(self.client, self._number, f"twin {self._number}")
        return Signed(self.client, request, self.keys[self.client].sign(request.text))

    def sign(self, signer: int, statement: Statement) -> Signed[Statement]:
        """Return a statement signed by a traitor."""
        return Signed(signer, statement, self.keys[signer].sign(statement.text))

    def second_half(self, member: int) -> bool:
        """Whether a member is told the second story: every other one of the honest."""
        honest = [each for each in self.members if each not in self.keys]
        return member in honest[1::2]


class Traitor(Generic[SaidT]):
    """A machine that keeps to the protocol but for what it says. This one says all that an honest one does."""

    def __init__(self, inner: Machine[SaidT], member: int, conspiracy: Conspiracy, draw: random.Random) -> None:
        self.id = member
        self.inner = inner
        self.conspiracy = conspiracy
        self.draw = draw
        self.others = tuple(each for each in conspiracy.members if each != member)
        self.heard: deque[SignedMessage] = deque(maxlen=_REMEMBERED)
        self._injected: list[SignedMessage] = []

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Return what is said in place of messages."""
        return list(messages)

    def inject(self) -> list[SignedMessage]:
        """Return what is said beside them, at every tick."""
        return []

    def tick(self) -> None:
        """Let one unit of time pass."""
        self.inner.tick()
        self._injected += self.inject()

    def receive(self, message: SignedMessage) -> None:
        """Take one message."""
        self.heard.append(message)
        self.inner.receive(message)

    @property
    def has_output(self) -> bool:
        """Whether there is something to keep, to send or to apply."""
        return self.inner.has_output or bool(self._injected)

    def output(self) -> SaidT:
        """Return what the machine wants kept, and what the traitor says."""
        output, injected = self.inner.output(), self._injected
        self._injected = []
        return replace(output, messages=(*self.distort(output.messages), *injected))

    def to_all(self, signed: Signed[Statement]) -> list[SignedMessage]:
        """Return a statement addressed to all others."""
        return [SignedMessage(self.id, other, signed) for other in self.others]

    def altered(self, statement: Statement) -> Statement:
        """Return a statement with one of its numbers or its digest changed."""
        changes: dict[str, Any] = {}
        for name in getattr(statement, "__dataclass_fields__", {}):
            value = getattr(statement, name)
            if isinstance(value, int) and not isinstance(value, bool):
                changes[name] = max(0, value + self.draw.choice((-1, 1, 2)))
            elif name == "digest":
                changes[name] = f"{self.draw.getrandbits(256):064x}"
        if not changes:
            return statement
        name = self.draw.choice(sorted(changes))
        changed: Statement = replace(statement, **{name: changes[name]})  # type: ignore[type-var]
        return changed


class Silent(Traitor[SaidT]):
    """Says nothing."""

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:  # noqa: ARG002
        """Say nothing."""
        return []


class Selective(Traitor[SaidT]):
    """Says nothing to some."""

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Leave out the second half of the members."""
        return [message for message in messages if not self.conspiracy.second_half(message.recipient)]


class Delaying(Traitor[SaidT]):
    """Says everything late, and out of order."""

    _late: tuple[tuple[int, SignedMessage], ...] = ()
    _ticks = 0

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Hold all messages back."""
        self._late += tuple((self._ticks + self.draw.randint(1, _LATEST), message) for message in messages)
        return []

    def inject(self) -> list[SignedMessage]:
        """Say what was held back long enough."""
        self._ticks += 1
        due = [message for when, message in self._late if when <= self._ticks]
        self._late = tuple(each for each in self._late if each[0] > self._ticks)
        return due


class Replaying(Traitor[SaidT]):
    """Says again what others said, at any time and to anybody."""

    def inject(self) -> list[SignedMessage]:
        """Say some of it again."""
        again = self.draw.choices(self.heard, k=3) if self.heard else []
        return [SignedMessage(self.id, self.draw.choice(self.others), message.signed) for message in again]


class Forging(Traitor[SaidT]):
    """Alters what others said, under their names and tags."""

    def inject(self) -> list[SignedMessage]:
        """Say an altered statement with the tag of the true one."""
        if not self.heard:
            return []
        signed = self.draw.choice(self.heard).signed
        return self.to_all(replace(signed, statement=self.altered(signed.statement)))


class Spoofing(Traitor[SaidT]):
    """Speaks in the names of others, with its own signature."""

    def inject(self) -> list[SignedMessage]:
        """Say an altered statement as if it were another's."""
        if not self.heard:
            return []
        statement = self.altered(self.draw.choice(self.heard).signed.statement)
        signed = self.conspiracy.sign(self.id, statement)
        return self.to_all(replace(signed, signer=self.draw.choice(self.others)))
