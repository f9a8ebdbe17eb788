"""One mailbox: which of its letters is handed out next.

Urgent ones stand first; among equals those that come again, by the time they were due, then new ones by their arrival.
Heaps are cleaned when they are read: an entry counts only while the letter is still as the entry says.
"""

import heapq
from collections.abc import Callable, Iterator
from itertools import count

from state.hub import Letter
from state.messages import Message, MessageKind, Priority, ReceiptStatus

Find = Callable[[str], Letter | None]
"""Returns the letter of that message id as it is now."""

UNSETTLED = frozenset({ReceiptStatus.ACCEPTED, ReceiptStatus.DELIVERED})
"""What a letter in a mailbox may be."""


def urgency(message: Message) -> Priority:
    """Return with which priority a message is delivered: emergencies are always urgent."""
    return Priority.URGENT if message.kind is MessageKind.EMERGENCY else message.priority


class Mailbox:
    """The letters of one recipient that are not settled, in the order in which they are handed out."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._new: list[tuple[int, int, str]] = []  # urgency (negative), arrival, id
        self._out: list[tuple[float, str]] = []  # due, id
        self._expiring: list[tuple[float, int, str]] = []  # expiry, place among equals, id
        self._places = count()
        self.size = 0  # letters that are not settled

    def put(self, letter: Letter) -> None:
        """Add a letter, in whatever state it is."""
        self.size += 1
        message = letter.message
        if message.expires_at is not None:
            heapq.heappush(self._expiring, (message.expires_at, next(self._places), message.message_id))
        if letter.status is ReceiptStatus.DELIVERED:
            self.delivered(letter)
        elif not letter.held:
            self.release(letter)

    def release(self, letter: Letter) -> None:
        """Let a letter be handed out."""
        message = letter.message
        heapq.heappush(self._new, (-urgency(message), letter.arrived, message.message_id))

    def delivered(self, letter: Letter) -> None:
        """Note that a letter was handed out, or failed, and when it is due again."""
        heapq.heappush(self._out, (letter.due, letter.message.message_id))

    def expired(self, now: float) -> list[Letter]:
        """Return the letters whose time is over; those that somebody has in hand are left until they are due."""
        found, kept = [], []
        while self._expiring and self._expiring[0][0] <= now:
            entry = heapq.heappop(self._expiring)
            letter = self._find(entry[2])
            if letter is None or letter.status not in UNSETTLED:
                continue
            if letter.status is ReceiptStatus.DELIVERED and letter.due > now:
                kept.append(entry)
            else:
                found.append(letter)
        for entry in kept:
            heapq.heappush(self._expiring, entry)
        return found

    def due(self, now: float) -> list[Letter]:
        """Take out the letters that were handed out and not acknowledged in time, in their order."""
        found = []
        while self._out and self._out[0][0] <= now:
            due, message_id = heapq.heappop(self._out)
            letter = self._find(message_id)
            if letter is not None and letter.status is ReceiptStatus.DELIVERED and letter.due == due:
                found.append(letter)
        return sorted(found, key=lambda letter: (-urgency(letter.message), letter.due, letter.message.message_id))

    def next_of(self, again: list[Letter]) -> Iterator[Letter]:
        """Yield what is handed out, one after the other; what is not taken from `again` stays in it."""
        while True:
            first = self._first_new()
            if again and (first is None or urgency(again[0].message) >= urgency(first.message)):
                yield again.pop(0)
            elif first is not None:
                heapq.heappop(self._new)
                yield first
            else:
                return

    def _first_new(self) -> Letter | None:
        while self._new:
            letter = self._find(self._new[0][2])
            if letter is not None and letter.status is ReceiptStatus.ACCEPTED:
                return letter
            heapq.heappop(self._new)
        return None
