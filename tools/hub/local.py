"""The hub within one process: the machine with a clock, safe for threads."""

import threading
import time
from collections.abc import Callable

from algorithms.hub.exchange import Exchange
from state.agents import AgentCard
from state.hub import HubSettings
from state.messages import DeadLetter, Message, Receipt
from state.signing import Verifier

Clock = Callable[[], float]
"""Returns the seconds since the epoch."""


class LocalHub:
    """Mailboxes in memory; who wants to keep a conversation replays it before the process ends."""

    def __init__(self, verifier: Verifier, settings: HubSettings | None = None, clock: Clock = time.time) -> None:
        self._exchange, self._clock, self._lock = Exchange(verifier, settings), clock, threading.Lock()

    def register(self, card: AgentCard) -> None:
        """Open the mailbox of an agent; SetupError where its id is taken by another role."""
        with self._lock:
            self._exchange.register(card)

    def send(self, message: Message) -> Receipt:
        """Verify and keep a message."""
        with self._lock:
            return self._exchange.send(message, self._clock())

    def receive(self, recipient: str, most: int = 1) -> tuple[Message, ...]:
        """Hand out messages, urgent ones first."""
        with self._lock:
            return self._exchange.receive(recipient, self._clock(), most)

    def acknowledge(self, recipient: str, message_id: str) -> bool:
        """Settle a message that was handed out."""
        with self._lock:
            return self._exchange.acknowledge(recipient, message_id, self._clock())

    def fail(self, recipient: str, message_id: str, reason: str) -> bool:
        """Say that a message could not be handled."""
        with self._lock:
            return self._exchange.fail(recipient, message_id, reason, self._clock())

    def receipt(self, message_id: str) -> Receipt | None:
        """Return what has become of a message."""
        with self._lock:
            return self._exchange.receipt(message_id)

    def replies(self, message_id: str) -> tuple[Message, ...]:
        """Return the accepted messages that answer a message."""
        with self._lock:
            return self._exchange.replies(message_id)

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """Return what was given up."""
        with self._lock:
            return self._exchange.dead_letters()

    def refused(self) -> tuple[Receipt, ...]:
        """Return the log of refusals."""
        with self._lock:
            return self._exchange.refused()

    def replay(self, conversation: str) -> tuple[Message, ...]:
        """Return the accepted messages of a conversation."""
        with self._lock:
            return self._exchange.replay(conversation)

    def trim(self) -> int:
        """Forget what was settled long ago."""
        with self._lock:
            return self._exchange.trim(self._clock())
