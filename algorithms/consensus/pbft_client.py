"""A client of a PBFT group: one request at a time, sent again until f + 1 replicas give the same answer."""

from collections import deque

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.pbft_certificates import Committee
from state.pbft import Reply, Request
from state.signed import Signed, SignedMessage


class Client:
    """Requests wait here for their turn. `answered` maps their numbers to the places they were given."""

    def __init__(self, client_id: int, committee: Committee, authenticator: Authenticator, resend_ticks: int) -> None:
        self.id = client_id
        self.answered: dict[int, int] = {}
        self._committee = committee
        self._authenticator = authenticator
        self._resend_ticks = resend_ticks
        self._number = 0
        self._queue: deque[str] = deque()
        self._asked: Signed[Request] | None = None
        self._waited = 0
        self._view = 0
        self._replies: dict[int, int] = {}  # by replica: the place it told
        self._messages: list[SignedMessage] = []

    @property
    def waits(self) -> bool:
        """Whether a request is under way or waits for its turn."""
        return self._asked is not None or bool(self._queue)

    def ask(self, data: str) -> None:
        """Ask for something, after what was asked before."""
        self._queue.append(data)
        self._ask_next()

    def tick(self) -> None:
        """Let one unit of time pass; a request that waits is sent to all."""
        self._waited += 1
        if self._asked is not None and self._waited % self._resend_ticks == 0:
            self._messages += [SignedMessage(self.id, member, self._asked) for member in self._committee.members]

    def receive(self, message: SignedMessage) -> None:
        """Take a reply."""
        signed = message.signed
        reply = signed.statement
        if not isinstance(reply, Reply) or signed.signer not in self._committee.members:
            return
        if (reply.client, reply.number) != (self.id, self._number) or self._asked is None:
            return
        if not self._authenticator.verify(signed.signer, reply.text, signed.tag):
            return
        self._replies[signed.signer] = reply.sequence
        if sum(place == reply.sequence for place in self._replies.values()) > self._committee.faulty:
            self.answered[reply.number] = reply.sequence
            self._asked, self._view = None, reply.view
            self._ask_next()

    def messages(self) -> list[SignedMessage]:
        """Return what is to be sent, once."""
        messages, self._messages = self._messages, []
        return messages

    def _ask_next(self) -> None:
        if self._asked is not None or not self._queue:
            return
        self._number += 1
        request = Request(self.id, self._number, self._queue.popleft())
        self._asked = Signed(self.id, request, self._authenticator.sign(request.text))
        self._replies, self._waited = {}, 0
        self._messages.append(SignedMessage(self.id, self._committee.primary(self._view), self._asked))
