"""The hub as a machine: what is accepted, handed out, tried again and given up; the time is told to it with every call.

Delivery is at least once: what was handed out and is not acknowledged within the visibility time comes again, and what
failed comes again after a wait that doubles. After so many deliveries a message is a dead letter. What was accepted is
known by its id: sent again it is not kept twice. The machine can be put away as its letters and made again from them.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from itertools import islice

from algorithms.hub.mailbox import UNSETTLED, Mailbox
from algorithms.hub.rules import RULES, Rules, false_reply, refusal, verdict
from state.agents import AgentCard, Role
from state.errors import SetupError
from state.hub import HubSettings, Letter
from state.messages import DeadLetter, Message, Receipt, ReceiptStatus
from state.signing import Verifier

MOST_REFUSED = 1_000
"""Refusals that are kept, the latest."""

_GONE = frozenset({ReceiptStatus.EXPIRED, ReceiptStatus.DEAD})


class Exchange:
    """All mailboxes. Times are seconds of one clock, given by the caller, that does not go back."""

    def __init__(self, verifier: Verifier, settings: HubSettings | None = None, rules: Rules = RULES) -> None:
        self._verifier, self._settings, self._rules = verifier, settings or HubSettings(), rules
        self._roles: dict[str, Role] = {}
        self._boxes: dict[str, Mailbox] = {}
        self._letters: dict[str, Letter] = {}
        self._given_up: list[str] = []
        self._refused: deque[Receipt] = deque(maxlen=MOST_REFUSED)
        self._conversations: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._replies: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._arrived = 0
        self._changed: set[str] = set()

    def register(self, card: AgentCard) -> None:
        """Open the mailbox of an agent; SetupError where its id is taken by another role."""
        if self._roles.setdefault(card.id, card.role) is not card.role:
            raise SetupError(taken(card, self._roles[card.id]), where="hub")
        self._boxes.setdefault(card.id, Mailbox(self._letters.get))

    def restore(self, letters: Iterable[Letter]) -> None:
        """Take up the letters of another life, after their recipients were registered."""
        for letter in sorted(letters, key=lambda each: each.arrived):
            message = letter.message
            self._add(letter)
            self._arrived = max(self._arrived, letter.arrived)
            if letter.status in UNSETTLED:
                self._boxes[message.recipient].put(letter)
        gone = [letter for letter in self._letters.values() if letter.status in _GONE]
        self._given_up = [letter.message.message_id for letter in sorted(gone, key=_ended)]

    def changed(self) -> tuple[Letter, ...]:
        """Return the letters that have changed since this was asked last."""
        found = tuple(self._letters[each] for each in sorted(self._changed))
        self._changed.clear()
        return found

    def send(self, message: Message, now: float) -> Receipt:
        """Verify and keep a message; the receipt says whether it was kept, and why not."""
        known = self._letters.get(message.message_id)
        if known is not None and known.message == message:
            return known.receipt
        why = self._refusal(message, known)
        if why:
            return self._refuse(message, now, why)
        box = self._boxes[message.recipient]
        self._expire(box, now)
        if box.size >= self._settings.mailbox:
            return _answer(message, ReceiptStatus.FULL, now, f"{box.size} messages wait for {message.recipient!r}")
        if message.expires_at is not None and message.expires_at <= now:
            return self._refuse(message, now, "it has expired")
        self._arrived += 1
        letter = Letter(
            message=message,
            arrived=self._arrived,
            status=ReceiptStatus.ACCEPTED,
            at=now,
            held=message.requires_validation,
        )
        self._add(letter)
        box.put(letter)
        self._validate(message, now)
        return letter.receipt

    def receive(self, recipient: str, now: float, most: int = 1) -> tuple[Message, ...]:
        """Hand out at most so many messages; each is due again after the visibility time."""
        box = self._box(recipient)
        self._expire(box, now)
        again = [letter for letter in box.due(now) if not self._is_exhausted(letter, now)]
        handed = []
        for letter in islice(box.next_of(again), most):
            out = letter.model_copy(
                update={
                    "status": ReceiptStatus.DELIVERED,
                    "at": now,
                    "attempts": letter.attempts + 1,
                    "due": now + self._settings.visibility,
                }
            )
            self._keep(out)
            box.delivered(out)
            handed.append(out.message)
        for letter in again:
            box.delivered(letter)
        return tuple(handed)

    def acknowledge(self, recipient: str, message_id: str, now: float) -> bool:
        """Settle a message that was handed out; False where it is not out (any more)."""
        letter = self._out(recipient, message_id)
        if letter is not None:
            self._settle(letter, ReceiptStatus.ACKNOWLEDGED, now, "")
        return letter is not None

    def fail(self, recipient: str, message_id: str, reason: str, now: float) -> bool:
        """Let a message that was handed out come again after a wait, or give it up; False where it is not out."""
        letter = self._out(recipient, message_id)
        if letter is None:
            return False
        if letter.attempts >= self._settings.deliveries:
            self._settle(letter, ReceiptStatus.DEAD, now, reason)
            return True
        due = now + backoff(self._settings, letter.attempts)
        failed = letter.model_copy(update={"due": due, "at": now, "reason": reason})
        self._keep(failed)
        self._boxes[recipient].delivered(failed)
        return True

    def receipt(self, message_id: str) -> Receipt | None:
        """Return what has become of an accepted message."""
        letter = self._letters.get(message_id)
        return letter.receipt if letter else None

    def replies(self, message_id: str) -> tuple[Message, ...]:
        """Return the accepted messages that answer a message, in their order."""
        return tuple(self._letters[each].message for each in self._replies.get(message_id, ()))

    def replay(self, conversation: str) -> tuple[Message, ...]:
        """Return the accepted messages of a conversation, in their order."""
        return tuple(self._letters[each].message for each in self._conversations.get(conversation, ()))

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """Return what expired, was found invalid or given up, in the order of time; of one moment as they arrived."""
        dead = [self._letters[each] for each in self._given_up if each in self._letters]
        return tuple(dead_letter(each) for each in sorted(dead, key=_ended))

    def refused(self) -> tuple[Receipt, ...]:
        """Return the latest refusals."""
        return tuple(self._refused)

    def unsettled(self, recipient: str) -> int:
        """Return how many messages wait for an agent, or are in its hands."""
        return self._box(recipient).size

    def trim(self, now: float) -> int:
        """Forget letters that were settled longer ago than they are kept."""
        before = now - self._settings.retention
        old = [key for key, each in self._letters.items() if each.status not in UNSETTLED and each.at <= before]
        for message_id in old:
            message = self._letters.pop(message_id).message
            self._conversations[message.conversation].pop(message_id, None)
            self._replies[message.in_reply_to].pop(message_id, None)
        self._given_up = [each for each in self._given_up if each in self._letters]
        self._changed.intersection_update(self._letters)
        return len(old)

    def _refusal(self, message: Message, known: Letter | None) -> str:
        why = refusal(message, self._roles, self._verifier, self._rules)
        if why:
            return why
        if known is not None:
            return "another message has this id"
        size = len(message.model_dump_json())
        if size > self._settings.most_bytes:
            return f"it has {size} bytes, at most {self._settings.most_bytes} are allowed"
        answered = self._letters.get(message.in_reply_to)
        return false_reply(message, answered.message if answered else None)

    def _refuse(self, message: Message, now: float, why: str) -> Receipt:
        receipt = _answer(message, ReceiptStatus.REFUSED, now, why)
        self._refused.append(receipt)
        return receipt

    def _validate(self, vote: Message, now: float) -> None:
        """Release or give up the letter that a validation vote is about."""
        letter = self._letters.get(vote.in_reply_to)
        if letter is None or not letter.held or letter.status not in UNSETTLED:
            return
        valid = verdict(vote, letter.message)
        if valid:
            released = letter.model_copy(update={"held": False, "at": now})
            self._keep(released)
            self._boxes[letter.message.recipient].release(released)
        elif valid is False:
            why = f"{vote.sender} finds it invalid: {vote.content.get('reason', 'no reason given')}"
            self._settle(letter, ReceiptStatus.DEAD, now, why)

    def _expire(self, box: Mailbox, now: float) -> None:
        for letter in box.expired(now):
            self._settle(letter, ReceiptStatus.EXPIRED, now, "expired")

    def _is_exhausted(self, letter: Letter, now: float) -> bool:
        if letter.attempts < self._settings.deliveries:
            return False
        self._settle(letter, ReceiptStatus.DEAD, now, letter.reason or "never acknowledged")
        return True

    def _out(self, recipient: str, message_id: str) -> Letter | None:
        letter = self._letters.get(message_id)
        out = letter is not None and letter.status is ReceiptStatus.DELIVERED
        return letter if letter is not None and out and letter.message.recipient == recipient else None

    def _settle(self, letter: Letter, status: ReceiptStatus, now: float, why: str) -> None:
        self._boxes[letter.message.recipient].size -= 1
        self._keep(letter.model_copy(update={"status": status, "at": now, "held": False, "reason": why}))
        if status in _GONE:
            self._given_up.append(letter.message.message_id)

    def _add(self, letter: Letter) -> None:
        message = letter.message
        self._conversations[message.conversation][message.message_id] = None
        if message.in_reply_to:
            self._replies[message.in_reply_to][message.message_id] = None
        self._keep(letter)

    def _keep(self, letter: Letter) -> None:
        self._letters[letter.message.message_id] = letter
        self._changed.add(letter.message.message_id)

    def _box(self, recipient: str) -> Mailbox:
        if recipient not in self._boxes:
            raise SetupError(f"no agent {recipient!r} is registered", where="hub", hint="register its card first")
        return self._boxes[recipient]


def backoff(settings: HubSettings, attempts: int) -> float:
    """Return the seconds before a message that failed so often comes again."""
    return min(settings.backoff_most, settings.backoff * 2.0 ** (attempts - 1))


def taken(card: AgentCard, role: Role) -> str:
    """Return what is wrong with the card of an agent whose id another role has."""
    return f"{card.id!r} is registered as {role.value}, not as {card.role.value}"


def dead_letter(letter: Letter) -> DeadLetter:
    """Return the dead letter that a letter has become."""
    return DeadLetter(message=letter.message, reason=letter.reason, at=letter.at, attempts=letter.attempts)


def _ended(letter: Letter) -> tuple[float, int]:
    return letter.at, letter.arrived


def _answer(message: Message, status: ReceiptStatus, now: float, why: str) -> Receipt:
    return Receipt(message_id=message.message_id, status=status, at=now, recipient=message.recipient, reason=why)
