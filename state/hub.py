"""The hub as agents see it, wherever it keeps its mailboxes, and its settings."""

from typing import Protocol

from pydantic import Field

from state.agents import AgentCard
from state.messages import DeadLetter, Message, Receipt, ReceiptStatus
from state.values import Value


class HubSettings(Value):
    """Bounds and times of a hub; times in seconds of its clock."""

    mailbox: int = Field(default=1_000, ge=1, title="Mailbox", description="Most messages that wait for one agent")
    most_bytes: int = Field(default=64 * 1024, ge=1, title="Most bytes", description="Most bytes of one message")
    visibility: float = Field(
        default=60.0, gt=0, title="Visibility", description="Delivered again when not acknowledged for so long"
    )
    deliveries: int = Field(default=5, ge=1, title="Deliveries", description="Deliveries before a message is given up")
    backoff: float = Field(
        default=1.0, ge=0, title="Backoff", description="Wait after a first failure; doubled for more"
    )
    backoff_most: float = Field(default=60.0, ge=0, title="Most backoff", description="Most wait after a failure")
    retention: float = Field(
        default=7 * 86_400.0, gt=0, title="Retention", description="Messages that are settled are kept for so long"
    )


class Letter(Value):
    """A message that was accepted, and how far it is."""

    message: Message
    arrived: int  # place in the order of acceptance, from 1
    status: ReceiptStatus
    at: float  # of the last change
    attempts: int = 0  # deliveries so far
    due: float = 0.0  # once delivered: when it comes again
    held: bool = False  # until its data is validated
    reason: str = ""

    @property
    def receipt(self) -> Receipt:
        """What the hub says of it."""
        return Receipt(
            message_id=self.message.message_id,
            status=self.status,
            at=self.at,
            recipient=self.message.recipient,
            attempts=self.attempts,
            reason=self.reason,
        )


class Hub(Protocol):
    """Mailboxes between agents. Delivery is at least once; a message id that was accepted before is not kept twice."""

    def register(self, card: AgentCard) -> None:
        """Open the mailbox of an agent; SetupError where its id is taken by another role."""

    def send(self, message: Message) -> Receipt:
        """Verify and keep a message; the receipt says whether it was kept, and why not."""

    def receive(self, recipient: str, most: int = 1) -> tuple[Message, ...]:
        """Hand out messages, urgent ones first; each comes again unless it is acknowledged in time."""

    def acknowledge(self, recipient: str, message_id: str) -> bool:
        """Settle a message that was handed out; False where it is not out (any more)."""

    def fail(self, recipient: str, message_id: str, reason: str) -> bool:
        """Say that a message could not be handled: it comes again after a wait, or is given up."""

    def receipt(self, message_id: str) -> Receipt | None:
        """Return what has become of a message; None where it is not known."""

    def replies(self, message_id: str) -> tuple[Message, ...]:
        """Return the accepted messages that answer a message, in their order."""

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """Return what was given up, in the order of time."""

    def refused(self) -> tuple[Receipt, ...]:
        """Return the log of refusals, in the order of time."""

    def replay(self, conversation: str) -> tuple[Message, ...]:
        """Return the accepted messages of a conversation, in the order they were sent."""

    def trim(self) -> int:
        """Forget what was settled longer ago than it is kept; return how many messages that were."""
