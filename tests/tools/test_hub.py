"""The hub's contract, kept by the hub in one process and by the one on Redis Streams; and both do the same."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from algorithms.hub.signing import signed
from evals.hub.server import redis_server
from state.agents import AgentCard, Role
from state.errors import SetupError
from state.hub import Hub, HubSettings
from state.messages import LineageRef, Message, MessageKind, Priority, ReceiptStatus, SchemaInfo
from tools.hub.local import LocalHub
from tools.hub.redis_streams import RedisHub, connect
from tools.hub.serving import serve, was_delivered
from tools.signing import key_ring

ROLES = {
    "chief": Role.SUPERVISOR,
    "lead": Role.COORDINATOR,
    "hand": Role.WORKER,
    "judge": Role.SPECIALIST,
    "eye": Role.MONITOR,
}
SIGNERS, VERIFIER = key_ring((*ROLES, "stranger"))
SETTINGS = HubSettings(mailbox=6, visibility=10.0, deliveries=3, backoff=2.0, retention=100.0, most_bytes=4_000)
NUMBERS = count()


class Time:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    try:
        with redis_server() as url:
            yield url
    except SetupError as error:
        pytest.skip(error.line())


def enrolled(hub: Hub) -> Hub:
    for name, role in ROLES.items():
        hub.register(AgentCard(id=name, version="1", role=role, skills=()))
    return hub


Opened = tuple[Hub, Time]


@pytest.fixture(params=["local", "redis"])
def opened(request: pytest.FixtureRequest) -> Iterator[Opened]:
    time = Time()
    if request.param == "local":
        yield enrolled(LocalHub(VERIFIER, SETTINGS, time)), time
        return
    with connect(request.getfixturevalue("redis_url")) as client:
        hub = RedisHub(client, VERIFIER, SETTINGS, namespace=f"contract{next(NUMBERS)}", clock=time)
        yield enrolled(hub), time


def order(message_id: str = "m", **more: object) -> Message:
    given = {"message_id": message_id, "kind": "delegation", "sender": "chief", "recipient": "hand", **more}
    message = Message.model_validate(given)
    return signed(message, SIGNERS[message.sender])


def ids(messages: tuple[Message, ...]) -> list[str]:
    return [message.message_id for message in messages]


def test_a_message_arrives_as_it_was_sent_and_is_settled_once(opened: Opened) -> None:
    hub, _ = opened
    message = order(
        content={"step": "conform:orders", "ü": '["\\u0000", "漢"]'},
        conversation="run",
        lineage=(LineageRef(table="orders", column="day", sha256="ab"),),
        schema_info=SchemaInfo(table="orders", columns=("day",)),
        expires_at=2_000.25,
        response_required=True,
    )
    assert hub.send(message).status is ReceiptStatus.ACCEPTED
    assert not was_delivered(hub, "m")
    assert not hub.acknowledge("hand", "m")
    assert hub.receive("hand") == (message,)
    assert was_delivered(hub, "m")
    assert hub.receive("hand") == ()
    assert not hub.acknowledge("lead", "m")
    assert hub.acknowledge("hand", "m")
    assert not hub.acknowledge("hand", "m")
    receipt = hub.receipt("m")
    assert receipt is not None
    assert (receipt.status, receipt.attempts, receipt.recipient) == (ReceiptStatus.ACKNOWLEDGED, 1, "hand")
    assert hub.replay("run") == (message,)


def test_what_is_not_acknowledged_comes_again_and_is_given_up_at_last(opened: Opened) -> None:
    hub, time = opened
    hub.send(order())
    for _ in range(SETTINGS.deliveries):
        assert ids(hub.receive("hand")) == ["m"]
        time.now += SETTINGS.visibility - 0.5
        assert hub.receive("hand") == ()
        time.now += 0.5
    assert hub.receive("hand") == ()
    (dead,) = hub.dead_letters()
    assert (dead.message.message_id, dead.attempts, dead.reason) == ("m", 3, "never acknowledged")
    assert hub.receipt("m").status is ReceiptStatus.DEAD


def test_what_failed_waits_longer_each_time_and_keeps_the_reason(opened: Opened) -> None:
    hub, time = opened
    hub.send(order())
    for wait in (2.0, 4.0):
        assert ids(hub.receive("hand")) == ["m"]
        assert hub.fail("hand", "m", "disk")
        time.now += wait - 0.25
        assert hub.receive("hand") == ()
        time.now += 0.25
    assert ids(hub.receive("hand")) == ["m"]
    assert hub.fail("hand", "m", "disk again")
    assert not hub.fail("hand", "m", "disk")
    assert [dead.reason for dead in hub.dead_letters()] == ["disk again"]


def test_urgent_messages_come_first_then_the_oldest_and_emergencies_before_all(opened: Opened) -> None:
    hub, _ = opened
    for name, priority in (("a", 1), ("b", 0), ("c", 2), ("d", 1), ("e", 2)):
        hub.send(order(name, priority=priority, recipient="lead"))
    hub.send(order("f", kind="emergency", sender="hand", recipient="lead", priority=Priority.LOW))
    assert ids(hub.receive("lead", 4)) == ["f", "c", "e", "a"]
    assert ids(hub.receive("lead", 4)) == ["d", "b"]


def test_what_expired_is_not_delivered_but_kept_as_a_dead_letter(opened: Opened) -> None:
    hub, time = opened
    hub.send(order("late", expires_at=1_005.0))
    hub.send(order("out", expires_at=1_005.0, priority=3))
    assert ids(hub.receive("hand")) == ["out"]
    time.now = 1_005.0
    assert hub.receive("hand", 9) == ()
    assert hub.receipt("late").status is ReceiptStatus.EXPIRED
    assert hub.acknowledge("hand", "out")  # who has it in hand may finish
    assert [dead.message.message_id for dead in hub.dead_letters()] == ["late"]
    assert hub.send(order("old", expires_at=900.0)).reason == "it has expired"


def test_a_full_mailbox_keeps_nothing_more_until_there_is_room(opened: Opened) -> None:
    hub, time = opened
    receipts = [hub.send(order(f"m{number}", expires_at=1_050.0)).status for number in range(8)]
    assert receipts == [ReceiptStatus.ACCEPTED] * 6 + [ReceiptStatus.FULL] * 2
    assert hub.receipt("m7") is None
    hub.receive("hand")
    assert not hub.send(order("m6")).kept
    hub.acknowledge("hand", "m0")
    assert hub.send(order("m6")).kept
    assert not hub.send(order("m7")).kept
    time.now = 1_050.0
    assert hub.send(order("m7")).kept  # what expired takes no room


def test_a_message_is_kept_once_and_another_one_of_its_id_is_refused(opened: Opened) -> None:
    hub, _ = opened
    hub.send(order())
    assert hub.send(order()).status is ReceiptStatus.ACCEPTED
    assert ids(hub.receive("hand", 5)) == ["m"]
    hub.acknowledge("hand", "m")
    assert hub.send(order()).status is ReceiptStatus.ACKNOWLEDGED
    assert hub.send(order(subject="other")).reason == "another message has this id"
    assert hub.receive("hand", 5) == ()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"sender": "stranger"}, "'stranger' is not registered"),
        ({"recipient": "nobody"}, "'nobody' is not registered"),
        ({"sender": "hand"}, "a worker sends no delegation"),
        ({"recipient": "eye"}, "no delegation is sent to a monitor"),
        ({"kind": "consensus", "sender": "judge"}, "a specialist sends no consensus"),
        ({"kind": "response", "in_reply_to": "none"}, "which the hub does not know"),
        ({"kind": "response", "sender": "judge", "recipient": "lead", "in_reply_to": "asked"}, "not between these two"),
        ({"content": {"text": "x" * 4_000}}, "at most 4000 are allowed"),
    ],
)
def test_what_cannot_be_verified_is_refused_and_logged(opened: Opened, given: dict[str, object], why: str) -> None:
    hub, _ = opened
    hub.send(order("asked", kind="request"))
    receipt = hub.send(order(**given))
    assert receipt.status is ReceiptStatus.REFUSED
    assert why in receipt.reason
    assert [each.message_id for each in hub.refused()] == ["m"]
    assert hub.receipt("m") is None


def test_a_signature_of_somebody_else_or_over_something_else_is_refused(opened: Opened) -> None:
    hub, _ = opened
    message = order()
    forged = signed(message, SIGNERS["hand"])
    changed = message.model_copy(update={"content": {"step": "other"}})
    for each in (forged, changed, message.model_copy(update={"signature": ""})):
        assert "the signature is not that of 'chief'" in hub.send(each).reason
    assert hub.receive("hand") == ()


def test_an_id_keeps_its_role(opened: Opened) -> None:
    hub, _ = opened
    with pytest.raises(SetupError, match="registered as worker"):
        hub.register(AgentCard(id="hand", version="2", role=Role.SUPERVISOR, skills=()))
    with pytest.raises(SetupError, match="no agent 'nobody'"):
        hub.receive("nobody")


def proposal() -> Message:
    schema = SchemaInfo(table="orders", version="2", columns=("day", "amount"))
    more = {"kind": "schema_proposal", "schema_info": schema, "requires_validation": True}
    return order(**more, sender="hand", recipient="chief")


def verdict_of(sender: str, message_id: str, said: str) -> Message:
    content = {"valid": said, "reason": "a column is missing"}
    more = {"kind": "validation_vote", "sender": sender, "recipient": "hand", "in_reply_to": "m", "content": content}
    return order(message_id, **more)


def test_what_requires_validation_waits_for_a_vote_of_somebody_else(opened: Opened) -> None:
    hub, _ = opened
    hub.send(proposal())
    assert hub.receive("chief") == ()
    assert not hub.send(verdict_of("hand", "own", "true")).kept
    assert hub.receive("chief") == ()
    assert hub.send(verdict_of("judge", "odd", "perhaps")).kept
    assert hub.receive("chief") == ()
    assert hub.send(verdict_of("judge", "vote", "true")).kept
    assert ids(hub.receive("chief")) == ["m"]
    assert hub.acknowledge("chief", "m")
    assert ids(hub.replies("m")) == ["odd", "vote"]


def test_what_is_found_invalid_is_a_dead_letter_with_the_reason(opened: Opened) -> None:
    hub, _ = opened
    hub.send(proposal())
    hub.send(verdict_of("eye", "vote", "false"))
    hub.send(verdict_of("judge", "late", "true"))
    assert hub.receive("chief") == ()
    assert [dead.reason for dead in hub.dead_letters()] == ["eye finds it invalid: a column is missing"]


class Hand:
    """A worker that does what it is told, or fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.done = failures, list[str]()

    @property
    def card(self) -> AgentCard:
        return AgentCard(id="hand", version="1", role=Role.WORKER, skills=("conform",))

    def probe(self) -> bool:
        return True

    def handle(self, message: Message) -> Message:
        if len(self.done) < self.failures:
            self.done.append("failed")
            raise OSError("no disk")
        self.done.append(message.message_id)
        who = {"sender": "hand", "recipient": message.sender, "conversation": message.conversation}
        name = f"{message.message_id}:done"
        return Message(message_id=name, kind=MessageKind.RESPONSE, in_reply_to=message.message_id, **who)


def test_an_agent_answers_and_a_failure_is_tried_again(opened: Opened) -> None:
    hub, time = opened
    hand = Hand(failures=1)
    hub.send(order(conversation="c"))
    with pytest.raises(OSError, match="no disk"):
        serve(hub, hand, SIGNERS["hand"])
    assert hub.receipt("m").reason == "OSError: no disk"
    time.now += SETTINGS.backoff
    assert ids(serve(hub, hand, SIGNERS["hand"])) == ["m"]
    assert hub.receipt("m").status is ReceiptStatus.ACKNOWLEDGED
    assert ids(hub.replies("m")) == ["m:done"] == ids(hub.receive("chief"))
    assert ids(hub.replay("c")) == ["m", "m:done"]


def test_a_reply_that_is_refused_acknowledges_nothing(opened: Opened) -> None:
    hub, _ = opened
    hub.send(order())
    assert serve(hub, Hand(), SIGNERS["judge"]) == ()
    assert hub.receipt("m").status is ReceiptStatus.DELIVERED
    assert "refused" in hub.receipt("m").reason


def test_settled_messages_are_forgotten_after_their_time_and_others_are_not(opened: Opened) -> None:
    hub, time = opened
    hub.send(order("done", conversation="c"))
    hub.receive("hand")
    hub.acknowledge("hand", "done")
    hub.send(order("gone", conversation="c", expires_at=1_001.0))
    time.now += 1.0
    hub.receive("hand")
    hub.send(order("open", conversation="c", in_reply_to="done"))
    time.now += SETTINGS.retention
    assert hub.trim() == 2
    assert ids(hub.replay("c")) == ids(hub.replies("done")) == ["open"]
    assert (hub.receipt("done"), hub.dead_letters()) == (None, ())


ACTS = st.one_of(
    st.tuples(st.just("send"), st.integers(0, 12), st.integers(0, 3), st.sampled_from((None, 3.0, 12.0))),
    st.tuples(st.just("receive"), st.sampled_from(("hand", "lead")), st.integers(1, 4)),
    st.tuples(st.just("acknowledge"), st.integers(0, 12)),
    st.tuples(st.just("fail"), st.integers(0, 12)),
    st.tuples(st.just("wait"), st.sampled_from((0.5, 2.0, 5.0, 11.0))),
    st.tuples(st.just("vote"), st.integers(0, 12), st.sampled_from(("true", "false"))),
    st.tuples(st.just("trim")),
)


def sent(place: int, priority: int, life: float | None, time: Time) -> Message:
    """Every third goes to the coordinator; every fifth must be validated."""
    recipient = "lead" if place % 3 == 0 else "hand"
    more = {"schema_info": SchemaInfo(table="t"), "requires_validation": True} if place % 5 == 0 else {}
    expires = None if life is None else time.now + life
    return order(str(place), priority=priority, expires_at=expires, recipient=recipient, conversation="c", **more)


def act(hub: Hub, step: tuple[object, ...], time: Time) -> object:
    match step:
        case ("send", int(place), int(priority), life):
            return hub.send(sent(place, priority, life, time))
        case ("receive", str(recipient), int(most)):
            return hub.receive(recipient, most)
        case ("acknowledge" | "fail", int(place)):
            recipient = "lead" if place % 3 == 0 else "hand"
            return (
                hub.acknowledge(recipient, str(place))
                if step[0] == "acknowledge"
                else hub.fail(recipient, str(place), "broken")
            )
        case ("vote", int(place), str(said)):
            more = {"sender": "judge", "recipient": "eye", "kind": "validation_vote", "content": {"valid": said}}
            return hub.send(order(f"v{place}{said}", in_reply_to=str(place), **more))
        case _:
            return hub.trim()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACTS, max_size=60))
def test_both_hubs_answer_every_act_alike(redis_url: str, acts: list[tuple[object, ...]]) -> None:
    time = Time()
    with connect(redis_url) as client:
        local = enrolled(LocalHub(VERIFIER, SETTINGS, time))
        other = enrolled(RedisHub(client, VERIFIER, SETTINGS, namespace=f"alike{next(NUMBERS)}", clock=time))
        for step in acts:
            if step[0] == "wait":
                time.now += float(step[1])
                continue
            assert act(local, step, time) == act(other, step, time), step
        for asked in (Hub.dead_letters, Hub.refused):
            name: str = asked.__name__
            assert getattr(local, name)() == getattr(other, name)()
        assert local.replay("c") == other.replay("c")
        assert [local.receipt(str(each)) for each in range(13)] == [other.receipt(str(each)) for each in range(13)]


def test_what_somebody_writes_into_redis_past_the_hub_is_not_handed_out(redis_url: str) -> None:
    with connect(redis_url) as client:
        hub = enrolled(RedisHub(client, VERIFIER, SETTINGS, namespace="forged", clock=Time()))
        hub.send(order())
        client.set("{forged}:text:m", order().model_copy(update={"subject": "rm"}).model_dump_json())
        assert hub.receive("hand") == ()
        assert hub.receipt("m").status is ReceiptStatus.DEAD
        assert "signature" in hub.refused()[0].reason


def test_two_processes_of_one_agent_share_its_mailbox(redis_url: str) -> None:
    with connect(redis_url) as one, connect(redis_url) as two:
        time = Time()
        first = enrolled(RedisHub(one, VERIFIER, SETTINGS, namespace="shared", consumer="1", clock=time))
        second = enrolled(RedisHub(two, VERIFIER, SETTINGS, namespace="shared", consumer="2", clock=time))
        for name in "abcd":
            first.send(order(name))
        assert ids(first.receive("hand", 2)) == ["a", "b"]
        assert ids(second.receive("hand", 9)) == ["c", "d"]
        time.now += SETTINGS.visibility
        assert ids(second.receive("hand", 9)) == ["a", "b", "c", "d"]
        assert second.acknowledge("hand", "a")
        assert not first.acknowledge("hand", "a")
