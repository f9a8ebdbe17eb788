"""A hub in which no sender can fill the mailboxes of others: a bulkhead against one that floods.

Who was handed so many messages may send as many, and a number of its own; what is beyond is refused. Counts by sender
are what the check of health looks at.
"""

import threading
from collections import Counter

from state.agents import AgentCard
from state.hub import Hub
from state.messages import DeadLetter, Message, Receipt, ReceiptStatus

ALLOWANCE = 50
"""Messages that an agent may send beyond those it was handed."""


class BoundedHub:
    """Another hub, with a quota for each sender but those that are `free` of it."""

    def __init__(self, hub: Hub, free: frozenset[str] = frozenset(), allowance: int = ALLOWANCE) -> None:
        self._hub, self._free, self._allowance = hub, free, allowance
        self._lock = threading.Lock()
        self._sent: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()
        self._handed: Counter[str] = Counter()

    def sent(self, sender: str) -> int:
        """Return how many messages somebody wanted to send, refused ones too."""
        with self._lock:
            return self._sent[sender]

    def beyond(self, sender: str) -> int:
        """Return how many messages it sent, or wanted to, that answer nothing it was handed."""
        with self._lock:
            return max(0, self._sent[sender] - self._handed[sender])

    def register(self, card: AgentCard) -> None:
        """Open the mailbox of an agent."""
        self._hub.register(card)

    def send(self, message: Message) -> Receipt:
        """Keep a message, or refuse it where its sender has used up its quota."""
        sender = message.sender
        with self._lock:
            self._sent[sender] += 1
            if sender not in self._free and self._kept[sender] >= self._handed[sender] + self._allowance:
                reason = f"{sender} has sent {self._allowance} messages more than it was handed"
                status = ReceiptStatus.REFUSED
                return Receipt(message_id=message.message_id, status=status, at=message.sent_at, reason=reason)
        receipt = self._hub.send(message)
        if receipt.kept:
            with self._lock:
                self._kept[sender] += 1
        return receipt

    def receive(self, recipient: str, most: int = 1) -> tuple[Message, ...]:
        """Hand out messages."""
        found = self._hub.receive(recipient, most)
        with self._lock:
            self._handed[recipient] += len(found)
        return found

    def acknowledge(self, recipient: str, message_id: str) -> bool:
        """Settle a message that was handed out."""
        return self._hub.acknowledge(recipient, message_id)

    def fail(self, recipient: str, message_id: str, reason: str) -> bool:
        """Say that a message could not be handled."""
        return self._hub.fail(recipient, message_id, reason)

    def receipt(self, message_id: str) -> Receipt | None:
        """Return what has become of a message."""
        return self._hub.receipt(message_id)

    def replies(self, message_id: str) -> tuple[Message, ...]:
        """Return the accepted messages that answer a message."""
        return self._hub.replies(message_id)

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """Return what was given up."""
        return self._hub.dead_letters()

    def refused(self) -> tuple[Receipt, ...]:
        """Return the log of refusals."""
        return self._hub.refused()

    def replay(self, conversation: str) -> tuple[Message, ...]:
        """Return the accepted messages of a conversation."""
        return self._hub.replay(conversation)

    def unsettled(self, recipient: str) -> int:
        """Return how many messages wait for an agent, or are in its hands."""
        return self._hub.unsettled(recipient)

    def trim(self) -> int:
        """Forget what was settled long ago."""
        return self._hub.trim()
