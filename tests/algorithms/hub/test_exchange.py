"""The hub's machine: delivery, expiry, priority and replay hold under drawn acts, and broken variants are found."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.hub.exchange import Exchange, backoff
from algorithms.hub.losses import is_lost
from algorithms.hub.signing import signed
from state.agents import AgentCard, Role
from state.hub import HubFaults, HubSettings, Letter
from state.messages import Message, MessageKind, ReceiptStatus
from tools.signing import derived_ring

SETTINGS = HubSettings(mailbox=8, visibility=4.0, deliveries=3, backoff=1.0, retention=1e9)
SIGNERS, VERIFIER = derived_ring("exchange", ("chief", "hand"))
UNSETTLED = {ReceiptStatus.ACCEPTED, ReceiptStatus.DELIVERED}


def opened(kind: type[Exchange] = Exchange) -> Exchange:
    exchange = kind(VERIFIER, SETTINGS)
    exchange.register(AgentCard(id="chief", version="1", role=Role.SUPERVISOR, skills=()))
    exchange.register(AgentCard(id="hand", version="1", role=Role.WORKER, skills=()))
    return exchange


def order(place: int, priority: int, expires_at: float | None) -> Message:
    given_ = {"message_id": f"m{place}", "kind": "delegation", "sender": "chief", "recipient": "hand"}
    more = {"priority": priority, "expires_at": expires_at, "conversation": "c"}
    return signed(Message.model_validate({**given_, **more}), SIGNERS["chief"])


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(0, 3), st.sampled_from((None, 2.0, 9.0))),
        st.tuples(st.just("receive"), st.integers(1, 3)),
        st.tuples(st.just("acknowledge"), st.integers(0, 20)),
        st.tuples(st.just("fail"), st.integers(0, 20)),
        st.tuples(st.just("wait"), st.sampled_from((1.0, 5.0))),
    ),
    max_size=50,
)


class Watched:
    """Plays acts and raises AssertionError where a promise is broken."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange, self.now = exchange, 0.0
        self.sent: dict[str, Message] = {}
        self.handed: dict[str, list[float]] = {}
        self.settled: set[str] = set()
        self.letters: dict[str, Letter] = {}

    def play(self, acts: list[Any]) -> None:
        for act in acts:
            self._act(act)
            self.letters |= {letter.message.message_id: letter for letter in self.exchange.changed()}
        self._drained()

    def _act(self, act: Any) -> None:
        match act:
            case ("send", int(priority), life):
                message = order(len(self.sent), priority, None if life is None else self.now + life)
                receipt = self.exchange.send(message, self.now)
                if receipt.kept:
                    self.sent[message.message_id] = message
                else:
                    assert self.exchange.unsettled("hand") >= SETTINGS.mailbox
            case ("receive", int(most)):
                self._receive(most)
            case ("acknowledge" | "fail", int(place)):
                name = f"m{place}"
                settle = act[0] == "acknowledge"
                done = (
                    self.exchange.acknowledge("hand", name, self.now)
                    if settle
                    else self.exchange.fail("hand", name, "broken", self.now)
                )
                assert not (done and name in self.settled)
                if done and settle:
                    self.settled.add(name)
            case ("wait", float(seconds)):
                self.now += seconds
        assert self.exchange.unsettled("hand") <= SETTINGS.mailbox

    def _receive(self, most: int) -> list[Message]:
        found = list(self.exchange.receive("hand", self.now, most))
        for message in found:
            times = self.handed.setdefault(message.message_id, [])
            assert message.message_id not in self.settled, "handed out after it was settled"
            assert message.expires_at is None or self.now < message.expires_at, "handed out after it expired"
            assert len(times) < SETTINGS.deliveries, "handed out too often"
            times.append(self.now)
        urgencies = [message.priority for message in found]
        assert urgencies == sorted(urgencies, reverse=True), "a less urgent one came first"
        return found

    def _drained(self) -> None:
        """Whatever was accepted is settled in the end, and nothing is lost."""
        for _ in range(SETTINGS.deliveries + 2):
            self.now += SETTINGS.visibility
            while self._receive(5):
                pass
        self.now += 1e6
        self._receive(1)
        for name in self.sent:
            receipt = self.exchange.receipt(name)
            assert receipt is not None, "lost"
            assert receipt.status not in UNSETTLED, "never settled"
            assert receipt.attempts == len(self.handed.get(name, [])), "delivered more often than handed out"
            assert self.handed.get(name) or receipt.status is ReceiptStatus.EXPIRED, "never handed out"
        assert [each.message_id for each in self.exchange.replay("c")] == list(self.sent), "another conversation"


@settings(max_examples=60, deadline=None)
@given(ACTS)
def test_every_promise_holds(acts: list[Any]) -> None:
    Watched(opened()).play(acts)


@settings(max_examples=30, deadline=None)
@given(ACTS, ACTS)
def test_a_machine_made_again_from_its_letters_goes_on_as_if_it_had_not_ended(first: Any, then: Any) -> None:
    one, other = opened(), opened()
    before = Watched(one)
    for act in first:
        before._act(act)
    other.restore(one.changed())
    after = Watched(other)
    after.sent, after.now = dict(before.sent), before.now
    after.handed, after.settled = {name: list(each) for name, each in before.handed.items()}, set(before.settled)
    for act in then:
        before._act(act)
        after._act(act)
    assert before.handed == after.handed
    assert one.dead_letters() == other.dead_letters()
    assert one.replay("c") == other.replay("c")


class Deaf(Exchange):
    """Forgets that something was acknowledged."""

    def acknowledge(self, recipient: str, message_id: str, now: float) -> bool:
        return self._out(recipient, message_id) is not None


class Unhurried(Exchange):
    """Does not look whether a message has expired."""

    def _expire(self, box: Any, now: float) -> None:
        return


class Stubborn(Exchange):
    """Never gives a message up."""

    def _is_exhausted(self, letter: Letter, now: float) -> bool:
        return False


class Once(Exchange):
    """Hands a message out at most once."""

    def receive(self, recipient: str, now: float, most: int = 1) -> tuple[Message, ...]:
        self._box(recipient)._out.clear()
        return super().receive(recipient, now, most)


class Flat(Exchange):
    """Has no order by urgency."""

    def receive(self, recipient: str, now: float, most: int = 1) -> tuple[Message, ...]:
        return tuple(reversed(super().receive(recipient, now, most)))


STORM = [
    *([("send", 3, None), ("send", 0, 2.0), ("send", 1, None)] * 2),
    *[("receive", 3), ("acknowledge", 0), ("wait", 5.0), ("receive", 3), ("fail", 2), ("wait", 5.0), ("receive", 3)],
]


@pytest.mark.parametrize("broken", [Deaf, Unhurried, Stubborn, Once, Flat])
def test_planted_bugs_are_found(broken: type[Exchange]) -> None:
    Watched(opened()).play(STORM)
    with pytest.raises(AssertionError):
        Watched(opened(broken)).play(STORM)


def test_waits_double_up_to_their_bound() -> None:
    bounds = HubSettings(backoff=2.0, backoff_most=9.0)
    assert [backoff(bounds, attempts) for attempts in (1, 2, 3, 4)] == [2.0, 4.0, 8.0, 9.0]


def test_losses_are_drawn_by_id_and_by_nothing_else() -> None:
    faults = HubFaults(seed=1, drop=0.3, lost=("~1",))
    names = [f"m{number}" for number in range(1_000)]
    assert [is_lost(faults, name) for name in names] == [is_lost(faults, name) for name in names]
    assert 250 < sum(is_lost(faults, name) for name in names) < 350
    assert is_lost(faults, "run/step#1~1")
    assert not any(is_lost(HubFaults(), name) for name in names)


@pytest.mark.parametrize("kind", [MessageKind.RESPONSE, MessageKind.VALIDATION_VOTE])
def test_an_answer_says_what_it_answers(kind: MessageKind) -> None:
    with pytest.raises(ValueError, match="in_reply_to"):
        Message(message_id="m", kind=kind, sender="a", recipient="b")
    with pytest.raises(ValueError, match="schema_info"):
        Message(message_id="m", kind=MessageKind.REQUEST, sender="a", recipient="b", requires_validation=True)
