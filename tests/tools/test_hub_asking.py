"""One question to one agent through a hub: a reply that is not the agent's own does not get through."""

from typing import Any

import pytest

from state.agents import AgentCard, Role
from state.errors import StepError
from state.messages import Message, MessageKind
from tools.hub.asking import ask_agent


class Echo:
    """Replies with what it was asked, changed as a test wants it."""

    def __init__(self, role: Role = Role.SPECIALIST, **changed: Any) -> None:
        self.card = AgentCard(id="echo", version="1", role=role, skills=("echo",))
        self._changed, self.heard = changed, 0

    def handle(self, message: Message) -> Message:
        self.heard += 1
        reply = Message(
            message_id=f"{message.message_id}:reply",
            kind=MessageKind.RESPONSE,
            sender=self.card.id,
            recipient=message.sender,
            content=message.content,
            in_reply_to=message.message_id,
        )
        return reply.model_copy(update=self._changed)

    def probe(self) -> bool:
        return True


def question(**changed: Any) -> Message:
    asked = Message(
        message_id="1", kind=MessageKind.REQUEST, sender="chair", recipient="echo", content={"say": "hello"}
    )
    return asked.model_copy(update=changed)


def test_the_reply_is_the_agents_and_signed() -> None:
    reply = ask_agent(Echo(), question())
    assert (reply.content, reply.sender, bool(reply.signature)) == ({"say": "hello"}, "echo", True)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"sender": "another"}, "the sender 'another' is not registered"),
        ({"sender": "chair"}, "the signature is not that of 'chair'"),
        ({"in_reply_to": "2"}, "it answers '2', which the hub does not know"),
        ({"kind": MessageKind.CONSENSUS}, "a specialist sends no consensus"),
        ({"content": {"say": "x" * 2_000_000}}, "at most 1000000 are allowed"),
        ({"recipient": "another"}, "the recipient 'another' is not registered"),
    ],
)
def test_a_reply_that_is_not_in_order_is_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(StepError, match="there is no reply") as found:
        ask_agent(Echo(**changed), question())
    assert why in found.value.line()


def test_a_message_to_somebody_else_is_not_handed_over() -> None:
    agent = Echo()
    with pytest.raises(StepError, match="takes no message"):
        ask_agent(agent, question(recipient="somebody"))
    assert agent.heard == 0


def test_what_the_agent_raises_rises() -> None:
    class Broken(Echo):
        def handle(self, message: Message) -> Message:
            raise KeyError(message.message_id)

    with pytest.raises(KeyError):
        ask_agent(Broken(), question())


def test_monitors_vote_too() -> None:
    assert ask_agent(Echo(Role.MONITOR, kind=MessageKind.VOTE), question()).kind is MessageKind.VOTE
