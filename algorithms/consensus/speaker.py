"""What every member does that signs what it says: it speaks, and refuses what it cannot trust."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from typing import Any

from algorithms.consensus.authentication import Authenticator
from state.signed import Refusal, Signed, SignedMessage, Statement, StatementT


class Speaker(ABC):
    """One member among others; what it refused is counted by reason."""

    def __init__(self, member: int, members: tuple[int, ...], authenticator: Authenticator) -> None:
        self.id = member
        self.refused: Counter[Refusal] = Counter()
        self._members = members
        self._authenticator = authenticator
        self._messages: list[SignedMessage] = []

    @abstractmethod
    def _takers(self) -> dict[type, Callable[[Signed[Any]], None]]:
        """Return what takes each kind of statement."""

    @abstractmethod
    def _genuine(self, signed: Signed[Statement]) -> bool:
        """Whether the tag is the signer's."""

    def receive(self, message: SignedMessage) -> None:
        """Take one message; what is not genuine is refused and counted."""
        signed = message.signed
        if not self._may_sign(signed):
            self._refuse(Refusal.STRANGER)
        elif not self._genuine(signed):
            self._refuse(Refusal.FORGED)
        elif signed.signer == self.id:
            self._refuse(Refusal.DUPLICATE)
        else:
            take = self._takers().get(type(signed.statement))
            if take is None:
                self._refuse(Refusal.UNEXPECTED)
            else:
                take(signed)

    def _may_sign(self, signed: Signed[Statement]) -> bool:
        """Whether the signer may say such things."""
        return signed.signer in self._members

    def _sign(self, statement: StatementT) -> Signed[StatementT]:
        return Signed(self.id, statement, self._authenticator.sign(statement.text))

    def _send(self, recipient: int, signed: Signed[Statement]) -> None:
        self._messages.append(SignedMessage(self.id, recipient, signed))

    def _multicast(self, signed: Signed[Statement]) -> None:
        for member in self._members:
            if member != self.id:
                self._send(member, signed)

    def _refuse(self, reason: Refusal | None) -> None:
        if reason is not None:
            self.refused[reason] += 1
