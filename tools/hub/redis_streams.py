"""The hub across processes, on Redis Streams: the same interface and the same semantics as within one process.

Every agent has a stream for each urgency, read by one consumer group: several processes may serve one agent. Each act
is one script (`tools/hub/scripts.py`), so that a process that dies leaves nothing half done. Who can write to Redis is
not trusted for that: signatures are verified when a message is sent, and once more when it is handed out.
"""

import time
from typing import Any

import redis

from algorithms.hub.exchange import MOST_REFUSED, backoff, dead_letter, taken
from algorithms.hub.mailbox import urgency
from algorithms.hub.rules import RULES, Rules, false_reply, refusal, verdict
from algorithms.hub.signing import is_genuine
from state.agents import AgentCard, Role
from state.errors import SetupError, TransientError
from state.hub import HubSettings, Letter
from state.messages import DeadLetter, Message, MessageKind, Priority, Receipt, ReceiptStatus
from state.signing import Verifier
from tools.hub import scripts
from tools.hub.local import Clock

_FIELDS = ("arrived", "status", "at", "attempts", "due", "held", "reason")
_TIMEOUT = 10.0  # seconds that Redis may take for one answer


class RedisHub:
    """Mailboxes in Redis under a namespace; all processes of the namespace need the same settings and public keys."""

    def __init__(
        self,
        client: redis.Redis,
        verifier: Verifier,
        settings: HubSettings | None = None,
        *,
        namespace: str = "hub",
        consumer: str = "one",
        clock: Clock = time.time,
        rules: Rules = RULES,
    ) -> None:
        self._client, self._verifier, self._settings = client, verifier, settings or HubSettings()
        self._prefix, self._consumer, self._clock, self._rules = f"{{{namespace}}}:", consumer, clock, rules
        self._roles: dict[str, Role] = {}
        self._scripts = {
            name: client.register_script(getattr(scripts, name))
            for name in ("SEND", "RECEIVE", "ACKNOWLEDGE", "FAIL", "TRIM")
        }

    def register(self, card: AgentCard) -> None:
        """Open the mailbox of an agent; SetupError where its id is taken by another role."""
        self._ask("hsetnx", "roles", card.id, card.role.value)
        role = self._role(card.id)
        if role is not card.role:
            raise SetupError(taken(card, role or card.role), where="hub")
        for each in Priority:
            try:
                self._client.xgroup_create(f"{self._prefix}box:{card.id}:{int(each)}", "crew", id="0", mkstream=True)
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    def send(self, message: Message) -> Receipt:
        """Verify and keep a message."""
        now, text = self._clock(), message.model_dump_json()
        roles = {name: role for name in (message.sender, message.recipient) if (role := self._role(name)) is not None}
        why = refusal(message, roles, self._verifier, self._rules)
        if not why and len(text) > self._settings.most_bytes:
            why = f"it has {len(text)} bytes, at most {self._settings.most_bytes} are allowed"
        about = self._message(message.in_reply_to) if message.kind in _ASKS else None
        if not why and self._message(message.message_id) is None:
            why = false_reply(message, about)
        if why:
            return self._refuse(message, now, why)
        status, told = self._run("SEND", now, *self._posted(message, text, about))
        if status == "known":
            same = told == text
            known = self.receipt(message.message_id) if same else None
            return known or self._refuse(message, now, "another message has this id")
        if status == "late":
            return self._refuse(message, now, "it has expired")
        if status == "full":
            return _answer(message, ReceiptStatus.FULL, now, f"{told} messages wait for {message.recipient!r}")
        return _answer(message, ReceiptStatus.ACCEPTED, now)

    def receive(self, recipient: str, most: int = 1) -> tuple[Message, ...]:
        """Hand out messages, urgent ones first; one whose signature does not hold is given up and logged instead."""
        now = self._clock()
        if self._role(recipient) is None:
            raise SetupError(f"no agent {recipient!r} is registered", where="hub", hint="register its card first")
        due = now + self._settings.visibility
        texts = self._run("RECEIVE", now, recipient, most, repr(due), self._settings.deliveries, self._consumer)
        messages = [Message.model_validate_json(text) for text in texts]
        genuine = [message for message in messages if is_genuine(message, self._verifier)]
        for message in messages:
            if message not in genuine:
                why = f"the signature is not that of {message.sender!r}"
                self._run("ACKNOWLEDGE", now, recipient, message.message_id, ReceiptStatus.DEAD.value, why)
                self._refuse(message, now, why)
        return tuple(genuine)

    def acknowledge(self, recipient: str, message_id: str) -> bool:
        """Settle a message that was handed out."""
        status = ReceiptStatus.ACKNOWLEDGED.value
        return bool(self._run("ACKNOWLEDGE", self._clock(), recipient, message_id, status, ""))

    def fail(self, recipient: str, message_id: str, reason: str) -> bool:
        """Say that a message could not be handled."""
        now, settings = self._clock(), self._settings
        dues = [repr(now + backoff(settings, attempts)) for attempts in range(1, settings.deliveries)]
        return bool(self._run("FAIL", now, recipient, message_id, reason, settings.deliveries, *dues))

    def receipt(self, message_id: str) -> Receipt | None:
        """Return what has become of a message."""
        letter = self._letter(message_id)
        return letter.receipt if letter else None

    def replies(self, message_id: str) -> tuple[Message, ...]:
        """Return the accepted messages that answer a message."""
        return self._listed(f"replies:{message_id}")

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """Return what was given up."""
        letters = [self._letter(each) for each in self._ask("lrange", "dead", 0, -1)]
        return tuple(dead_letter(letter) for letter in letters if letter)

    def refused(self) -> tuple[Receipt, ...]:
        """Return the log of refusals."""
        return tuple(Receipt.model_validate_json(each) for each in self._ask("lrange", "refused", 0, -1))

    def replay(self, conversation: str) -> tuple[Message, ...]:
        """Return the accepted messages of a conversation."""
        return self._listed(f"conversation:{conversation}")

    def trim(self) -> int:
        """Forget what was settled long ago."""
        now, total = self._clock(), 0
        while gone := self._run("TRIM", now, repr(now - self._settings.retention)):
            total += gone
        return total

    def _posted(self, message: Message, text: str, about: Message | None) -> tuple[str | int, ...]:
        valid = verdict(message, about) if about else None
        return (
            message.message_id,
            text,
            message.recipient,
            int(urgency(message)),
            "" if message.expires_at is None else repr(message.expires_at),
            int(message.requires_validation),
            message.conversation,
            message.in_reply_to,
            self._settings.mailbox,
            "" if valid is None else str(valid).lower(),
            f"{message.sender} finds it invalid: {message.content.get('reason', 'no reason given')}",
        )

    def _refuse(self, message: Message, now: float, why: str) -> Receipt:
        receipt = _answer(message, ReceiptStatus.REFUSED, now, why)
        self._ask("rpush", "refused", receipt.model_dump_json())
        self._ask("ltrim", "refused", -MOST_REFUSED, -1)
        return receipt

    def _role(self, name: str) -> Role | None:
        if name not in self._roles:
            found = self._ask("hget", "roles", name)
            if found is None:
                return None
            self._roles[name] = Role(found)
        return self._roles[name]

    def _message(self, message_id: str) -> Message | None:
        text = self._ask("get", f"text:{message_id}") if message_id else None
        return Message.model_validate_json(text) if text else None

    def _listed(self, key: str) -> tuple[Message, ...]:
        found = [self._message(each) for each in self._ask("zrange", key, 0, -1)]
        return tuple(message for message in found if message)

    def _letter(self, message_id: str) -> Letter | None:
        message = self._message(message_id)
        if message is None:
            return None
        fields = self._ask("hmget", f"letter:{message_id}", _FIELDS)
        return Letter.model_validate({"message": message, **dict(zip(_FIELDS, fields, strict=True))})

    def _ask(self, command: str, key: str, *arguments: object) -> Any:  # noqa: ANN401  as Redis answers
        try:
            return getattr(self._client, command)(self._prefix + key, *arguments)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise _silent(error) from error

    def _run(self, name: str, now: float, *arguments: str | int) -> Any:  # noqa: ANN401  as the script answers
        try:
            return self._scripts[name](keys=[self._prefix], args=[repr(now), *arguments])
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise _silent(error) from error


_ASKS = frozenset({MessageKind.RESPONSE, MessageKind.VALIDATION_VOTE})
"""Kinds for which it matters what they answer."""


def connect(url: str) -> redis.Redis:
    """Return a client for a URL; nothing is connected yet. SetupError for a URL that is none."""
    try:
        return redis.Redis.from_url(url, decode_responses=True, socket_timeout=_TIMEOUT, socket_connect_timeout=2.0)
    except ValueError as error:
        raise SetupError(str(error), where="REDIS_URL", hint="redis://host:port/0") from error


def _silent(error: Exception) -> TransientError:
    return TransientError(f"Redis does not answer: {type(error).__name__}", where="hub")


def _answer(message: Message, status: ReceiptStatus, now: float, why: str = "") -> Receipt:
    return Receipt(message_id=message.message_id, status=status, at=now, recipient=message.recipient, reason=why)
