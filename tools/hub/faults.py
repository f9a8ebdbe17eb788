"""A hub in which messages are lost, for rehearsal: the sender is told that one was accepted, and nobody gets it."""

from algorithms.hub.losses import is_lost
from state.agents import AgentCard
from state.hub import Hub, HubFaults
from state.messages import DeadLetter, Message, Receipt, ReceiptStatus


class FaultyHub:
    """Another hub, of which some messages are lost on their way into it."""

    def __init__(self, hub: Hub, faults: HubFaults) -> None:
        self._hub, self._faults = hub, faults

    def register(self, card: AgentCard) -> None:
        """Open the mailbox of an agent."""
        self._hub.register(card)

    def send(self, message: Message) -> Receipt:
        """Keep a message, or lose it and say that it was accepted."""
        if is_lost(self._faults, message.message_id):
            return self.accepted(message)
        return self._hub.send(message)

    @staticmethod
    def accepted(message: Message) -> Receipt:
        """Return what the sender of a lost message is told."""
        status = ReceiptStatus.ACCEPTED
        return Receipt(message_id=message.message_id, status=status, at=message.sent_at, recipient=message.recipient)

    def receive(self, recipient: str, most: int = 1) -> tuple[Message, ...]:
        """Hand out messages."""
        return self._hub.receive(recipient, most)

    def acknowledge(self, recipient: str, message_id: str) -> bool:
        """Settle a message that was handed out."""
        return self._hub.acknowledge(recipient, message_id)

    def fail(self, recipient: str, message_id: str, reason: str) -> bool:
        """Say that a message could not be handled."""
        return self._hub.fail(recipient, message_id, reason)

    def receipt(self, message_id: str) -> Receipt | None:
        """Return what has become of a message; None of one that was lost."""
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
