"""A hub that goes on within the process when Redis does not answer, and says so.

What was under way in Redis is then unknown here: whoever waits for a reply does not get it and asks again, as after any
other loss; effects happen once all the same, as message ids are recorded with them.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from state.agents import AgentCard
from state.errors import TransientError
from state.hub import Hub
from state.messages import DeadLetter, Message, Receipt

Answer = TypeVar("Answer")


class FallbackHub:
    """A hub as long as it answers, then another one; there is no way back, so that nothing is split between them."""

    def __init__(self, first: Hub, second: Hub) -> None:
        self._first, self._second = first, second
        self._lock = threading.Lock()
        self.fault = ""  # why the second one is used, once it is

    def register(self, card: AgentCard) -> None:
        """Open the mailbox of an agent, in both."""
        self._second.register(card)
        self._do(lambda hub: hub.register(card))

    def send(self, message: Message) -> Receipt:
        """Verify and keep a message."""
        return self._do(lambda hub: hub.send(message))

    def receive(self, recipient: str, most: int = 1) -> tuple[Message, ...]:
        """Hand out messages, urgent ones first."""
        return self._do(lambda hub: hub.receive(recipient, most))

    def acknowledge(self, recipient: str, message_id: str) -> bool:
        """Settle a message that was handed out."""
        return self._do(lambda hub: hub.acknowledge(recipient, message_id))

    def fail(self, recipient: str, message_id: str, reason: str) -> bool:
        """Say that a message could not be handled."""
        return self._do(lambda hub: hub.fail(recipient, message_id, reason))

    def receipt(self, message_id: str) -> Receipt | None:
        """Return what has become of a message."""
        return self._do(lambda hub: hub.receipt(message_id))

    def replies(self, message_id: str) -> tuple[Message, ...]:
        """Return the accepted messages that answer a message."""
        return self._do(lambda hub: hub.replies(message_id))

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """Return what was given up."""
        return self._do(lambda hub: hub.dead_letters())

    def refused(self) -> tuple[Receipt, ...]:
        """Return the log of refusals."""
        return self._do(lambda hub: hub.refused())

    def replay(self, conversation: str) -> tuple[Message, ...]:
        """Return the accepted messages of a conversation."""
        return self._do(lambda hub: hub.replay(conversation))

    def unsettled(self, recipient: str) -> int:
        """Return how many messages wait for an agent, or are in its hands."""
        return self._do(lambda hub: hub.unsettled(recipient))

    def trim(self) -> int:
        """Forget what was settled long ago."""
        return self._do(lambda hub: hub.trim())

    def _do(self, act: Callable[[Hub], Answer]) -> Answer:
        if not self.fault:
            try:
                return act(self._first)
            except TransientError as error:
                with self._lock:
                    self.fault = self.fault or error.line()
        return act(self._second)
